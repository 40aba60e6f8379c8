/* Pure. One run: a controller and the simulated service in a closed loop along a trace, measured.
 * The same configuration, seed and trace give the same run. */
#ifndef REPLAY_SIM_H
#define REPLAY_SIM_H

#include "planner/policy.h"
#include "replay/controllers.h"
#include "replay/measures.h"
#include "replay/plant.h"

#include <stdbool.h>
#include <stdint.h>

struct sim_config {
	struct plant_config plant;
	struct policy_config policy; /* settings of adaptive and classic; the bounds of all */
	double span_sec;             /* of the trace; > 0 */
	double window_sec;           /* of the monitor; > 0 */
	double slo_sec;              /* NaN: sim_slo_sec() */
	int start_replicas;          /* in rotation at first; 0: as many as are needed then */
	double start_failed_share;   /* of the starts */
	double ready_timeout_sec;    /* a start that takes longer is given up and made anew */
};

/* Requests a second at ${sec}; asked for at growing times from 0 to span_sec. */
typedef double sim_rate(void *cookie, double sec);

/* A service, a monitor and an executor as the suite's own defaults have them; span_sec and policy
 * are the caller's. */
extern const struct sim_config SIM_DEFAULTS;

/* p95 of a request that never waits, and the objective when none is set: twice that. */
double sim_idle_p95_sec(const struct plant_config *);
double sim_slo_sec(const struct plant_config *);

/* The most requests a second that ${replicas} carry within the objective of ${config}: what
 * "needed" is the inverse of. */
double sim_load_max(const struct sim_config *, int replicas);

struct sim;

/* Both ${config} and ${controller} are copied or constant; ${cookie} must stay. */
struct sim *sim_begin(const struct sim_config *config, const struct controller *controller,
		      int fixed, uint64_t seed, sim_rate *rate, void *cookie);

/* One window, for pictures. */
struct sim_sample {
	double sec; /* at its end, since the begin */
	double rps;
	int needed, wanted, ready;
	bool over; /* p95 over the objective */
	double p95_sec;
};

/* Run on for one window; false: the trace has ended. */
bool sim_window(struct sim *, struct sim_sample *ret);

/* What was measured so far. */
struct sim_measures sim_measured(const struct sim *);

void sim_end(struct sim *);

#endif
