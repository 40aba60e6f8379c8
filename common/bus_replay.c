/* Shell. A reading takes two steps: FINDING where in each stream to begin and to end (XREVRANGE,
 * newest first, of which only the ids are kept), then READING that (XRANGE), so that no more than
 * one page of each channel is in memory.  What is added after the first step is not read: it comes
 * by the subscription, which was there before. */
#include "common/bus_replay.h"

#include "common/bus_stream.h"
#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* Entries asked for at once.  Where that was too much for the link, since somebody wrote megabytes,
 * so many times fewer from then on. */
#define PAGE        200
#define PAGE_SHRINK 8

enum replay_state { REPLAY_IDLE, REPLAY_FINDING, REPLAY_READING, REPLAY_ASKING_NEWEST };

struct stream {
	struct bus_replay *replay;
	char *key;

	bool positioned;           /* position is known */
	struct stream_id position; /* all up to here was handed on */
	struct stream_id newest;   /* the position to commit */

	bool found; /* FINDING: at least one entry, of which these are the ends: */
	struct stream_id oldest_found, newest_found;
	unsigned to_find;

	redisReply *page; /* READING, up to newest_found: entries, NULL while they are awaited */
	size_t page_at;
	unsigned page_asked; /* how many entries it may have */
	bool read_out;       /* none is left */
};

struct bus_replay {
	struct bus_replay_options options;
	enum replay_state state;
	unsigned page;    /* entries asked for at once */
	unsigned awaited; /* answers */
	unsigned stale;   /* answers to come before those, to be ignored */
	struct stream *streams;
};

static unsigned page_size(const struct stream *s)
{
	return s->to_find < s->replay->page ? s->to_find : s->replay->page;
}

/* Send XRANGE or XREVRANGE. */
static void ask(struct stream *s, const char *command, const char *from, const char *to,
		unsigned count, bus_link_reply *fn)
{
	char count_text[16];
	const char *argv[] = {command, s->key, from, to, "COUNT", count_text};

	snprintf(count_text, sizeof(count_text), "%u", count);
	s->replay->awaited++;
	bus_link_send(s->replay->options.commands, fn, s, 6, argv, NULL);
}

/* Count the answer in; whether it is entries that somebody waits for. */
static bool is_wanted(struct bus_replay *r, const redisReply *reply)
{
	if (r->stale > 0) {
		r->stale--;
		return false;
	}
	r->awaited--;
	if (reply->type == REDIS_REPLY_ARRAY)
		return true;
	bus_replay_stop(r);
	r->options.on_refused(reply->type == REDIS_REPLY_ERROR ? reply->str
							       : "not a range of a stream",
			      r->options.cookie);
	return false;
}

/* ---- READING ---- */

static void drop_page(struct stream *s)
{
	if (s->page)
		freeReplyObject(s->page);
	s->page = NULL;
}

/* The stream whose next entry is the oldest; NULL while a page is awaited (then ${ret_waits}), or
 * when all is read. */
static struct stream *oldest_head(struct bus_replay *r, bool *ret_waits)
{
	struct stream *oldest = NULL;
	struct stream_id oldest_id = {0};

	*ret_waits = false;
	for (size_t i = 0; i < r->options.channels_n; i++) {
		struct stream *s = &r->streams[i];
		struct stream_id id;
		const char *text;
		size_t len;

		if (s->read_out)
			continue;
		if (!s->page) {
			*ret_waits = true;
			return NULL;
		}
		if (stream_entry(s->page, s->page_at, &id, &text, &len) < 0)
			id = (struct stream_id){0}; /* nonsense: its turn is now, to be skipped */
		if (!oldest || stream_id_compare(id, oldest_id) < 0) {
			oldest = s;
			oldest_id = id;
		}
	}
	return oldest;
}

static void take_entry(struct stream *s)
{
	const struct bus_replay_options *o = &s->replay->options;
	struct stream_id id;
	const char *text;
	size_t len;

	if (stream_entry(s->page, s->page_at++, &id, &text, &len) < 0)
		return;
	s->position = id;
	if (text)
		o->on_entry((size_t)(s - s->replay->streams), text, len, id.ms, o->cookie);
}

static bool on_page(redisReply *, void *cookie);

static void ask_page(struct stream *s)
{
	char from[STREAM_ID_MAX], to[STREAM_ID_MAX];

	stream_id_format("(", s->position, from);
	stream_id_format("", s->newest_found, to);
	s->page_asked = s->replay->page;
	ask(s, "XRANGE", from, to, s->page_asked, on_page);
}

/* After the last entry of a page: the next page, or the end. */
static void turn_page(struct stream *s)
{
	bool last = s->page->elements < s->page_asked;

	drop_page(s);
	if (last)
		s->read_out = true;
	else
		ask_page(s);
}

static void merge(struct bus_replay *r)
{
	struct stream *s;
	bool waits;

	while ((s = oldest_head(r, &waits))) {
		take_entry(s);
		if (r->state != REPLAY_READING)
			return; /* stopped by the callback */
		if (s->page_at >= s->page->elements)
			turn_page(s);
	}
	if (waits)
		return;
	r->state = REPLAY_IDLE;
	r->options.on_done(r->options.cookie);
}

static bool on_page(redisReply *reply, void *cookie)
{
	struct stream *s = cookie;
	struct bus_replay *r = s->replay;
	bool empty = reply->elements == 0;

	if (!is_wanted(r, reply))
		return false;
	if (empty) {
		s->read_out = true;
	} else {
		s->page = reply;
		s->page_at = 0;
	}
	merge(r);
	return !empty;
}

static void start_reading(struct bus_replay *r)
{
	r->state = REPLAY_READING;
	for (size_t i = 0; i < r->options.channels_n; i++) {
		struct stream *s = &r->streams[i];

		s->read_out = stream_id_compare(s->position, s->newest_found) >= 0;
		if (!s->read_out)
			ask_page(s);
	}
	merge(r); /* there may be nothing to read */
}

/* ---- FINDING ---- */

/* Where the first reading begins: with the oldest entry found; without a look back, behind the
 * newest. */
static struct stream_id first_position(const struct stream *s)
{
	uint64_t since_ms = s->replay->options.since_ms;

	if (s->found)
		return since_ms ? stream_id_before(s->oldest_found) : s->oldest_found;
	return stream_id_before((struct stream_id){.ms = since_ms});
}

static void found_start(struct stream *s)
{
	if (!s->positioned)
		s->position = first_position(s);
	else if (!s->found)
		s->position = (struct stream_id){0}; /* Redis came back empty */
	else if (stream_id_compare(s->oldest_found, s->position) < 0)
		s->position = s->oldest_found; /* it lost the last entries */
	s->positioned = true;
}

static bool on_found(redisReply *, void *cookie);

/* Ask for entries that are older than those found. */
static void find_older(struct stream *s)
{
	uint64_t since_ms = s->positioned ? 0 : s->replay->options.since_ms;
	char from[STREAM_ID_MAX] = "+", to[STREAM_ID_MAX];

	if (s->found)
		stream_id_format("(", s->oldest_found, from);
	stream_id_format("", (struct stream_id){.ms = since_ms}, to);
	ask(s, "XREVRANGE", from, to, page_size(s), on_found);
}

static void note_found(struct stream *s, const redisReply *reply)
{
	struct stream_id newest;
	const char *text;
	size_t len;

	if (stream_entry(reply, 0, &newest, &text, &len) < 0 ||
	    stream_entry(reply, reply->elements - 1, &s->oldest_found, &text, &len) < 0)
		return;
	if (!s->found)
		s->newest_found = newest;
	s->found = true;
}

static bool on_found(redisReply *reply, void *cookie)
{
	struct stream *s = cookie;
	struct bus_replay *r = s->replay;
	unsigned asked = page_size(s);

	if (!is_wanted(r, reply))
		return false;
	note_found(s, reply);
	s->to_find -= asked;
	if (reply->elements == asked && s->to_find > 0)
		find_older(s);
	else
		found_start(s);
	if (r->awaited == 0)
		start_reading(r);
	return false;
}

void bus_replay_start(struct bus_replay *r)
{
	r->state = REPLAY_FINDING;
	for (size_t i = 0; i < r->options.channels_n; i++) {
		struct stream *s = &r->streams[i];
		bool look_back = !s->positioned && r->options.since_ms;

		drop_page(s);
		s->found = s->read_out = false;
		s->newest_found = (struct stream_id){0};
		s->to_find = look_back ? r->options.max : 1; /* the newest tells where the end is */
		find_older(s);
	}
	if (r->options.channels_n == 0)
		start_reading(r);
}

/* ---- positions ---- */

static bool on_newest(redisReply *reply, void *cookie)
{
	struct stream *s = cookie;
	struct bus_replay *r = s->replay;
	const char *text;
	size_t len;

	if (!is_wanted(r, reply))
		return false;
	if (stream_entry(reply, 0, &s->newest, &text, &len) < 0)
		s->newest = (struct stream_id){0};
	if (r->awaited == 0) {
		r->state = REPLAY_IDLE;
		r->options.on_newest(r->options.cookie);
	}
	return false;
}

void bus_replay_ask_newest(struct bus_replay *r)
{
	if (r->state != REPLAY_IDLE || r->options.channels_n == 0)
		return;
	r->state = REPLAY_ASKING_NEWEST;
	for (size_t i = 0; i < r->options.channels_n; i++)
		ask(&r->streams[i], "XREVRANGE", "+", "-", 1, on_newest);
}

void bus_replay_commit(struct bus_replay *r)
{
	for (size_t i = 0; i < r->options.channels_n; i++)
		r->streams[i].position = r->streams[i].newest;
}

/* ---- */

void bus_replay_stop(struct bus_replay *r)
{
	r->state = REPLAY_IDLE;
	r->stale += r->awaited;
	r->awaited = 0;
}

void bus_replay_link_lost(struct bus_replay *r)
{
	if (bus_link_overflowed(r->options.commands) && r->page > 1)
		r->page = r->page > PAGE_SHRINK ? r->page / PAGE_SHRINK : 1;
	r->state = REPLAY_IDLE;
	r->stale = r->awaited = 0;
}

struct bus_replay *bus_replay_new(const struct bus_replay_options *options)
{
	struct bus_replay *r = xcalloc(1, sizeof(*r));

	r->options = *options;
	r->page = PAGE;
	r->streams = xcalloc(options->channels_n, sizeof(*r->streams));
	for (size_t i = 0; i < options->channels_n; i++) {
		r->streams[i].replay = r;
		r->streams[i].key = xasprintf("agentic:%s", options->channels[i]);
	}
	return r;
}

void bus_replay_free(struct bus_replay *r)
{
	for (size_t i = 0; i < r->options.channels_n; i++) {
		drop_page(&r->streams[i]);
		free(r->streams[i].key);
	}
	free(r->streams);
	free(r);
}
