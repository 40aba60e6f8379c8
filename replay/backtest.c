/* Pure. Recorded telemetry decided about again, by the planner's own objects. */
#include "replay/backtest.h"

#include "common/mem.h"
#include "planner/plan.h"
#include "replay/pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct backtest {
	struct backtest_options options;
	struct targets *targets;
	struct pairs *pairs;
	uint64_t heard_ms; /* when the last alert was heard */
	size_t refused;
};

struct backtest *backtest_new(const struct backtest_options *options)
{
	struct backtest *b = xcalloc(1, sizeof(*b));

	b->options = *options;
	b->targets = targets_new(options->policy, options->target);
	b->pairs = pairs_new();
	return b;
}

void backtest_free(struct backtest *b)
{
	if (!b)
		return;
	pairs_free(b->pairs);
	targets_free(b->targets);
	free(b);
}

static enum backtest_match match(const struct backtest_window *w)
{
	if (!w->live)
		return BACKTEST_ALONE;
	if (strcmp(w->text, w->live_text) == 0)
		return BACKTEST_SAME;
	return w->plan->action == w->live->action && w->plan->replicas == w->live->replicas
		       ? BACKTEST_FIGURES
		       : BACKTEST_DIFFERS;
}

static void report_plan(const struct backtest *b, const struct backtest_window *window)
{
	struct backtest_window w = *window;
	struct message_plan plan;

	plan_make(b->options.policy, w.alert, w.decided, &plan);
	plan.ts = NAN;
	if (w.live) {
		plan.ts = w.live->ts;
		memcpy(plan.id, w.live->id, sizeof(plan.id));
	}
	char *text = message_plan_encode(&plan);

	w.plan = &plan;
	w.text = text;
	w.match = match(&w);
	b->options.on_window(&w, b->options.cookie);
	free(text);
	message_plan_done(&plan);
}

/* As the live planner told, else as it was recorded. */
static uint64_t heard_ms(const struct backtest *b, const struct pair *pair)
{
	if (pair->answered && !isnan(pair->live.heard_ts))
		return (uint64_t)llround(pair->live.heard_ts * 1000);
	return fold_heard_ms(&pair->message.alert, pair->heard_ms, b->heard_ms);
}

static void decide(struct backtest *b, const struct pair *pair)
{
	const struct message_alert *alert = &pair->message.alert;
	struct brain *brain = targets_add(b->targets, alert->target);
	bool explain = b->options.plans && (pair->answered || b->options.whole);
	struct brain_decided decided;

	if (!brain) {
		b->refused++;
		return;
	}
	b->heard_ms = heard_ms(b, pair);
	brain_alert(brain, alert, b->heard_ms, explain, &decided);

	const struct backtest_window w = {
		.alert = alert,
		.decided = &decided,
		.live = pair->answered ? &pair->live : NULL,
		.live_text = pair->live_text,
	};
	if (b->options.plans)
		report_plan(b, &w);
	else
		b->options.on_window(&w, b->options.cookie);
}

static void go_on(struct backtest *b, bool all)
{
	struct pair pair;

	while (pairs_next(b->pairs, all, &pair)) {
		if (pair.message.kind == FOLD_ALERT)
			decide(b, &pair);
		else
			fold_apply(b->targets, b->options.target, &pair.message);
		pair_done(&pair);
	}
}

int backtest_take(struct backtest *b, const struct recorded *recorded,
		  struct message_error *ret_error)
{
	struct fold_message m;
	int err = fold_decode(recorded->channel, recorded->text, recorded->len, b->options.target,
			      &m, ret_error);

	if (err)
		return err;
	pairs_add(b->pairs, &m, recorded->heard_ms, recorded->text);
	go_on(b, false);
	return 0;
}

void backtest_end(struct backtest *b)
{
	go_on(b, true);
}

size_t backtest_refused(const struct backtest *b)
{
	return b->refused;
}
