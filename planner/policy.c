/* Pure. The policies by name, and what is the same for all of them: the count wanted so far. */
#include "planner/policy.h"

#include "common/mem.h"
#include "planner/policy_classic.h"
#include "planner/policy_impl.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *label; /* as in POLICY_NAMES */
	const struct policy_impl *impl;
} policies[] = {
	[POLICY_CLASSIC] = {"classic", &policy_classic},
};

#define WANTED_NOTHING (-1) /* no action was decided or reported yet */

struct policy_state {
	const struct policy_impl *impl;
	void *memory; /* the policy's own */
	int wanted;
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
	return state;
}

void policy_state_free(struct policy_state *state)
{
	if (!state)
		return;
	state->impl->destroy(state->memory);
	free(state);
}

void policy_step(struct policy_state *state, const struct policy_config *config, uint64_t now_ms,
		 const struct policy_input *input, struct policy_decision *ret)
{
	memset(ret, 0, sizeof(*ret));
	state->impl->step(state->memory, config, now_ms, input, ret);
	if (ret->action != ACTION_NOOP)
		state->wanted = ret->replicas;
	else if (state->wanted != WANTED_NOTHING)
		ret->replicas = state->wanted;
	else
		ret->replicas = input->replicas;
}

void policy_result(struct policy_state *state, int wanted)
{
	state->wanted = wanted;
}

static void add_fact(struct policy_decision *decision, struct policy_fact fact)
{
	if (decision->facts_n < POLICY_FACTS_MAX)
		decision->facts[decision->facts_n++] = fact;
}

void policy_fact_number(struct policy_decision *decision, const char *name, double value)
{
	add_fact(decision, (struct policy_fact){.name = name, .value = value});
}

void policy_fact_gate(struct policy_decision *decision, const char *name, bool open)
{
	add_fact(decision, (struct policy_fact){.name = name, .value = open, .is_gate = true});
}

int policy_clamp(const struct policy_config *config, int replicas)
{
	if (replicas < config->min_replicas)
		return config->min_replicas;
	return replicas > config->max_replicas ? config->max_replicas : replicas;
}
