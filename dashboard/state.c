/* Pure. The fold: each message is decoded, checked, and kept where it belongs. */
#include "dashboard/state.h"

#include "common/json.h"
#include "common/mem.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 1e9 /* no figure beyond is shown */

/* An alert says when its window closed.  Where that is far from when it was heard, a clock is
 * wrong, and the time it was heard stands for it. */
#define EARLY_SEC 86400.0
#define LATE_SEC  60.0

struct state *state_new(const char *target, double now_sec)
{
	struct state *st = xcalloc(1, sizeof(*st));

	snprintf(st->target, sizeof(st->target), "%s", target);
	st->redis.since_ts = now_sec;
	st->series = series_new();
	st->window_sec = NAN;
	st->plans.max = st->actions.max = st->results.max = st->receipts.max = STATE_TEXTS_MAX;
	st->advice.max = st->judgements.max = STATE_ADVICE_MAX;
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
	texts_free(&st->advice);
	texts_free(&st->judgements);
	replicas_done(&st->replicas);
	daemons_done(&st->daemons);
	series_free(st->series);
	free(st->upstreams);
	free(st->upstreams_error);
	free(st);
}

/* Place of entry ${i}, the oldest being 0. */
static size_t place_of(const struct state_texts *t, size_t i)
{
	return (t->next + t->max - t->n + i) % t->max;
}

static void texts_drop_oldest(struct state_texts *t)
{
	char **oldest = &t->texts[place_of(t, 0)];

	t->bytes -= strlen(*oldest);
	t->n--;
	free(*oldest);
	*oldest = NULL;
}

/* Takes ${text} over. */
static void texts_push(struct state_texts *t, char *text)
{
	size_t len = strlen(text);

	while (t->n == t->max || (t->n > 0 && t->bytes + len > STATE_TEXTS_BYTES_MAX))
		texts_drop_oldest(t);
	t->texts[t->next] = text;
	t->next = (t->next + 1) % t->max;
	t->n++;
	t->bytes += len;
}

const char *state_text_at(const struct state_texts *t, size_t i)
{
	return t->texts[place_of(t, i)];
}

static bool is_ours(const struct state *st, const char *target)
{
	return strcmp(st->target, target) == 0;
}

static float shown(double value)
{
	return value >= 0 && value <= VALUE_MAX ? (float)value : NAN;
}

static void point_of_alert(const struct message_alert *alert, double heard_sec,
			   struct series_point *ret)
{
	const struct message_traffic *t = &alert->traffic;
	bool is_plausible = alert->ts > heard_sec - EARLY_SEC && alert->ts < heard_sec + LATE_SEC;

	ret->ts = is_plausible ? alert->ts : heard_sec;
	for (size_t c = 0; c < SERIES_COLUMNS_N; c++)
		ret->values[c] = NAN;
	ret->values[SERIES_P95_MS] = shown(alert->p95_ms);
	ret->values[SERIES_RUNNING] = shown(alert->replicas);
	ret->values[SERIES_READY] = shown(alert->ready);
	ret->values[SERIES_ERROR_RATE] = shown(1 - alert->success_rate);
	if (!t->present)
		return;
	ret->values[SERIES_REQUESTS_P95_MS] = shown(t->p95_ms);
	ret->values[SERIES_ARRIVALS_RPS] = shown(t->rps);
	ret->values[SERIES_ERROR_RATE] = shown(fmax(1 - alert->success_rate, t->error_rate));
}

static int fold_alert(struct state *st, const char *text, size_t len, double now_sec,
		      struct message_error *ret_error)
{
	struct message_alert alert;
	struct series_point point;
	int err = message_alert_decode(text, len, st->target, &alert, ret_error);

	if (err != 0)
		return err;
	if (!is_ours(st, alert.target)) {
		message_alert_done(&alert);
		return 0;
	}
	point_of_alert(&alert, now_sec, &point);
	series_push(st->series, &point);
	st->window_sec = alert.window_sec;
	memcpy(st->newest_alert, alert.id, sizeof(st->newest_alert));
	replicas_take_alert(&st->replicas, &alert, point.ts);
	message_alert_done(&alert);
	return STATE_POINT | STATE_REPLICAS;
}

static float estimate(const cJSON *estimates, const char *name)
{
	double value;

	return json_get_num(estimates, name, &value) == 0 ? shown(value) : NAN;
}

/* What all replicas in rotation carry; NaN where the planner does not know. */
static float capacity(const cJSON *estimates, const struct series_point *point)
{
	float ready = point->values[SERIES_READY], each = estimate(estimates, "capacity_rps");

	if (!(each > 0))
		each = estimate(estimates, "good_rps");
	if (isnan(ready))
		ready = point->values[SERIES_RUNNING];
	return each > 0 ? shown((double)each * (double)ready) : NAN;
}

/* What the planner made of the newest window. */
static int complete_point(struct state *st, const struct message_plan *plan)
{
	const struct series_point *newest = series_newest(st->series);
	const cJSON *estimates = json_get(plan->explain, "estimates");
	float arrivals = estimate(estimates, "arrivals_rps");
	struct series_point point;

	if (newest == NULL ||
	    (plan->alert[0] != '\0' && strcmp(plan->alert, st->newest_alert) != 0))
		return 0;
	point = *newest;
	point.values[SERIES_BASELINE_MS] = shown(plan->baseline_ms);
	point.values[SERIES_SIGMA_MS] = shown(plan->sigma_ms);
	point.values[SERIES_OBJECTIVE_MS] = estimate(estimates, "objective_ms");
	point.values[SERIES_WANTED] = shown(plan->replicas);
	if (!isnan(arrivals))
		point.values[SERIES_ARRIVALS_RPS] = arrivals;
	point.values[SERIES_CAPACITY_RPS] = capacity(estimates, &point);
	if (point.values[SERIES_CAPACITY_RPS] > 0)
		point.values[SERIES_UTILISATION] = shown((double)point.values[SERIES_ARRIVALS_RPS] /
							 (double)point.values[SERIES_CAPACITY_RPS]);
	series_complete(st->series, &point);
	return STATE_POINT;
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
		char *kept = message_plan_encode(&plan);
		if (plan.action != ACTION_NOOP)
			texts_push(&st->actions, xstrdup(kept));
		texts_push(&st->plans, kept);
		changed = STATE_PLAN | complete_point(st, &plan);
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

static void replace(char **kept, char *text)
{
	free(*kept);
	*kept = text;
}

static int keep_upstreams(struct state *st, struct message_upstreams *upstreams, double now_sec)
{
	bool refused = upstreams->status == STATUS_ERROR;

	if (!is_ours(st, upstreams->target))
		return 0;
	if (isnan(upstreams->ts))
		upstreams->ts = now_sec;
	replace(&st->upstreams_error, refused ? message_upstreams_encode(upstreams) : NULL);
	if (!refused)
		replace(&st->upstreams, message_upstreams_encode(upstreams));
	replicas_take_upstreams(&st->replicas, upstreams, upstreams->ts);
	return (refused ? STATE_UPSTREAMS_ERROR : STATE_UPSTREAMS) | STATE_REPLICAS;
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

static int fold_advice(struct state *st, const char *text, size_t len, double now_sec,
		       struct message_error *ret_error)
{
	struct message_advice advice;
	struct message_judged judged;
	int kind = message_advice_decode(text, len, st->target, &advice, &judged, ret_error);

	if (kind == ADVICE_ADVICE && is_ours(st, advice.target)) {
		if (isnan(advice.ts))
			advice.ts = now_sec;
		texts_push(&st->advice, message_advice_encode(&advice));
		return STATE_ADVICE;
	}
	if (kind == ADVICE_JUDGED && is_ours(st, judged.target)) {
		if (isnan(judged.ts))
			judged.ts = now_sec;
		texts_push(&st->judgements, message_judged_encode(&judged));
		return STATE_JUDGEMENT;
	}
	return kind < 0 ? kind : 0;
}

static int fold_heartbeat(struct state *st, const char *text, size_t len, double now_sec,
			  struct message_error *ret_error)
{
	struct message_heartbeat beat;
	int err = message_heartbeat_decode(text, len, st->target, &beat, ret_error);

	if (err != 0)
		return err;
	if (!is_ours(st, beat.target)) {
		message_heartbeat_done(&beat);
		return 0;
	}
	return daemons_hear(&st->daemons, &beat, now_sec) * STATE_DAEMON;
}

int state_fold(struct state *st, const char *channel, const char *text, size_t len, double now_sec,
	       struct message_error *ret_error)
{
	static const struct {
		const char *channel;
		int (*fold)(struct state *, const char *, size_t, double, struct message_error *);
	} folds[] = {
		{CHANNEL_ALERTS, fold_alert},         {CHANNEL_ACTIONS, fold_plan},
		{CHANNEL_RESULTS, fold_result},       {CHANNEL_ADVICE, fold_advice},
		{CHANNEL_HEARTBEATS, fold_heartbeat},
	};

	for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++)
		if (strcmp(folds[i].channel, channel) == 0)
			return folds[i].fold(st, text, len, now_sec, ret_error);
	return 0;
}

int state_set_redis(struct state *st, bool up, const char *detail, double now_sec)
{
	struct state_redis *r = &st->redis;

	if (r->up == up && strcmp(r->detail, detail) == 0)
		return 0;
	if (r->up != up)
		r->since_ts = now_sec;
	r->up = up;
	snprintf(r->detail, sizeof(r->detail), "%s", detail);
	return STATE_REDIS;
}

int state_look(struct state *st, double now_sec)
{
	return daemons_look(&st->daemons, now_sec) * STATE_DAEMON;
}
