/* Pure. The fold: each message is decoded, checked, and kept in one of the rings. */
#include "dashboard/state.h"

#include "common/mem.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct state *state_new(const char *target)
{
	struct state *st = xcalloc(1, sizeof(*st));

	snprintf(st->target, sizeof(st->target), "%s", target);
	return st;
}

static void texts_free(struct state_texts *t)
{
	for (size_t i = 0; i < STATE_TEXTS_MAX; i++)
		free(t->texts[i]);
}

void state_free(struct state *st)
{
	if (st == NULL)
		return;
	texts_free(&st->plans);
	texts_free(&st->actions);
	texts_free(&st->results);
	texts_free(&st->receipts);
	free(st->upstreams);
	free(st);
}

/* Index of entry ${i}, the oldest being 0, in a ring of ${max} places with ${n} in use. */
static size_t ring_index(size_t next, size_t n, size_t max, size_t i)
{
	return (next + max - n + i) % max;
}

static void texts_drop_oldest(struct state_texts *t)
{
	char **oldest = &t->texts[ring_index(t->next, t->n, STATE_TEXTS_MAX, 0)];

	t->bytes -= strlen(*oldest);
	t->n--;
	free(*oldest);
	*oldest = NULL;
}

/* Takes ${text} over. */
static void texts_push(struct state_texts *t, char *text)
{
	size_t len = strlen(text);

	while (t->n == STATE_TEXTS_MAX || (t->n > 0 && t->bytes + len > STATE_TEXTS_BYTES_MAX))
		texts_drop_oldest(t);
	t->texts[t->next] = text;
	t->next = (t->next + 1) % STATE_TEXTS_MAX;
	t->n++;
	t->bytes += len;
}

const char *state_text_at(const struct state_texts *t, size_t i)
{
	return t->texts[ring_index(t->next, t->n, STATE_TEXTS_MAX, i)];
}

const struct state_window *state_window_at(const struct state *st, size_t i)
{
	return &st->windows[ring_index(st->windows_next, st->windows_n, STATE_WINDOWS_MAX, i)];
}

static bool is_ours(const struct state *st, const char *target)
{
	return strcmp(st->target, target) == 0;
}

static int fold_alert(struct state *st, const char *text, size_t len, double now_sec,
		      struct message_error *ret_error)
{
	struct state_window *w = &st->windows[st->windows_next];
	struct message_alert alert;
	int err = message_alert_decode(text, len, st->target, &alert, ret_error);

	if (err != 0)
		return err;
	message_alert_done(&alert); /* no single replica's figures are shown */
	if (!is_ours(st, alert.target))
		return 0;
	if (isnan(alert.ts))
		alert.ts = now_sec;
	*w = (struct state_window){.alert = alert, .baseline_ms = NAN, .sigma_ms = NAN};
	st->windows_next = (st->windows_next + 1) % STATE_WINDOWS_MAX;
	if (st->windows_n < STATE_WINDOWS_MAX)
		st->windows_n++;
	return STATE_WINDOW;
}

/* The planner answers each alert at once, so what it says of the baseline is about the newest
 * window. */
static int keep_baseline(struct state *st, const struct message_plan *plan)
{
	struct state_window *w;

	if (st->windows_n == 0 || isnan(plan->baseline_ms))
		return 0;
	w = &st->windows[(st->windows_next + STATE_WINDOWS_MAX - 1) % STATE_WINDOWS_MAX];
	w->baseline_ms = plan->baseline_ms;
	w->sigma_ms = plan->sigma_ms;
	return STATE_WINDOW;
}

static int fold_plan(struct state *st, const char *text, size_t len, double now_sec,
		     struct message_error *ret_error)
{
	struct message_plan plan;
	int changed = 0, err = message_plan_decode(text, len, st->target, &plan, ret_error);

	if (err == -ENOMSG)
		return 0;
	if (err != 0)
		return err;
	if (is_ours(st, plan.target)) {
		if (isnan(plan.ts))
			plan.ts = now_sec;
		texts_push(&st->plans, message_plan_encode(&plan));
		if (plan.action != ACTION_NOOP)
			texts_push(&st->actions, message_plan_encode(&plan));
		changed = STATE_PLAN | keep_baseline(st, &plan);
	}
	message_plan_done(&plan);
	return changed;
}

static int keep_result(struct state *st, struct message_result *result, double now_sec)
{
	if (!is_ours(st, result->target))
		return 0;
	if (isnan(result->ts))
		result->ts = now_sec;
	texts_push(&st->results, message_result_encode(result));
	return STATE_RESULT;
}

static int keep_upstreams(struct state *st, struct message_upstreams *upstreams, double now_sec)
{
	if (!is_ours(st, upstreams->target))
		return 0;
	if (isnan(upstreams->ts))
		upstreams->ts = now_sec;
	free(st->upstreams);
	st->upstreams = message_upstreams_encode(upstreams);
	return STATE_UPSTREAMS;
}

static int keep_receipt(struct state *st, struct message_receipt *receipt, double now_sec)
{
	if (!is_ours(st, receipt->target))
		return 0;
	if (isnan(receipt->ts))
		receipt->ts = now_sec;
	texts_push(&st->receipts, message_receipt_encode(receipt));
	return STATE_RECEIPT;
}

static int fold_result(struct state *st, const char *text, size_t len, double now_sec,
		       struct message_error *ret_error)
{
	struct message_upstreams upstreams;
	struct message_receipt receipt;
	struct message_result result;
	int changed, kind = message_results_decode(text, len, st->target, &result, &upstreams,
						   &receipt, ret_error);

	if (kind == RESULTS_RESULT)
		return keep_result(st, &result, now_sec);
	if (kind == RESULTS_RECEIPT)
		return keep_receipt(st, &receipt, now_sec);
	if (kind != RESULTS_UPSTREAMS)
		return kind;
	changed = keep_upstreams(st, &upstreams, now_sec);
	message_upstreams_done(&upstreams);
	return changed;
}

int state_fold(struct state *st, const char *channel, const char *text, size_t len, double now_sec,
	       struct message_error *ret_error)
{
	static const struct {
		const char *channel;
		int (*fold)(struct state *, const char *, size_t, double, struct message_error *);
	} folds[] = {
		{CHANNEL_ALERTS, fold_alert},
		{CHANNEL_ACTIONS, fold_plan},
		{CHANNEL_RESULTS, fold_result},
	};

	for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++) {
		if (strcmp(folds[i].channel, channel) == 0) {
			int changed = folds[i].fold(st, text, len, now_sec, ret_error);

			st->seq += changed > 0;
			return changed;
		}
	}
	return 0;
}
