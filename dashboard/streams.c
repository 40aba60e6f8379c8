/* Shell. A table of places in the log. */
#include "dashboard/streams.h"

#include "common/mem.h"
#include "common/service.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS  2000
#define FLUSH_MS 10   /* a window and the plan about it come within a few milliseconds */
#define RETRY_MS 1000 /* after which a browser connects again */

struct place {
	struct streams *streams;
	struct http_stream *stream; /* NULL: free */
	uint64_t next;              /* the event that is sent, or to be sent next */
	size_t sent;                /* bytes of it */
	char own[192];              /* what goes to this client only, between two events */
	size_t own_len, own_sent;
};

struct streams {
	struct eventlog *log;
	struct metric *open;
	uv_timer_t tick;
	uv_timer_t flush;
	unsigned handles_open;
	struct place places[STREAMS_MAX];
};

static void wake_all(struct streams *s)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (s->places[i].stream != NULL)
			http_stream_wake(s->places[i].stream);
}

static size_t print_tick(char *out, size_t size)
{
	return (size_t)snprintf(out, size, "event: tick\ndata: {\"now\":%.3f}\n\n",
				service_wall_sec());
}

static bool is_up_to_date(const struct place *p)
{
	return p->next > eventlog_newest(p->streams->log) && p->own_sent == p->own_len;
}

static void on_tick(uv_timer_t *timer)
{
	struct streams *s = timer->data;
	char text[sizeof(s->places->own)];
	size_t len = print_tick(text, sizeof(text));

	for (size_t i = 0; i < STREAMS_MAX; i++) {
		struct place *p = &s->places[i];

		if (p->stream == NULL || !is_up_to_date(p))
			continue;
		memcpy(p->own, text, len);
		p->own_len = len;
		p->own_sent = 0;
	}
	wake_all(s);
}

static void on_flush(uv_timer_t *timer)
{
	struct streams *s = timer->data;

	uv_timer_again(&s->tick);
	wake_all(s);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct streams *s = handle->data;

	if (--s->handles_open > 0)
		return;
	eventlog_free(s->log);
	free(s);
}

struct streams *streams_new(uv_loop_t *loop, uint32_t epoch, struct metric *open)
{
	struct streams *s = xcalloc(1, sizeof(*s));

	s->log = eventlog_new(epoch);
	s->open = open;
	for (size_t i = 0; i < STREAMS_MAX; i++)
		s->places[i].streams = s;
	uv_timer_init(loop, &s->tick);
	uv_timer_init(loop, &s->flush);
	s->tick.data = s->flush.data = s;
	s->handles_open = 2;
	uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
	return s;
}

struct eventlog *streams_log(struct streams *s)
{
	return s->log;
}

void streams_added(struct streams *s)
{
	uint64_t oldest = eventlog_oldest(s->log);

	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (s->places[i].stream != NULL && s->places[i].next < oldest)
			http_stream_drop(s->places[i].stream);
	if (!uv_is_active((uv_handle_t *)&s->flush))
		uv_timer_start(&s->flush, on_flush, FLUSH_MS, 0);
}

/* Copy the rest of ${text}, of which ${sent} bytes went already. */
static size_t copy_rest(const char *text, size_t len, size_t *sent, char *out, size_t max)
{
	size_t n = len - *sent < max ? len - *sent : max;

	memcpy(out, text + *sent, n);
	*sent += n;
	return n;
}

static size_t on_read(void *data, char *out, size_t max)
{
	struct place *p = data;
	size_t n = 0, len;

	if (p->sent == 0)
		n = copy_rest(p->own, p->own_len, &p->own_sent, out, max);
	while (n < max && p->next <= eventlog_newest(p->streams->log)) {
		const char *text = eventlog_at(p->streams->log, p->next, &len);

		n += copy_rest(text, len, &p->sent, out + n, max - n);
		if (p->sent == len) {
			p->next++;
			p->sent = 0;
		}
	}
	return n;
}

/* ${data} is the stream's place, which is free again. */
static void on_gone(void *data)
{
	struct place *p = data;

	p->stream = NULL;
	metric_add(p->streams->open, -1);
}

/* Where a stream begins, and what it hears first: at once, so that the page knows it is there. */
static void begin(struct place *p, const char *after)
{
	const struct eventlog *log = p->streams->log;
	int head = snprintf(p->own, sizeof(p->own), "retry: %d\n", RETRY_MS);
	char *rest = p->own + head, id[EVENTLOG_ID_MAX];
	size_t room = sizeof(p->own) - (size_t)head, len;
	uint64_t seq = eventlog_newest(log);

	if (after == NULL || eventlog_find(log, after, &seq)) {
		len = print_tick(rest, room);
	} else {
		eventlog_id(log, seq, id);
		len = (size_t)snprintf(rest, room, "id: %s\nevent: reset\ndata: {}\n\n", id);
	}
	p->own_len = (size_t)head + len;
	p->own_sent = p->sent = 0;
	p->next = seq + 1;
}

void streams_open(struct streams *s, struct http_request *req, const char *after)
{
	struct place *p = s->places;
	struct http_stream *stream;

	while (p < s->places + STREAMS_MAX - 1 && p->stream != NULL)
		p++;
	stream = http_reply_stream(req, STREAMS_MAX, on_read, on_gone, p);
	if (stream == NULL)
		return;
	p->stream = stream;
	begin(p, after);
	metric_inc(s->open);
}

void streams_close(struct streams *s)
{
	uv_close((uv_handle_t *)&s->tick, on_handle_closed);
	uv_close((uv_handle_t *)&s->flush, on_handle_closed);
}
