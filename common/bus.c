/* Shell. The publishing half of the bus, and the health of both.  Unconfirmed messages wait in one
 * list, the first ${sent_n} of them in flight; when the connection is lost all of them wait again.
 */
#include "common/bus.h"

#include "common/bus_link.h"
#include "common/bus_reader.h"
#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <utlist.h>

enum { IN_FLIGHT_MAX = 64, DETAIL_MAX = 256 };

enum { REFUSED_PUBLISH = 1, REFUSED_READ = 2 };

struct outgoing {
	struct outgoing *prev, *next;
	char *text; /* behind the channel's name, in the same allocation */
	char channel[];
};

struct bus {
	struct bus_options options;
	struct bus_link *commands;
	struct bus_reader *reader; /* NULL: a publisher only */
	struct outgoing *outbox;
	size_t outbox_n, sent_n;
	unsigned announced_n; /* not yet answered */

	/* What Redis did not let us do when last asked; reading, also before that.  A connection
	 * alone does not make it healthy. */
	unsigned refused;
	bool told, told_up;
	char told_detail[DETAIL_MAX];

	unsigned holds; /* links that must close before it is gone */
};

/* ---- health ---- */

static void tell(struct bus *b, bool up, const char *detail)
{
	if (b->told && b->told_up == up && strcmp(b->told_detail, detail) == 0)
		return;
	b->told = true;
	b->told_up = up;
	snprintf(b->told_detail, sizeof(b->told_detail), "%s", detail);
	if (b->options.on_health)
		b->options.on_health(up, b->told_detail, b->options.cookie);
}

static void tell_if_up(struct bus *b)
{
	if (bus_link_ready(b->commands) && !b->refused &&
	    (!b->reader || bus_reader_subscribed(b->reader)))
		tell(b, true, "");
}

static void allowed(struct bus *b, unsigned what)
{
	b->refused &= ~what;
	tell_if_up(b);
}

static void refuse(struct bus *b, unsigned what, const char *error)
{
	b->refused |= what;
	bus_link_fail(b->commands, error);
}

/* ---- publishing ---- */

static bool on_queued(redisReply *reply, void *cookie)
{
	if (reply->type == REDIS_REPLY_ERROR)
		refuse(cookie, REFUSED_PUBLISH, reply->str);
	return false;
}

/* The error in what EXEC answered, or NULL. */
static const char *exec_error(const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_ERROR)
		return reply->str;
	if (reply->type != REDIS_REPLY_ARRAY)
		return "EXEC did nothing";
	for (size_t i = 0; i < reply->elements; i++)
		if (reply->element[i]->type == REDIS_REPLY_ERROR)
			return reply->element[i]->str;
	return NULL;
}

static void drop(struct bus *b, struct outgoing *m)
{
	DL_DELETE(b->outbox, m);
	b->outbox_n--;
	free(m);
}

static void send_waiting(struct bus *);

static bool on_exec(redisReply *reply, void *cookie)
{
	struct bus *b = cookie;
	const char *error = exec_error(reply);

	if (error) {
		refuse(b, REFUSED_PUBLISH, error);
		return false;
	}
	drop(b, b->outbox);
	b->sent_n--;
	allowed(b, REFUSED_PUBLISH);
	send_waiting(b);
	return false;
}

static void send_one(struct bus *b, const struct outgoing *m)
{
	char *stream = xasprintf("agentic:%s", m->channel);
	char maxlen[16];
	const char *xadd[] = {"XADD", stream, "MAXLEN", "~", maxlen, "*", "json", m->text};
	const char *publish[] = {"PUBLISH", m->channel, m->text};

	snprintf(maxlen, sizeof(maxlen), "%d", BUS_STREAM_MAXLEN);
	bus_link_send(b->commands, on_queued, b, 1, (const char *[]){"MULTI"}, NULL);
	bus_link_send(b->commands, on_queued, b, 8, xadd, NULL);
	bus_link_send(b->commands, on_queued, b, 3, publish, NULL);
	bus_link_send(b->commands, on_exec, b, 1, (const char *[]){"EXEC"}, NULL);
	free(stream);
}

/* The oldest message that is not in flight, or NULL. */
static struct outgoing *first_waiting(const struct bus *b)
{
	struct outgoing *m = b->outbox;

	for (size_t i = 0; i < b->sent_n && m; i++)
		m = m->next;
	return m;
}

static void send_waiting(struct bus *b)
{
	struct outgoing *m = first_waiting(b);

	for (; m && b->sent_n < IN_FLIGHT_MAX && bus_link_ready(b->commands); m = m->next) {
		b->sent_n++;
		send_one(b, m);
	}
}

int bus_publish(struct bus *b, const char *channel, const char *text)
{
	size_t channel_size = strlen(channel) + 1, text_size = strlen(text) + 1;
	struct outgoing *m = xcalloc(1, sizeof(*m) + channel_size + text_size);
	int dropped = 0;

	if (b->outbox_n >= BUS_OUTBOX_MAX) {
		drop(b, first_waiting(b)); /* more fit in than are ever in flight */
		dropped = 1;
	}
	memcpy(m->channel, channel, channel_size);
	m->text = m->channel + channel_size;
	memcpy(m->text, text, text_size);
	DL_APPEND(b->outbox, m);
	b->outbox_n++;
	send_waiting(b);
	return dropped;
}

static bool on_announced(redisReply *reply, void *cookie)
{
	struct bus *b = cookie;

	b->announced_n--;
	if (reply->type == REDIS_REPLY_ERROR && b->options.on_unannounced)
		b->options.on_unannounced(reply->str, b->options.cookie);
	return false;
}

bool bus_announce(struct bus *b, const char *channel, const char *text)
{
	if (!bus_link_ready(b->commands) || b->announced_n >= BUS_ANNOUNCED_MAX)
		return false;
	b->announced_n++;
	bus_link_send(b->commands, on_announced, b, 3, (const char *[]){"PUBLISH", channel, text},
		      NULL);
	return true;
}

size_t bus_pending(const struct bus *b)
{
	return b->outbox_n;
}

void bus_new_id(char ret[33])
{
	unsigned char bytes[16];

	/* Cannot fail for so few bytes; it may wait for entropy early in the boot. */
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

/* ---- the links ---- */

static void on_commands_ready(void *cookie)
{
	struct bus *b = cookie;

	if (b->reader)
		bus_reader_commands_ready(b->reader);
	send_waiting(b);
	tell_if_up(b);
}

static void on_commands_lost(const char *reason, void *cookie)
{
	struct bus *b = cookie;

	b->sent_n = 0;
	b->announced_n = 0;
	if (b->reader)
		bus_reader_commands_lost(b->reader);
	tell(b, false, reason);
}

static void on_subscribed(void *cookie)
{
	tell_if_up(cookie);
}

static void on_subscription_lost(const char *reason, void *cookie)
{
	tell(cookie, false, reason);
}

static void on_read(void *cookie)
{
	allowed(cookie, REFUSED_READ);
}

static void on_read_refused(const char *error, void *cookie)
{
	refuse(cookie, REFUSED_READ, error);
}

/* ---- */

static void copy_options(struct bus *b, const struct bus_options *options)
{
	b->options = *options;
	b->options.host = xstrdup(options->host);
	b->options.username = xstrdup(options->username);
	b->options.password = xstrdup(options->password);
	for (size_t i = 0; i < options->channels_n; i++)
		b->options.channels[i] = xstrdup(options->channels[i]);
}

static void free_const(const char *text)
{
	free((void *)(uintptr_t)text);
}

static void free_options(struct bus *b)
{
	free_const(b->options.host);
	free_const(b->options.username);
	free_const(b->options.password);
	for (size_t i = 0; i < b->options.channels_n; i++)
		free_const(b->options.channels[i]);
}

struct bus *bus_open(uv_loop_t *loop, const struct bus_options *options)
{
	struct bus *b = xcalloc(1, sizeof(*b));
	struct bus_link_options link;

	copy_options(b, options);
	link = (struct bus_link_options){
		.host = b->options.host,
		.port = b->options.port,
		.username = b->options.username,
		.password = b->options.password,
		.on_ready = on_commands_ready,
		.on_lost = on_commands_lost,
		.cookie = b,
	};
	b->commands = bus_link_open(loop, &link);
	b->holds = 1;
	if (b->options.channels_n > 0) {
		const struct bus_reader_options reader = {
			.bus = &b->options,
			.commands = b->commands,
			.link = link,
			.on_subscribed = on_subscribed,
			.on_lost = on_subscription_lost,
			.on_read = on_read,
			.on_refused = on_read_refused,
			.cookie = b,
		};

		b->reader = bus_reader_open(loop, &reader);
		b->holds++;
		b->refused = REFUSED_READ;
	}
	return b;
}

static void drop_hold(void *cookie)
{
	struct bus *b = cookie;

	if (--b->holds > 0)
		return;
	while (b->outbox)
		drop(b, b->outbox);
	free_options(b);
	free(b);
}

void bus_close(struct bus *b)
{
	bus_link_close(b->commands, drop_hold);
	if (b->reader)
		bus_reader_close(b->reader, drop_hold);
}
