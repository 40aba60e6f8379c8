/* Pure. The policies by name, and what is the same for all of them: the count wanted so far, the
 * state that advice is about, what no advice may do, and how long the thresholds it proposes hold.
 */
#include "planner/policy.h"

#include "common/mem.h"
#include "planner/envelope.h"
#include "planner/policy_adaptive.h"
#include "planner/policy_classic.h"
#include "planner/policy_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAILED_SHARE        0.2       /* of the answers: with more failures a service is not fine */
#define RESTART_WINDOWS     3         /* failing so many in a row is evidence for a restart */
#define RESTART_INTERVAL_MS 600000ULL /* a restart that did not help is not repeated soon */

static const struct {
	const char *label; /* as in POLICY_NAMES */
	const struct policy_impl *impl;
} policies[] = {
	[POLICY_ADAPTIVE] = {"adaptive", &policy_adaptive},
	[POLICY_CLASSIC] = {"classic", &policy_classic},
};

#define WANTED_NOTHING (-1) /* no action was decided or reported yet */

struct policy_state {
	const struct policy_impl *impl;
	void *memory; /* the policy's own */
	int wanted;

	double alpha_up, beta_down; /* proposed by the advisor; NaN: none */
	uint64_t thresholds_ms;     /* when */

	int failing; /* windows in a row with failures */
	bool restarted;
	uint64_t restarted_ms;
};

const char *policy_label(const struct policy_config *config)
{
	return policies[config->policy].label;
}

struct policy_state *policy_state_new(const struct policy_config *config)
{
	struct policy_state *state = xcalloc(1, sizeof(*state));

	state->impl = policies[config->policy].impl;
	state->memory = state->impl->create(config);
	state->wanted = WANTED_NOTHING;
	state->alpha_up = state->beta_down = NAN;
	return state;
}

struct policy_state *policy_state_copy(const struct policy_state *state)
{
	struct policy_state *copy = xcalloc(1, sizeof(*copy));

	*copy = *state;
	copy->memory = state->impl->copy(state->memory);
	return copy;
}

void policy_state_free(struct policy_state *state)
{
	if (!state)
		return;
	state->impl->destroy(state->memory);
	free(state);
}

/* Whether ${span_ms} have passed since ${then_ms}; a clock that stepped back starts it anew. */
static bool passed(uint64_t *then_ms, uint64_t now_ms, uint64_t span_ms)
{
	if (now_ms < *then_ms)
		*then_ms = now_ms;
	return now_ms - *then_ms >= span_ms;
}

/* ${config} with the policy's own defaults, and the advisor's thresholds while they hold. */
static struct policy_config in_force(struct policy_state *state, const struct policy_config *config,
				     uint64_t now_ms)
{
	struct policy_config c = *config;

	if (isnan(c.alpha_up))
		c.alpha_up = state->impl->alpha_up;
	if (passed(&state->thresholds_ms, now_ms, ADVICE_THRESHOLD_SEC * 1000ULL))
		state->alpha_up = state->beta_down = NAN;
	if (!isnan(state->alpha_up))
		c.alpha_up = state->alpha_up;
	if (!isnan(state->beta_down))
		c.beta_down = state->beta_down;
	return c;
}

/* What an advisor is asked about: how far from normal, with how many replicas. */
static void name_state(const struct policy_input *input, int wanted, struct policy_decision *d)
{
	static const struct {
		double ratio;
		const char *band;
	} bands[] = {{8, "very_high"}, {3, "high"}, {1.5, "mid"}, {0.9, "near"}, {0, "low"}};
	double ratio = d->baseline_ms > 0 ? input->p95_ms / d->baseline_ms : 1;
	size_t i = 0;

	while (ratio < bands[i].ratio)
		i++;
	snprintf(d->state, sizeof(d->state), "%s/%d", bands[i].band, wanted);
}

/* What holds for every policy and whoever advises: no scale_down while answers fail, and a restart
 * only when they did so for some time and none was tried lately. */
static void tighten(struct policy_state *state, const struct policy_config *config, uint64_t now_ms,
		    const struct policy_input *input, int wanted, struct policy_envelope *envelope)
{
	bool failing = policy_failed_share(input) >= FAILED_SHARE;
	int floor = policy_clamp(config, wanted);

	state->failing = failing ? state->failing + 1 : 0;
	if (failing && envelope->lo < floor)
		envelope->lo = floor;
	if (envelope->hi < envelope->lo)
		envelope->hi = envelope->lo;
	if (state->failing < RESTART_WINDOWS)
		envelope->restart = false;
	if (state->restarted && !passed(&state->restarted_ms, now_ms, RESTART_INTERVAL_MS))
		envelope->restart = false;
}

static void take_advice(struct policy_state *state, uint64_t now_ms,
			const struct policy_advice *advice, int wanted,
			struct policy_decision *decision)
{
	envelope_apply(advice, wanted, decision);
	if (strcmp(advice->state, decision->state) != 0)
		return;
	if (!isnan(advice->alpha_up) || !isnan(advice->beta_down)) {
		state->alpha_up = advice->alpha_up;
		state->beta_down = advice->beta_down;
		state->thresholds_ms = now_ms;
	}
}

void policy_step(struct policy_state *state, const struct policy_config *config, uint64_t now_ms,
		 const struct policy_input *input, struct policy_decision *ret)
{
	struct policy_config c = in_force(state, config, now_ms);
	int wanted = state->wanted != WANTED_NOTHING ? state->wanted : input->replicas;

	memset(ret, 0, sizeof(*ret));
	ret->slo_ms = NAN;
	state->impl->step(state->memory, &c, now_ms, input, wanted, ret);
	if (ret->action == ACTION_NOOP)
		ret->replicas = wanted;
	ret->heuristic = ret->action;
	ret->heuristic_replicas = ret->replicas;
	name_state(input, wanted, ret);
	tighten(state, &c, now_ms, input, wanted, &ret->envelope);
	if (input->advice)
		take_advice(state, now_ms, input->advice, wanted, ret);

	if (ret->action == ACTION_NOOP)
		return;
	state->impl->acted(state->memory, &c, now_ms, input, ret);
	state->wanted = ret->replicas;
	if (ret->action == ACTION_RESTART) {
		state->restarted = true;
		state->restarted_ms = now_ms;
	}
}

void policy_result(struct policy_state *state, int wanted, bool done)
{
	state->wanted = wanted;
	if (state->impl->told)
		state->impl->told(state->memory, wanted, done);
}

void policy_recall(struct policy_state *state, const char *name, double value)
{
	if (state->impl->recall)
		state->impl->recall(state->memory, name, value);
}

static void add_fact(struct policy_decision *decision, struct policy_fact fact)
{
	if (decision->facts_n < POLICY_FACTS_MAX)
		decision->facts[decision->facts_n++] = fact;
}

void policy_estimate(struct policy_decision *decision, const char *name, double value)
{
	add_fact(decision,
		 (struct policy_fact){
			 .name = name, .kind = FACT_ESTIMATE, .value = value, .bound = NAN});
}

void policy_gate(struct policy_decision *decision, const char *name, bool pass, double value,
		 double bound)
{
	add_fact(decision, (struct policy_fact){.name = name,
						.kind = FACT_GATE,
						.pass = pass,
						.value = value,
						.bound = bound});
}

double policy_failed_share(const struct policy_input *input)
{
	double share = 1 - input->success_rate;

	if (input->traffic.present && input->traffic.error_rate > share)
		share = input->traffic.error_rate;
	return share;
}

int policy_clamp(const struct policy_config *config, int replicas)
{
	if (replicas < config->min_replicas)
		return config->min_replicas;
	return replicas > config->max_replicas ? config->max_replicas : replicas;
}
