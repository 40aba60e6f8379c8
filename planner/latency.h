/* Pure. One series of latencies, of probes or of real requests, against its own past and the
 * objective. */
#ifndef PLANNER_LATENCY_H
#define PLANNER_LATENCY_H

#include "planner/baseline.h"
#include "planner/policy.h"

struct latency {
	bool present;                         /* there is a p95 in this window */
	bool warm;                            /* there are WARMUP_WINDOWS of history */
	double p95_ms, baseline_ms, sigma_ms; /* NaN: unknown */
	double slo_ms; /* TARGET_P95_MS, else max(ALPHA_UP * baseline, baseline + K_SIGMA * sigma);
			  NaN: unknown yet */
	double excess; /* p95 / slo; 0: unknown */
	double near_limit_ms; /* BETA_DOWN * baseline + sigma */
	bool near;            /* p95 is at most that */
};

/* ${p95_ms} (NaN: none) against ${history}, of which it is not part yet.  sigma is at least
 * SIGMA_FLOOR_MS and a twentieth of the baseline: service times that scatter by less are none that
 * anybody would call noisy. */
struct latency latency_look(const struct baseline *history, const struct policy_config *,
			    double p95_ms);

#endif
