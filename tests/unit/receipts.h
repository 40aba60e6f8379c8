/* Shell. A monitor's receipts and a clock that tests push on, for the unit tests of
 * monitor/receipt. */
#ifndef TESTS_UNIT_RECEIPTS_H
#define TESTS_UNIT_RECEIPTS_H

#include "monitor/receipt.h"

#include "tests/unit/unit.h"

#include <stdio.h>

#define SEC   UINT64_C(1000000)
#define MS    UINT64_C(1000)
#define WALL  1795458155.0 /* at BEGIN */
#define BEGIN (1000 * SEC)

struct world {
	struct receipts *r;
	struct receipt_moment now;
};

static inline struct world begin(void)
{
	return (struct world){receipts_new("app"), {.us = BEGIN, .sec = WALL}};
}

static inline void pass_ms(struct world *w, uint64_t ms)
{
	w->now.us += ms * MS;
	w->now.sec = WALL + (double)(w->now.us - BEGIN) / 1e6;
}

static inline void end_of(struct world *w, enum accesslog_kind kind, int status,
			  uint64_t request_ms)
{
	const struct accesslog_line line = {
		.kind = kind, .status = status, .request_ms = request_ms, .upstream_ms = -1};

	receipts_ended(w->r, &line, w->now.us);
}

static inline void ok(struct world *w)
{
	end_of(w, ACCESSLOG_TRAFFIC, 200, 5);
}

/* One request every 10 ms for ${ms}. */
static inline void serve(struct world *w, uint64_t ms)
{
	for (uint64_t i = 0; i < ms / 10; i++) {
		pass_ms(w, 10);
		ok(w);
	}
}

static inline void measure(struct world *w, uint64_t lost)
{
	receipts_measured(w->r, w->now.us, true, lost);
}

static inline struct message_result result_of(const struct world *w, const char *id,
					      enum message_action action, double duration_ms)
{
	struct message_result result = {
		.target = "app",
		.action = action,
		.status = STATUS_OK,
		.replicas_before = 3,
		.replicas_after = 2,
		.duration_ms = duration_ms,
		.ts = w->now.sec,
	};

	snprintf(result.id, sizeof(result.id), "%s", id);
	return result;
}

static inline bool ask(struct world *w, const char *id, enum message_action action,
		       double duration_ms)
{
	struct message_result result = result_of(w, id, action, duration_ms);

	return receipts_ask(w->r, &result, &w->now);
}

static inline bool take(struct world *w, struct message_receipt *ret)
{
	return receipts_take(w->r, &w->now, ret);
}

/* Serve on and measure until the receipt is there. */
static inline void settle(struct world *w, struct message_receipt *ret)
{
	for (int i = 0; i < 40; i++) {
		serve(w, 100);
		measure(w, 0);
		if (take(w, ret))
			return;
	}
	fail_msg("no receipt");
}

#endif
