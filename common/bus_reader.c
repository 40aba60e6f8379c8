/* Shell. Receiving goes through these states, and back to the first when the subscription is lost:
 *
 *   DOWN         no connection
 *   SUBSCRIBING  until each channel is confirmed
 *   CATCHING_UP  reading the streams (begun again when the publisher's link was lost meanwhile)
 *   LIVE         messages of the subscription
 *
 * In LIVE the place from which the next reading would go on is carried forward: the newest id of
 * each stream is asked for, then a PING goes out on the subscription.  Stream and channel are
 * written in one transaction, so when its PONG arrives, everything up to those ids has been
 * delivered. */
#include "common/bus_reader.h"

#include "common/bus_replay.h"
#include "common/bus_seen.h"
#include "common/mem.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	MARK_MS = 10000,
	KEEP_IDS_MS = 3600 * 1000, /* no publisher repeats a message later than that */
	MARK_MAX = 32,             /* bytes */
};

enum reader_state { READER_DOWN, READER_SUBSCRIBING, READER_CATCHING_UP, READER_LIVE };

struct bus_reader {
	struct bus_reader_options options;
	struct bus_link *link;
	struct bus_replay *replay;
	uv_timer_t mark_timer;
	enum reader_state state;
	bool closing;
	bool was_live;    /* once, at least */
	size_t confirmed; /* subscriptions */
	uint64_t mark;    /* the last, by number */
	struct bus_seen *seen[BUS_CHANNELS_MAX];

	unsigned holds; /* what must close before it is gone */
	void (*closed)(void *cookie);
};

static uint64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Channels that have a stream. */
static size_t recorded(const struct bus_reader *r)
{
	return r->options.bus->channels_n - r->options.bus->unrecorded_n;
}

static void deliver(struct bus_reader *r, size_t channel, const char *text, size_t len,
		    uint64_t time_ms, bool replayed)
{
	const struct bus_options *o = r->options.bus;
	const struct bus_message m = {.channel = o->channels[channel],
				      .text = text,
				      .len = len,
				      .time_ms = time_ms,
				      .replayed = replayed};

	if (len <= BUS_TEXT_MAX &&
	    (channel >= recorded(r) || bus_seen_message(r->seen[channel], text, len, wall_ms())))
		o->on_message(&m, o->cookie);
}

/* ---- CATCHING_UP ---- */

static void on_entry(size_t channel, const char *text, size_t len, uint64_t time_ms, void *cookie)
{
	struct bus_reader *r = cookie;
	bool replayed = !r->was_live && r->options.bus->replay_since_ms != 0;

	deliver(r, channel, text, len, time_ms, replayed);
}

static void on_caught_up(void *cookie)
{
	struct bus_reader *r = cookie;
	const struct bus_options *o = r->options.bus;

	r->state = READER_LIVE;
	r->options.on_read(r->options.cookie);
	if (!r->was_live && !r->closing) {
		r->was_live = true;
		malloc_trim(0); /* the longest reading is over */
		if (o->on_live)
			o->on_live(o->cookie);
	}
	if (!r->closing)
		bus_link_resume(r->link);
}

static void catch_up(struct bus_reader *r)
{
	if (r->state == READER_CATCHING_UP && bus_link_ready(r->options.commands))
		bus_replay_start(r->replay);
}

/* ---- LIVE ---- */

static void mark_text(const struct bus_reader *r, char ret[MARK_MAX])
{
	snprintf(ret, MARK_MAX, "mark-%" PRIu64, r->mark);
}

static void on_mark_timer(uv_timer_t *timer)
{
	struct bus_reader *r = timer->data;

	if (r->state != READER_LIVE || !bus_link_ready(r->options.commands))
		return;
	r->mark++; /* a late answer to the last mark says nothing about these ids */
	bus_replay_ask_newest(r->replay);
}

static void on_newest(void *cookie)
{
	struct bus_reader *r = cookie;
	char mark[MARK_MAX];

	r->options.on_read(r->options.cookie);
	mark_text(r, mark);
	bus_link_send(r->link, NULL, NULL, 2, (const char *[]){"PING", mark}, NULL);
}

static void on_pong(struct bus_reader *r, const char *mark)
{
	char last[MARK_MAX];

	mark_text(r, last);
	if (strcmp(mark, last) != 0)
		return; /* the answer to the link's own PING */
	bus_replay_commit(r->replay);
	for (size_t i = 0; i < r->options.bus->channels_n; i++)
		bus_seen_forget(r->seen[i], wall_ms() - KEEP_IDS_MS);
}

static void on_message(struct bus_reader *r, const char *channel, const redisReply *text)
{
	const struct bus_options *o = r->options.bus;

	for (size_t i = 0; i < o->channels_n; i++)
		if (strcmp(o->channels[i], channel) == 0) {
			deliver(r, i, text->str, text->len, wall_ms(), false);
			return;
		}
}

/* ---- the subscription ---- */

static void on_confirmed(struct bus_reader *r)
{
	if (++r->confirmed < r->options.bus->channels_n)
		return;
	r->state = READER_CATCHING_UP;
	bus_link_pause(r->link);
	catch_up(r);
	r->options.on_subscribed(r->options.cookie);
}

static bool on_push(redisReply *reply, void *cookie)
{
	struct bus_reader *r = cookie;
	redisReply **e = reply->element;

	if (reply->type == REDIS_REPLY_ERROR) {
		bus_link_fail(r->link, reply->str);
		return false;
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 ||
	    e[0]->type != REDIS_REPLY_STRING || e[1]->type != REDIS_REPLY_STRING)
		return false;
	if (strcmp(e[0]->str, "subscribe") == 0)
		on_confirmed(r);
	else if (strcmp(e[0]->str, "pong") == 0)
		on_pong(r, e[1]->str);
	else if (reply->elements == 3 && e[2]->type == REDIS_REPLY_STRING)
		on_message(r, e[1]->str, e[2]);
	return false;
}

static void on_ready(void *cookie)
{
	struct bus_reader *r = cookie;
	const struct bus_options *o = r->options.bus;
	const char *argv[BUS_CHANNELS_MAX + 1] = {"SUBSCRIBE"};

	memcpy(&argv[1], o->channels, o->channels_n * sizeof(argv[0]));
	r->state = READER_SUBSCRIBING;
	r->confirmed = 0;
	bus_link_send(r->link, NULL, NULL, (int)o->channels_n + 1, argv, NULL);
}

static void on_lost(const char *reason, void *cookie)
{
	struct bus_reader *r = cookie;

	r->state = READER_DOWN;
	bus_replay_stop(r->replay);
	r->options.on_lost(reason, r->options.cookie);
}

/* ---- the publisher's link ---- */

static void on_refused(const char *error, void *cookie)
{
	struct bus_reader *r = cookie;

	r->options.on_refused(error, r->options.cookie);
}

void bus_reader_commands_ready(struct bus_reader *r)
{
	catch_up(r);
}

void bus_reader_commands_lost(struct bus_reader *r)
{
	bus_replay_link_lost(r->replay);
}

bool bus_reader_subscribed(const struct bus_reader *r)
{
	return r->state >= READER_CATCHING_UP;
}

/* ---- */

static struct bus_replay *replay_new(struct bus_reader *r)
{
	const struct bus_options *o = r->options.bus;
	const struct bus_replay_options options = {
		.commands = r->options.commands,
		.channels = o->channels,
		.channels_n = recorded(r),
		.since_ms = o->replay_since_ms,
		.max = o->replay_max ? o->replay_max : BUS_STREAM_MAXLEN,
		.on_entry = on_entry,
		.on_done = on_caught_up,
		.on_newest = on_newest,
		.on_refused = on_refused,
		.cookie = r,
	};

	return bus_replay_new(&options);
}

struct bus_reader *bus_reader_open(uv_loop_t *loop, const struct bus_reader_options *options)
{
	struct bus_reader *r = xcalloc(1, sizeof(*r));
	struct bus_link_options link = options->link;

	r->options = *options;
	for (size_t i = 0; i < options->bus->channels_n; i++)
		r->seen[i] = bus_seen_new();
	r->replay = replay_new(r);
	uv_timer_init(loop, &r->mark_timer);
	r->mark_timer.data = r;
	uv_timer_start(&r->mark_timer, on_mark_timer, MARK_MS, MARK_MS);

	link.on_ready = on_ready;
	link.on_lost = on_lost;
	link.on_push = on_push;
	link.cookie = r;
	r->link = bus_link_open(loop, &link);
	r->holds = 2;
	return r;
}

static void drop_hold(void *cookie)
{
	struct bus_reader *r = cookie;
	void (*closed)(void *) = r->closed;
	void *closed_cookie = r->options.cookie;

	if (--r->holds > 0)
		return;
	for (size_t i = 0; i < r->options.bus->channels_n; i++)
		bus_seen_free(r->seen[i]);
	bus_replay_free(r->replay);
	free(r);
	closed(closed_cookie);
}

static void on_timer_closed(uv_handle_t *h)
{
	drop_hold(h->data);
}

void bus_reader_close(struct bus_reader *r, void (*closed)(void *cookie))
{
	r->closing = true;
	r->closed = closed;
	bus_replay_stop(r->replay); /* also ends a reading whose callback we are in */
	bus_link_close(r->link, drop_hold);
	uv_close((uv_handle_t *)&r->mark_timer, on_timer_closed);
}
