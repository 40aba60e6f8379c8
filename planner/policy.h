/* Pure. One brain, one shape: what every scaling policy looks like from outside.  The planner, the
 * replay tool and the simulator call the same objects.  Time, measurements, advice and settings are
 * arguments. */
#ifndef PLANNER_POLICY_H
#define PLANNER_POLICY_H

#include "common/message.h"

#include <stdbool.h>
#include <stdint.h>

enum policy_name { POLICY_ADAPTIVE, POLICY_CLASSIC }; /* the choices of PLANNER_POLICY */
#define POLICY_NAMES "adaptive|classic"

#define POLICY_HIST_MAX 1440 /* windows of history a policy can be asked to keep */

/* The settings of all policies; planner/config.c says what each is, in which unit and why. */
struct policy_config {
	int policy; /* enum policy_name */
	int min_replicas, max_replicas;
	int hist_windows, warmup_windows, low_need_n;
	double alpha_up; /* NaN: the policy's own default */
	double beta_down, k_sigma;
	double target_p95_ms; /* NaN: unset */

	/* classic */
	double cooldown_sec, idle_hint_ms;

	/* adaptive */
	bool bad_data_hold, feed_forward, latency_guard;
	double sigma_floor_ms;
	double load_short_sec, load_long_sec, burst_sigmas;
	double tail_share, utilisation_max, backlog_drain_sec;
	double capacity_rps; /* of one replica; NaN: learned */
	double startup_sec;  /* NaN: learned */
	int futility_limit;
	double down_hold_sec, down_margin, down_rate;
	double up_cooldown_sec, down_cooldown_sec;
	int flap_budget;
};

/* What the advisor said about an earlier window. */
struct policy_advice {
	enum message_action action;
	double alpha_up, beta_down;    /* thresholds it proposes; NaN: none */
	char state[64];                /* policy_decision.state of the window it was asked about */
	char reason[MESSAGE_TEXT_MAX]; /* the advisor's, for people */
};

/* One window as the monitor measured it. */
struct policy_input {
	double p95_ms; /* of probes, like the next two */
	double success_rate;
	int requests;
	double window_sec; /* NaN: unknown */
	double age_sec;    /* how long after its end it was heard; NaN: unknown */
	int replicas;      /* running now */
	int ready;         /* in rotation; -1 unknown */
	struct message_traffic traffic;
	const struct policy_advice *advice; /* to be followed where it may; NULL: none */
};

enum policy_fact_kind { FACT_ESTIMATE, FACT_GATE };

#define POLICY_FACTS_MAX 48
struct policy_fact { /* what the decision rests on, for "explain" */
	const char *name;
	enum policy_fact_kind kind;
	double value; /* NaN, of a gate: it has no number */
	bool pass;    /* of a gate: whether its condition holds */
	double bound; /* of a gate: what value is compared with; NaN: nothing */
};

/* The counts that are safe now: whoever advises chooses inside, the policy's own choice included.
 * lo <= hi, both within [MIN_REPLICAS, MAX_REPLICAS]. */
struct policy_envelope {
	int lo, hi;
	bool restart; /* a restart has evidence of its own */
};

struct policy_decision {
	enum message_action action;
	int replicas; /* wanted after the action; for a noop the count wanted so far */
	char reason[MESSAGE_TEXT_MAX];
	const char *decided_by; /* name of the gate that decided */
	double baseline_ms, sigma_ms;
	double slo_ms;                     /* NaN: none yet */
	bool over_slo;                     /* this window */
	bool low_windows[MESSAGE_LOW_MAX]; /* oldest first */
	int low_windows_n;
	double cooldown_left_sec;

	/* For the advisor: the state the decision was taken in, such as "high/3", what was decided
	 * without it, and whether its advice was followed. */
	char state[64];
	struct policy_envelope envelope;
	enum message_action heuristic;
	int heuristic_replicas;
	bool advised;

	struct policy_fact facts[POLICY_FACTS_MAX];
	int facts_n;
};

/* What a policy remembers of one target. */
struct policy_state;

/* The policy of ${config} as PLANNER_POLICY names it. */
const char *policy_label(const struct policy_config *config);

struct policy_state *policy_state_new(const struct policy_config *);
void policy_state_free(struct policy_state *);

/* A state of its own that will decide as ${state} does from here on. */
struct policy_state *policy_state_copy(const struct policy_state *state);

/* Decide about one window at ${now_ms} (any clock that is the same at every call; it may step back,
 * which never shortens nor prolongs a cooldown beyond its length from then).  Effects: ${state} and
 * ${ret} only. */
void policy_step(struct policy_state *, const struct policy_config *, uint64_t now_ms,
		 const struct policy_input *, struct policy_decision *ret);

/* What the executor reports it keeps after a plan (a clamp, a refusal): the count wanted so far
 * becomes ${wanted}.  ${done} false: it refused or failed. */
void policy_result(struct policy_state *, int wanted, bool done);

/* ${name} was estimated to be ${value} in an earlier run, by a plan that is still on record: it
 * stands where nothing better is known. */
void policy_recall(struct policy_state *, const char *name, double value);

#endif
