/* Pure. A ring of ticks, of which those without any end take no room, and a short list of what
 * waits. */
#include "monitor/receipt.h"

#include "common/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATUS_SWITCHED = 101, /* it became something else, so how long it took says nothing */
	STATUS_LEFT = 499,     /* nginx: the client left before there was an answer */
	STATUS_ERRORS = 500,
	COUNT_MAX = 1000000000, /* of the protocol, like the next */
	MS_MAX = 1000000000,
};

#define US(ms)  ((uint64_t)(ms)*1000)
#define TICK_US US(RECEIPT_TICK_MS)

struct tick {
	uint64_t number;                    /* since the clock's zero */
	uint32_t first_us, last_us, gap_us; /* of ends in it: from its beginning; the longest */
	uint32_t requests, failed, given_up;
	uint32_t lost; /* known by a reading in it */
	uint32_t slowest_ms;
};

struct waiting {
	char plan[MESSAGE_ID_MAX];
	enum message_action action;
	int before, after;
	uint64_t from_us, done_us;
	bool in_rotation; /* or need not be: */
	uint64_t over_us; /* at this time */
};

struct receipts {
	char target[REPLICA_NAME_MAX];

	struct tick ticks[RECEIPT_TICKS]; /* a ring */
	size_t next, n;
	bool hears; /* a line has come, so nothing is unseen from here on: */
	uint64_t seen_us;

	bool measures; /* lost lines are known from here to there: */
	uint64_t measured_from_us, measured_to_us;

	int ready; /* -1: the watcher did not say */
	struct waiting waiting[RECEIPT_WAITING_MAX];
	size_t waiting_n;
};

struct receipts *receipts_new(const char *target)
{
	struct receipts *r = xcalloc(1, sizeof(*r));

	snprintf(r->target, sizeof(r->target), "%s", target);
	r->ready = -1;
	return r;
}

void receipts_free(struct receipts *r)
{
	free(r);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t less(uint64_t us, double by_us)
{
	return by_us < (double)us ? us - (uint64_t)fmax(by_us, 0) : 0;
}

/* A clock that is ahead of ours says nothing of the future. */
static uint64_t us_of(const struct receipt_moment *now, double sec)
{
	return less(now->us, (now->sec - sec) * 1e6);
}

static double sec_of(const struct receipt_moment *now, uint64_t us)
{
	return now->sec - (double)(now->us - us) / 1e6;
}

/* ---- what ended ---- */

/* Where in the ring tick ${i} is, 0 being the oldest. */
static size_t place(const struct receipts *r, size_t i)
{
	return (r->next + RECEIPT_TICKS - r->n + i) % RECEIPT_TICKS;
}

/* The tick of ${at_us}.  What is reported late belongs to the newest. */
static struct tick *tick_of(struct receipts *r, uint64_t at_us)
{
	uint64_t number = at_us / TICK_US;
	struct tick *t = r->n > 0 ? &r->ticks[place(r, r->n - 1)] : NULL;

	if (t != NULL && number <= t->number)
		return t;
	t = &r->ticks[r->next];
	if (r->n == RECEIPT_TICKS)
		r->seen_us = later(r->seen_us, (t->number + 1) * TICK_US);
	else
		r->n++;
	r->next = (r->next + 1) % RECEIPT_TICKS;
	*t = (struct tick){.number = number};
	return t;
}

static void note_time(struct tick *t, uint64_t at_us)
{
	uint32_t us = (uint32_t)(at_us - t->number * TICK_US);

	if (t->requests == 0) {
		t->first_us = t->last_us = us;
	} else if (us > t->last_us) {
		t->gap_us = us - t->last_us > t->gap_us ? us - t->last_us : t->gap_us;
		t->last_us = us;
	}
}

void receipts_ended(struct receipts *r, const struct accesslog_line *line, uint64_t at_us)
{
	struct tick *t;
	uint32_t ms = line->request_ms < MS_MAX ? (uint32_t)line->request_ms : MS_MAX;

	if (!r->hears)
		r->seen_us = at_us;
	r->hears = true;
	if (line->kind != ACCESSLOG_TRAFFIC)
		return;
	at_us = later(at_us, r->seen_us); /* another worker's, just before the first that came */
	t = tick_of(r, at_us);
	note_time(t, later(at_us, t->number * TICK_US + t->last_us));
	t->requests++;
	t->failed += line->status >= STATUS_ERRORS;
	t->given_up += line->status == STATUS_LEFT;
	if (line->status != STATUS_SWITCHED && ms > t->slowest_ms)
		t->slowest_ms = ms;
}

void receipts_measured(struct receipts *r, uint64_t at_us, bool follows, uint64_t lost)
{
	if (!follows || !r->measures)
		r->measured_from_us = at_us;
	r->measures = true;
	r->measured_to_us = at_us;
	if (follows && lost > 0)
		tick_of(r, at_us)->lost += lost < COUNT_MAX ? (uint32_t)lost : COUNT_MAX;
}

/* ---- what waits ---- */

static void over(struct waiting *w, uint64_t at_us)
{
	if (w->in_rotation)
		return;
	w->in_rotation = true;
	w->over_us = later(at_us, w->done_us);
}

void receipts_rotation(struct receipts *r, int ready, double at_sec,
		       const struct receipt_moment *now)
{
	r->ready = ready;
	for (size_t i = 0; i < r->waiting_n; i++)
		if (ready >= r->waiting[i].after)
			over(&r->waiting[i], us_of(now, at_sec));
}

static bool did_something(const struct message_result *result)
{
	return result->action != ACTION_NOOP &&
	       (result->status == STATUS_OK || result->status == STATUS_ERROR);
}

static bool waits(const struct receipts *r, const char *plan)
{
	for (size_t i = 0; i < r->waiting_n; i++)
		if (strcmp(r->waiting[i].plan, plan) == 0)
			return true;
	return false;
}

bool receipts_ask(struct receipts *r, const struct message_result *result,
		  const struct receipt_moment *now)
{
	uint64_t done_us = isnan(result->ts) ? now->us : us_of(now, result->ts);
	uint64_t unseen_us = r->hears ? r->seen_us : now->us;
	struct waiting *w;

	if (!did_something(result) || result->id[0] == '\0' ||
	    strcmp(result->target, r->target) != 0 || waits(r, result->id) ||
	    done_us + US(RECEIPT_TAIL_MS) <= unseen_us)
		return true;
	for (size_t i = 0; i < r->waiting_n; i++)
		over(&r->waiting[i], done_us); /* something else is wanted now */
	if (r->waiting_n == RECEIPT_WAITING_MAX)
		return false;
	w = &r->waiting[r->waiting_n++];
	*w = (struct waiting){
		.action = result->action,
		.before = result->replicas_before,
		.after = result->replicas_after,
		.done_us = done_us,
		.from_us = isnan(result->duration_ms) ? done_us
						      : less(done_us, result->duration_ms * 1e3),
	};
	memcpy(w->plan, result->id, sizeof(w->plan));
	if (w->action != ACTION_SCALE_UP || r->ready < 0 || r->ready >= w->after)
		over(w, done_us);
	return true;
}

static void remove_waiting(struct receipts *r, size_t i)
{
	r->waiting_n--;
	memmove(&r->waiting[i], &r->waiting[i + 1], (r->waiting_n - i) * sizeof(r->waiting[0]));
}

void receipts_given(struct receipts *r, const char *plan)
{
	for (size_t i = 0; i < r->waiting_n; i++)
		if (strcmp(r->waiting[i].plan, plan) == 0) {
			remove_waiting(r, i);
			return;
		}
}

size_t receipts_waiting(const struct receipts *r)
{
	return r->waiting_n;
}

/* ---- receipts ---- */

struct span {
	uint64_t from_us, to_us; /* whole ticks */
	uint64_t seen_us;        /* it is known from here on */
};

static struct span span_of(const struct receipts *r, const struct waiting *w)
{
	uint64_t to_us = w->over_us + US(RECEIPT_TAIL_MS);
	struct span s = {
		.from_us = w->from_us / TICK_US * TICK_US,
		.to_us = (to_us + TICK_US - 1) / TICK_US * TICK_US,
	};

	s.seen_us = r->hears ? later(s.from_us, r->seen_us) : s.to_us;
	return s;
}

static bool due(const struct receipts *r, struct waiting *w, uint64_t now_us)
{
	uint64_t to_us;

	if (now_us >= w->done_us + US(RECEIPT_ROTATION_MAX_MS))
		over(w, now_us);
	if (!w->in_rotation)
		return false;
	to_us = span_of(r, w).to_us;
	return now_us >= to_us &&
	       (r->measured_to_us >= to_us || now_us >= to_us + US(RECEIPT_READING_MAX_MS));
}

static int capped(uint64_t n)
{
	return n < COUNT_MAX ? (int)n : COUNT_MAX;
}

/* A reading tells of what was lost before it, so those behind the end count too. */
static int lost_in(const struct receipts *r, const struct span *s)
{
	uint64_t lost = 0;

	if (!r->measures || r->measured_from_us > s->seen_us || r->measured_to_us < s->to_us)
		return -1;
	for (size_t i = 0; i < r->n; i++)
		if (r->ticks[place(r, i)].number >= s->seen_us / TICK_US)
			lost += r->ticks[place(r, i)].lost;
	return capped(lost);
}

static void add_figures(const struct receipts *r, const struct span *s, struct message_receipt *ret)
{
	uint64_t requests = 0, failed = 0, given_up = 0, last_us = s->seen_us, gap_us = 0;
	uint32_t slowest_ms = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct tick *t = &r->ticks[place(r, i)];
		uint64_t begin_us = t->number * TICK_US;

		if (begin_us < s->from_us || begin_us >= s->to_us || t->requests == 0)
			continue;
		requests += t->requests;
		failed += t->failed;
		given_up += t->given_up;
		slowest_ms = t->slowest_ms > slowest_ms ? t->slowest_ms : slowest_ms;
		gap_us = later(gap_us, later(begin_us + t->first_us - last_us, t->gap_us));
		last_us = begin_us + t->last_us;
	}
	gap_us = later(gap_us, s->to_us - last_us);
	ret->requests = capped(requests);
	ret->failed = capped(failed);
	ret->given_up = capped(given_up);
	ret->longest_gap_ms = requests > 0 ? (double)gap_us / 1e3 : NAN;
	ret->slowest_ms = requests > 0 ? (double)slowest_ms : NAN;
}

static void fill(const struct receipts *r, const struct waiting *w, const struct span *s,
		 const struct receipt_moment *now, struct message_receipt *ret)
{
	*ret = (struct message_receipt){
		.action = w->action,
		.replicas_before = w->before,
		.replicas_after = w->after,
		.from_ts = sec_of(now, s->from_us),
		.to_ts = sec_of(now, s->to_us),
		.unseen_ms = (double)(s->seen_us - s->from_us) / 1e3,
		.lost_lines = lost_in(r, s),
	};
	memcpy(ret->plan, w->plan, sizeof(ret->plan));
	memcpy(ret->target, r->target, sizeof(ret->target));
	add_figures(r, s, ret);
}

bool receipts_take(struct receipts *r, const struct receipt_moment *now,
		   struct message_receipt *ret)
{
	for (size_t i = 0; i < r->waiting_n;) {
		struct waiting w;
		struct span s;

		if (!due(r, &r->waiting[i], now->us)) {
			i++;
			continue;
		}
		w = r->waiting[i];
		s = span_of(r, &w);
		remove_waiting(r, i);
		if (s.seen_us >= s.to_us)
			continue; /* none of it was seen */
		fill(r, &w, &s, now, ret);
		return true;
	}
	return false;
}
