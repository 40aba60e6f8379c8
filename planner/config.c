/* Pure. The planner's settings. */
#include "planner/config.h"

#define AT(member) offsetof(struct planner_config, member)

const struct setting planner_settings[] = {
	{"TARGET", SETTING_NAME, AT(target), "app", NULL, 0, 0, NULL,
	 "target of the messages that name none"},
	{"PLANNER_POLICY", SETTING_CHOICE, AT(policy.policy), "classic", NULL, 0, 0, POLICY_NAMES,
	 "law by which to decide"},
	{"MIN_REPLICAS", SETTING_INT, AT(policy.min_replicas), "2", "replicas", 1, 1000, NULL,
	 "never ask for fewer, the template counted"},
	{"MAX_REPLICAS", SETTING_INT, AT(policy.max_replicas), "10", "replicas", 1, 1000, NULL,
	 "never ask for more, the template counted"},
	{"COOLDOWN_SEC", SETTING_NUM, AT(policy.cooldown_sec), "20", "s", 0, 86400, NULL,
	 "after an action, no other for so long"},
	{"HIST_WINDOWS", SETTING_INT, AT(policy.hist_windows), "60", "windows", 1, POLICY_HIST_MAX,
	 NULL, "windows of which the baseline is the median"},
	{"WARMUP_WINDOWS", SETTING_INT, AT(policy.warmup_windows), "12", "windows", 0,
	 POLICY_HIST_MAX, NULL, "windows to see before the first action"},
	{"LOW_NEED_N", SETTING_INT, AT(policy.low_need_n), "3", "windows", 1, MESSAGE_LOW_MAX, NULL,
	 "windows near the baseline, in a row, before a scale_down"},
	{"ALPHA_UP", SETTING_NUM, AT(policy.alpha_up), "7.5", "x baseline", 1, 1000, NULL,
	 "p95 at or over so many baselines is overload"},
	{"BETA_DOWN", SETTING_NUM, AT(policy.beta_down), "1.05", "x baseline", 0.1, 10, NULL,
	 "p95 up to so many baselines (and some noise) is near the baseline"},
	{"K_SIGMA", SETTING_NUM, AT(policy.k_sigma), "2.5", "sigma", 0, 100, NULL,
	 "not used by the classic law, which calls 6 sigma over the baseline overload"},
	{"IDLE_HINT_MS", SETTING_NUM, AT(policy.idle_hint_ms), "0", "ms", 0, 600000, NULL,
	 "baseline to report while warming up without any latency measured yet; 0 is none"},
	{"TARGET_P95_MS", SETTING_NUM, AT(policy.target_p95_ms), NULL, "ms", 1, 600000, NULL,
	 "p95 to aim at; not used by the classic law"},
	{0},
};

int planner_config_check(const void *config, struct buf *errors)
{
	const struct policy_config *p = &((const struct planner_config *)config)->policy;
	int errors_n = 0;

	if (p->min_replicas > p->max_replicas) {
		buf_printf(errors, "MIN_REPLICAS=%d: must be at most MAX_REPLICAS=%d\n",
			   p->min_replicas, p->max_replicas);
		errors_n++;
	}
	if (p->warmup_windows > p->hist_windows) {
		buf_printf(errors,
			   "WARMUP_WINDOWS=%d: must be at most HIST_WINDOWS=%d, or it never ends\n",
			   p->warmup_windows, p->hist_windows);
		errors_n++;
	}
	return errors_n;
}
