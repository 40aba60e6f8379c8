/* Pure. The planner's own policies as controllers: they are told what a monitor reports. */
#include "common/mem.h"
#include "replay/controllers.h"

#include <stdlib.h>

struct memory {
	struct policy_config config;
	struct policy_state *state;
};

static void *create(const struct controller_config *config, enum policy_name policy)
{
	struct memory *m = xcalloc(1, sizeof(*m));

	m->config = *config->policy;
	m->config.policy = policy;
	m->state = policy_state_new(&m->config);
	return m;
}

static void *create_adaptive(const struct controller_config *config)
{
	return create(config, POLICY_ADAPTIVE);
}

static void *create_classic(const struct controller_config *config)
{
	return create(config, POLICY_CLASSIC);
}

static void destroy(void *memory)
{
	struct memory *m = memory;

	policy_state_free(m->state);
	free(m);
}

/* A restart does not change the count, and the service that is simulated has nothing that one would
 * cure. */
static int step(void *memory, const struct controller_view *view, int wanted)
{
	struct memory *m = memory;
	struct policy_decision decision;

	policy_step(m->state, &m->config, view->window->now_ms, &view->window->input, &decision);
	if (decision.action == ACTION_SCALE_UP || decision.action == ACTION_SCALE_DOWN)
		return decision.replicas;
	return wanted;
}

const struct controller controller_adaptive = {
	.name = "adaptive", .create = create_adaptive, .step = step, .destroy = destroy};
const struct controller controller_classic = {
	.name = "classic", .create = create_classic, .step = step, .destroy = destroy};
