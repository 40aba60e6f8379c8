/* Pure. What the planner knows of one target; see brain.h. */
#include "planner/brain.h"

#include "common/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct brain {
	const struct policy_config *config;
	struct policy_state *policy;
	struct scorecard *scorecard;

	bool recalled; /* a plan was read back */

	bool advised;                 /* there is a verdict that no window has heard yet */
	struct message_advice advice; /* the last one */
	struct policy_advice follow;  /* the same, as the policy takes it */

	bool asked; /* there is a window to ask about: */
	struct llm_question question;
};

struct brain *brain_new(const struct policy_config *config)
{
	struct brain *b = xcalloc(1, sizeof(*b));

	b->config = config;
	b->policy = policy_state_new(config);
	b->scorecard = scorecard_new();
	return b;
}

void brain_free(struct brain *b)
{
	if (!b)
		return;
	policy_state_free(b->policy);
	scorecard_free(b->scorecard);
	free(b);
}

/* When the window closed: the clock of the law, so that a fold decides as it was decided live. */
static uint64_t law_ms(const struct message_alert *alert, uint64_t heard_ms)
{
	return isnan(alert->ts) ? heard_ms : (uint64_t)llround(alert->ts * 1000);
}

static struct policy_input input_of(const struct message_alert *alert, uint64_t heard_ms)
{
	return (struct policy_input){
		.p95_ms = alert->p95_ms,
		.success_rate = alert->success_rate,
		.requests = alert->requests,
		.window_sec = alert->window_sec,
		.age_sec = (double)heard_ms / 1000 - alert->ts,
		.replicas = alert->replicas,
		.ready = alert->ready,
		.traffic = alert->traffic,
	};
}

static void remember_window(struct brain *b, const struct brain_decided *decided)
{
	const struct policy_decision *d = &decided->decision;
	const struct policy_input *in = &decided->input;
	struct llm_question *q = &b->question;

	if (q->history_n == LLM_HISTORY_MAX)
		memmove(q->history, q->history + 1, (size_t)--q->history_n * sizeof(q->history[0]));
	q->history[q->history_n++] = (struct llm_window){
		.p95_ms = in->p95_ms,
		.arrivals_rps = in->traffic.present ? in->traffic.rps : NAN,
		.replicas = in->replicas,
	};
	q->p95_ms = in->p95_ms;
	q->baseline_ms = d->baseline_ms;
	q->sigma_ms = d->sigma_ms;
	q->ratio = d->baseline_ms > 0 ? in->p95_ms / d->baseline_ms : NAN;
	q->slo_ms = d->slo_ms;
	q->replicas = in->replicas;
	q->ready = in->ready;
	q->min_replicas = b->config->min_replicas;
	q->max_replicas = b->config->max_replicas;
	q->cooldown_left_sec = d->cooldown_left_sec;
	memcpy(q->low_windows, d->low_windows, sizeof(q->low_windows));
	q->low_windows_n = d->low_windows_n;
	q->window_sec = in->window_sec;
	b->asked = true;
}

void brain_alert(struct brain *b, const struct message_alert *alert, uint64_t heard_ms,
		 bool explain, struct brain_decided *ret)
{
	struct policy_state *before = NULL;

	memset(ret, 0, sizeof(*ret));
	ret->heard_ms = heard_ms;
	ret->now_ms = law_ms(alert, heard_ms);
	ret->input = input_of(alert, heard_ms);
	if (b->advised) {
		ret->advice = &b->advice;
		ret->shadowed = b->advice.mode != MODE_ADVISE;
		ret->input.advice = ret->shadowed ? NULL : &b->follow;
		b->advised = false;
	}
	if (explain)
		before = policy_state_copy(b->policy);
	policy_step(b->policy, b->config, ret->now_ms, &ret->input, &ret->decision);
	ret->judged_n = scorecard_window(b->scorecard, &ret->input, &ret->decision, ret->judged,
					 sizeof(ret->judged) / sizeof(ret->judged[0]));
	if (explain)
		ret->would_n = whatif_find(before, b->config, ret->now_ms, &ret->input,
					   &ret->decision, ret->would);
	policy_state_free(before);
	ret->record = *scorecard_totals(b->scorecard);
	remember_window(b, ret);
}

void brain_result(struct brain *b, const struct message_result *result)
{
	bool done = result->status == STATUS_OK || result->status == STATUS_NOOP ||
		    result->action == ACTION_RESTART; /* which no count depends on */
	int wanted = done && result->wanted >= 0 ? result->wanted : result->replicas_after;

	if (wanted >= 0)
		policy_result(b->policy, wanted, done);
}

void brain_plan(struct brain *b, const struct message_plan *plan)
{
	const cJSON *estimate;

	if (b->recalled)
		return;
	b->recalled = true;
	cJSON_ArrayForEach (estimate, cJSON_GetObjectItemCaseSensitive(plan->explain, "estimates"))
		if (cJSON_IsNumber(estimate) && estimate->valuedouble > 0)
			policy_recall(b->policy, estimate->string, estimate->valuedouble);
}

void brain_advice(struct brain *b, const struct message_advice *advice)
{
	bool trusted = !scorecard_totals(b->scorecard)->demoted;

	scorecard_advice(b->scorecard, advice);
	if (advice->outcome != OUTCOME_VERDICT)
		return;
	b->advice = *advice;
	if (!trusted)
		b->advice.mode = MODE_SHADOW;
	b->advised = true;
	b->follow = (struct policy_advice){
		.action = advice->action,
		.alpha_up = advice->alpha_up,
		.beta_down = advice->beta_down,
	};
	memcpy(b->follow.state, advice->state, sizeof(b->follow.state));
	memcpy(b->follow.reason, advice->reason, sizeof(b->follow.reason));
}

bool brain_question(const struct brain *b, struct llm_question *ret)
{
	if (b->asked)
		*ret = b->question;
	return b->asked;
}

const struct scorecard_totals *brain_scorecard(const struct brain *b)
{
	return scorecard_totals(b->scorecard);
}
