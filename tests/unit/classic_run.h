/* Shell. One target under the classic law, for its unit tests. */
#ifndef TESTS_UNIT_CLASSIC_RUN_H
#define TESTS_UNIT_CLASSIC_RUN_H

#include "tests/unit/unit.h"

#include "planner/policy.h"

#include <string.h>

#define START_MS  1795458155613
#define WINDOW_MS 4000

/* One target whose windows follow one another. */
struct run {
	struct policy_config config;
	struct policy_state *state;
	uint64_t now_ms;
	struct policy_decision d;
};

static inline struct run run_new(struct policy_config config)
{
	return (struct run){
		.config = config, .state = policy_state_new(&config), .now_ms = START_MS};
}

static inline void run_free(struct run *r)
{
	policy_state_free(r->state);
}

/* The defaults of the settings. */
static inline struct policy_config defaults(void)
{
	return (struct policy_config){
		.policy = POLICY_CLASSIC,
		.min_replicas = 2,
		.max_replicas = 10,
		.cooldown_sec = 20,
		.hist_windows = 60,
		.warmup_windows = 12,
		.low_need_n = 3,
		.alpha_up = 7.5,
		.beta_down = 1.05,
		.k_sigma = 2.5,
		.target_p95_ms = NAN,
	};
}

static inline void window_at(struct run *r, uint64_t now_ms, double p95_ms, int replicas)
{
	const struct policy_input input = {
		.p95_ms = p95_ms, .success_rate = 1, .replicas = replicas, .ready = replicas};

	r->now_ms = now_ms;
	policy_step(r->state, &r->config, now_ms, &input, &r->d);
}

static inline void window(struct run *r, double p95_ms, int replicas)
{
	window_at(r, r->now_ms + WINDOW_MS, p95_ms, replicas);
}

static inline void windows(struct run *r, int n, double p95_ms, int replicas)
{
	for (int i = 0; i < n; i++)
		window(r, p95_ms, replicas);
}

#define assert_decision(r, action_, replicas_, reason_)                                            \
	do {                                                                                       \
		assert_string_equal((r)->d.reason, reason_);                                       \
		assert_int_equal((r)->d.action, action_);                                          \
		assert_int_equal((r)->d.replicas, replicas_);                                      \
	} while (0)

static inline const struct policy_fact *gate(const struct run *r, const char *name)
{
	for (int i = 0; i < r->d.facts_n; i++)
		if (r->d.facts[i].kind == FACT_GATE && !strcmp(r->d.facts[i].name, name))
			return &r->d.facts[i];
	fail_msg("no gate %s", name);
	return NULL;
}

static inline bool passes(const struct run *r, const char *name)
{
	return gate(r, name)->pass;
}

/* Eleven windows with median 10 and sigma 8 * 1.4826, so that 7.5 baselines are only 5.5 sigmas. */
static inline void wide_history(struct run *r, double last_ms)
{
	windows(r, 5, 2, 2);
	window(r, 10, 2);
	windows(r, 4, 18, 2);
	window(r, last_ms, 2);
}

#define assert_envelope(r, lo_, hi_)                                                               \
	do {                                                                                       \
		assert_int_equal((r)->d.envelope.lo, lo_);                                         \
		assert_int_equal((r)->d.envelope.hi, hi_);                                         \
	} while (0)

#endif
