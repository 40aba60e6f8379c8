/* Pure. The planner's settings. */
#include "planner/config.h"

#include "planner/hold.h"

#include <string.h>

#define AT(member)     offsetof(struct planner_config, member)
#define REPLICAS_RANGE 1, HOLD_REPLICAS_MAX

const struct setting planner_settings[] = {
	{"TARGET", SETTING_NAME, AT(target), "app", NULL, 0, 0, NULL,
	 "target of the messages that name none; the one that advice is asked about"},
	{"PLANNER_POLICY", SETTING_CHOICE, AT(policy.policy), "adaptive", NULL, 0, 0, POLICY_NAMES,
	 "law by which to decide; classic is the predecessor's"},
	{"MIN_REPLICAS", SETTING_INT, AT(policy.min_replicas), "2", "replicas", REPLICAS_RANGE,
	 NULL, "never ask for fewer, the template counted"},
	{"MAX_REPLICAS", SETTING_INT, AT(policy.max_replicas), "10", "replicas", REPLICAS_RANGE,
	 NULL, "never ask for more, the template counted"},
	{"TARGET_P95_MS", SETTING_NUM, AT(policy.target_p95_ms), NULL, "ms", 1, 600000, NULL,
	 "objective for p95; unset: ALPHA_UP times the baseline"},
	{"HIST_WINDOWS", SETTING_INT, AT(policy.hist_windows), "60", "windows", 1, POLICY_HIST_MAX,
	 NULL, "windows of which the baseline is the median"},
	{"WARMUP_WINDOWS", SETTING_INT, AT(policy.warmup_windows), "12", "windows", 0,
	 POLICY_HIST_MAX, NULL, "windows to see before the baseline counts"},
	{"LOW_NEED_N", SETTING_INT, AT(policy.low_need_n), "3", "windows", 1, MESSAGE_LOW_MAX, NULL,
	 "classic: windows near the baseline, in a row, before a scale_down; as many flags are "
	 "told"},
	{"ALPHA_UP", SETTING_NUM, AT(policy.alpha_up), NULL, "x baseline", 1, 1000, NULL,
	 "p95 at or over so many baselines is overload; unset: 2, classic 7.5"},
	{"BETA_DOWN", SETTING_NUM, AT(policy.beta_down), "1.05", "x baseline", 0.1, 10, NULL,
	 "p95 up to so many baselines (and some noise) is near the baseline"},
	{"K_SIGMA", SETTING_NUM, AT(policy.k_sigma), "2.5", "sigma", 0, 100, NULL,
	 "adaptive: nor is it overload within so many sigma of the baseline"},

	{"BAD_DATA_HOLD", SETTING_BOOL, AT(policy.bad_data_hold), "true", NULL, 0, 0, NULL,
	 "adaptive: nothing is learned from, nor a scale_down based on, missing, stale, partial or "
	 "failed windows"},
	{"SIGMA_FLOOR_MS", SETTING_NUM, AT(policy.sigma_floor_ms), "5", "ms", 0, 60000, NULL,
	 "adaptive: latency scatters by at least this, however quiet it was"},
	{"FEED_FORWARD", SETTING_BOOL, AT(policy.feed_forward), "true", NULL, 0, 0, NULL,
	 "adaptive: count replicas by the arriving load, before latency rises"},
	{"CAPACITY_RPS", SETTING_NUM, AT(policy.capacity_rps), NULL, "requests/s", 0.001, 1e6, NULL,
	 "adaptive: what a replica carries; unset: learned"},
	{"UTILISATION_MAX", SETTING_NUM, AT(policy.utilisation_max), "0.98", NULL, 0.1, 1, NULL,
	 "adaptive: share of that capacity to plan with; the rest is for what no mean shows"},
	{"TAIL_SHARE", SETTING_NUM, AT(policy.tail_share), "0.05", NULL, 0.0001, 0.5, NULL,
	 "adaptive: share of requests that may miss the objective, 0.05 for p95"},
	{"LOAD_LONG_SEC", SETTING_NUM, AT(policy.load_long_sec), "60", "s", 0.2, 3600, NULL,
	 "adaptive: span of the mean of arrivals; longer is calmer"},
	{"LOAD_SHORT_SEC", SETTING_NUM, AT(policy.load_short_sec), "6", "s", 0.2, 3600, NULL,
	 "adaptive: span of the mean in a burst; shorter is faster"},
	{"BURST_SIGMAS", SETTING_NUM, AT(policy.burst_sigmas), "10", "sigma", 0, 100, NULL,
	 "adaptive: arrivals beyond chance by so much are a burst; 0: no test"},
	{"BACKLOG_DRAIN_SEC", SETTING_NUM, AT(policy.backlog_drain_sec), "10", "s", 0, 600, NULL,
	 "adaptive: time to work off what has piled up; 0: it is left to itself"},
	{"LATENCY_GUARD", SETTING_BOOL, AT(policy.latency_guard), "true", NULL, 0, 0, NULL,
	 "adaptive: add replicas when p95 misses the objective by much or for long"},
	{"FUTILITY_LIMIT", SETTING_INT, AT(policy.futility_limit), "3", "additions", 0, 100, NULL,
	 "adaptive: so many that did not lower p95 are given back, and no more made; 0: no end"},
	{"STARTUP_SEC", SETTING_NUM, AT(policy.startup_sec), NULL, "s", 0.1, 3600, NULL,
	 "adaptive: from asking for a replica to its first request; unset: learned"},
	{"DOWN_HOLD_SEC", SETTING_NUM, AT(policy.down_hold_sec), "30", "s", 0, 86400, NULL,
	 "adaptive: fewer replicas must have been enough for so long; 5 times as long where the "
	 "capacity is not known"},
	{"DOWN_MARGIN", SETTING_NUM, AT(policy.down_margin), "0.1", NULL, 0, 10, NULL,
	 "adaptive: and be enough for so much more load, so that chance does not bring them back"},
	{"DOWN_RATE", SETTING_NUM, AT(policy.down_rate), "0.5", NULL, 0, 1, NULL,
	 "adaptive: share of the replicas that one scale_down may take, at least one replica"},
	{"UP_COOLDOWN_SEC", SETTING_NUM, AT(policy.up_cooldown_sec), "0", "s", 0, 86400, NULL,
	 "adaptive: after a scale_up no other for so long; what is on its way is counted anyway"},
	{"DOWN_COOLDOWN_SEC", SETTING_NUM, AT(policy.down_cooldown_sec), "10", "s", 0, 86400, NULL,
	 "adaptive: after any change no scale_down for so long"},
	{"FLAP_BUDGET", SETTING_INT, AT(policy.flap_budget), "4", "changes", 0, 1000, NULL,
	 "adaptive: changes of direction an hour; each further one doubles the hold; 0: no budget"},

	{"COOLDOWN_SEC", SETTING_NUM, AT(policy.cooldown_sec), "20", "s", 0, 86400, NULL,
	 "classic: after an action, no other for so long"},
	{"IDLE_HINT_MS", SETTING_NUM, AT(policy.idle_hint_ms), "0", "ms", 0, 600000, NULL,
	 "classic: baseline to report while warming up without any latency measured; 0: none"},

	{"LLM_API_KEY", SETTING_SECRET, AT(advisor.key), NULL, NULL, 0, 0, NULL,
	 "key of the advisor; without one Gemini is not asked"},
	{"LLM_MODE", SETTING_CHOICE, AT(advisor.mode), "advise", NULL, 0, 0, ADVISOR_MODES,
	 "whether the advisor is followed where that is safe, only recorded, or not asked"},
	{"LLM_PROVIDER", SETTING_CHOICE, AT(advisor.provider), "gemini", NULL, 0, 0, LLM_PROVIDERS,
	 "whom to ask; openai is any server that speaks its chat completions"},
	{"LLM_MODEL", SETTING_STR, AT(advisor.model), NULL, NULL, 1, 100, NULL,
	 "model to ask; unset: the provider's small one, and others when it is gone"},
	{"LLM_URL", SETTING_URL, AT(advisor.url), NULL, NULL, 0, 0, NULL,
	 "whole address to ask instead of the provider's; {model} in it stands for the model"},
	{"LLM_RPM", SETTING_NUM, AT(advisor.rpm), "2", "questions/min", 0.01, 1000, NULL,
	 "most questions a minute"},
	{"LLM_RPD", SETTING_INT, AT(advisor.rpd), "0", "questions/day", 0, 1000000, NULL,
	 "most questions a day, which begins at midnight Pacific time; 0: no limit"},
	{"LLM_HEARTBEAT_SEC", SETTING_NUM, AT(advisor.heartbeat_sec), "300", "s", 1, 86400, NULL,
	 "ask so often even when the state stays the same"},
	{"LLM_DEADBAND_MS", SETTING_NUM, AT(advisor.deadband_ms), "50", "ms", 0, 60000, NULL,
	 "a p95 that moved by less is no new state"},
	{"LLM_BACKOFF_BASE_SEC", SETTING_NUM, AT(advisor.backoff_base_sec), "10", "s", 0.1, 3600,
	 NULL, "pause after a failed question; doubles with each"},
	{"LLM_BACKOFF_MAX_SEC", SETTING_NUM, AT(advisor.backoff_max_sec), "300", "s", 0.1, 86400,
	 NULL, "the longest such pause"},
	{"LLM_TIMEOUT_SEC", SETTING_NUM, AT(advisor.timeout_sec), "8", "s", 0.1, 120, NULL,
	 "an answer later than that is none"},
	{0},
};

const char planner_options_help[] =
	"  --explain          decide about the telemetry on standard input (what `subscriber "
	"--json`\n"
	"                     prints, or bare alerts), print each decision with its reasons, end\n";

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is service_spec.option's */
bool planner_config_option(int argc, char **argv, int *i, void *config)
{
	(void)argc;
	if (strcmp(argv[*i], "--explain") != 0)
		return false;
	((struct planner_config *)config)->explain = true;
	return true;
}

static int check_at_most(struct buf *errors, const char *low_name, double low,
			 const char *high_name, double high, const char *why)
{
	if (low <= high)
		return 0;
	buf_printf(errors, "%s=%g: must be at most %s=%g%s\n", low_name, low, high_name, high, why);
	return 1;
}

int planner_config_check(const void *config, struct buf *errors)
{
	const struct planner_config *c = config;
	const struct policy_config *p = &c->policy;

	return check_at_most(errors, "MIN_REPLICAS", p->min_replicas, "MAX_REPLICAS",
			     p->max_replicas, "") +
	       check_at_most(errors, "WARMUP_WINDOWS", p->warmup_windows, "HIST_WINDOWS",
			     p->hist_windows, ", or it never ends") +
	       check_at_most(errors, "LOAD_SHORT_SEC", p->load_short_sec, "LOAD_LONG_SEC",
			     p->load_long_sec, "") +
	       check_at_most(errors, "LLM_BACKOFF_BASE_SEC", c->advisor.backoff_base_sec,
			     "LLM_BACKOFF_MAX_SEC", c->advisor.backoff_max_sec, "");
}
