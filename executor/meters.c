/* Pure. A table of time series. */
#include "executor/meters.h"

static const struct metric_row metric_table[] = {
	{METRIC_GAUGE, "agentic_executor_lease", NULL,
	 "1 while this executor holds the lease, and so acts", offsetof(struct meters, lease)},
	{METRIC_COUNTER, "agentic_executor_takeovers_total", NULL,
	 "Times that this executor began to act", offsetof(struct meters, takeovers)},
	{METRIC_GAUGE, "agentic_executor_wanted_replicas", NULL,
	 "Replicas that are kept, the template counted", offsetof(struct meters, wanted)},
	{METRIC_GAUGE, "agentic_executor_running_replicas", NULL,
	 "Replicas that run, the template counted", offsetof(struct meters, running)},
	{METRIC_GAUGE, "agentic_executor_leaving_replicas", NULL, "Replicas on their way out",
	 offsetof(struct meters, leaving)},
	{METRIC_GAUGE, "agentic_executor_min_replicas", NULL, "MIN_REPLICAS",
	 offsetof(struct meters, min)},
	{METRIC_GAUGE, "agentic_executor_max_replicas", NULL, "MAX_REPLICAS",
	 offsetof(struct meters, max)},
	{METRIC_COUNTER, "agentic_executor_steps_total", "step=\"create\"", "Steps that ended",
	 offsetof(struct meters, steps[STEP_CREATE])},
	{METRIC_COUNTER, "agentic_executor_steps_total", "step=\"rename\"", "Steps that ended",
	 offsetof(struct meters, steps[STEP_RENAME])},
	{METRIC_COUNTER, "agentic_executor_steps_total", "step=\"stop\"", "Steps that ended",
	 offsetof(struct meters, steps[STEP_STOP])},
	{METRIC_COUNTER, "agentic_executor_steps_total", "step=\"restart\"", "Steps that ended",
	 offsetof(struct meters, steps[STEP_RESTART])},
	{METRIC_COUNTER, "agentic_executor_steps_total", "step=\"remove\"", "Steps that ended",
	 offsetof(struct meters, steps[STEP_REMOVE])},
	{METRIC_COUNTER, "agentic_executor_step_failures_total", "step=\"create\"",
	 "Steps that failed", offsetof(struct meters, failures[STEP_CREATE])},
	{METRIC_COUNTER, "agentic_executor_step_failures_total", "step=\"rename\"",
	 "Steps that failed", offsetof(struct meters, failures[STEP_RENAME])},
	{METRIC_COUNTER, "agentic_executor_step_failures_total", "step=\"stop\"",
	 "Steps that failed", offsetof(struct meters, failures[STEP_STOP])},
	{METRIC_COUNTER, "agentic_executor_step_failures_total", "step=\"restart\"",
	 "Steps that failed", offsetof(struct meters, failures[STEP_RESTART])},
	{METRIC_COUNTER, "agentic_executor_step_failures_total", "step=\"remove\"",
	 "Steps that failed", offsetof(struct meters, failures[STEP_REMOVE])},
	{0},
};

void meters_init(struct meters *ret, struct metrics *set)
{
	metrics_add_table(set, metric_table, ret);
}
