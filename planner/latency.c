/* Pure. One series of latencies; see latency.h. */
#include "planner/latency.h"

#include <math.h>

#define SIGMA_SHARE 0.05 /* of the baseline */

struct latency latency_look(const struct baseline *history, const struct policy_config *config,
			    double p95_ms)
{
	int need = config->warmup_windows > 1 ? config->warmup_windows : 1;
	struct latency v = {
		.present = !isnan(p95_ms),
		.warm = baseline_windows(history) >= (size_t)need,
		.p95_ms = p95_ms,
		.baseline_ms = baseline_median(history),
		.slo_ms = config->target_p95_ms,
	};

	v.sigma_ms = baseline_sigma(history, v.baseline_ms);
	v.sigma_ms = fmax(v.sigma_ms, config->sigma_floor_ms);
	v.sigma_ms = fmax(v.sigma_ms, SIGMA_SHARE * v.baseline_ms);
	if (isnan(v.slo_ms) && v.warm)
		v.slo_ms = fmax(config->alpha_up * v.baseline_ms,
				v.baseline_ms + config->k_sigma * v.sigma_ms);
	if (v.present && v.slo_ms > 0)
		v.excess = p95_ms / v.slo_ms;
	v.near_limit_ms = config->beta_down * v.baseline_ms + v.sigma_ms;
	v.near = v.warm && p95_ms <= v.near_limit_ms;
	return v;
}
