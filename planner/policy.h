/* Pure. One brain, one shape: what every scaling policy looks like from outside.  The planner, and
 * later the replay tool and the simulator, call the same objects.  Time, measurements and settings
 * are arguments. */
#ifndef PLANNER_POLICY_H
#define PLANNER_POLICY_H

#include "common/message.h"

#include <stdbool.h>
#include <stdint.h>

enum policy_name { POLICY_CLASSIC }; /* the choices of PLANNER_POLICY, in this order */
#define POLICY_NAMES "classic"

#define POLICY_HIST_MAX 1440 /* windows of history a policy can be asked to keep */

struct policy_config {
	int policy; /* enum policy_name */
	int min_replicas, max_replicas;
	double cooldown_sec;
	int hist_windows, warmup_windows, low_need_n;
	double alpha_up, beta_down, k_sigma, idle_hint_ms;
	double target_p95_ms; /* NaN: unset */
};

/* One window as the monitor measured it. */
struct policy_input {
	double p95_ms;
	double success_rate;
	int replicas; /* running now */
	int ready;    /* in rotation; -1 unknown */
	struct message_traffic traffic;
};

#define POLICY_FACTS_MAX 24
struct policy_fact { /* what the decision rests on, for "explain" */
	const char *name;
	double value;
	bool is_gate; /* a condition: value is 1 when it holds, else 0 */
};

struct policy_decision {
	enum message_action action;
	int replicas; /* wanted after the action; for a noop the count wanted so far */
	char reason[MESSAGE_TEXT_MAX];
	double baseline_ms, sigma_ms;
	bool low_windows[MESSAGE_LOW_MAX]; /* oldest first */
	int low_windows_n;
	struct policy_fact facts[POLICY_FACTS_MAX];
	int facts_n;
};

/* What a policy remembers of one target. */
struct policy_state;

/* The policy of ${config} as PLANNER_POLICY names it. */
const char *policy_label(const struct policy_config *config);

struct policy_state *policy_state_new(const struct policy_config *);
void policy_state_free(struct policy_state *);

/* Decide about one window at ${now_ms} (any clock that is the same at every call; it may step back,
 * which never shortens nor prolongs a cooldown beyond COOLDOWN_SEC from then).  Effects: ${state}
 * and ${ret} only. */
void policy_step(struct policy_state *, const struct policy_config *, uint64_t now_ms,
		 const struct policy_input *, struct policy_decision *ret);

/* What the executor reports it keeps after a plan (a clamp, a refusal): the count wanted so far
 * becomes ${wanted}. */
void policy_result(struct policy_state *, int wanted);

#endif
