/* Pure. See gauges.h. */
#include "planner/gauges.h"

#include <math.h>
#include <string.h>

#define WINDOWS     "agentic_planner_windows_total"
#define WINDOWS_H   "Windows of TARGET by whether p95 met the objective; without one, neither"
#define ROW(member) offsetof(struct gauges, member)

static const struct metric_row metric_table[] = {
	{METRIC_GAUGE, "agentic_planner_p95_seconds", NULL, "p95 in the latest window of TARGET",
	 ROW(p95)},
	{METRIC_GAUGE, "agentic_planner_baseline_seconds", NULL, "Baseline of TARGET",
	 ROW(baseline)},
	{METRIC_GAUGE, "agentic_planner_objective_seconds", NULL,
	 "p95 that TARGET is to stay within; NaN before there is one", ROW(objective)},
	{METRIC_GAUGE, "agentic_planner_wanted_replicas", NULL,
	 "Replicas wanted of TARGET, the template counted", ROW(wanted)},
	{METRIC_GAUGE, "agentic_planner_arrivals_per_second", NULL,
	 "Requests that arrive, as planned with; NaN where it is not known", ROW(arrivals)},
	{METRIC_GAUGE, "agentic_planner_replica_capacity_per_second", NULL,
	 "Requests that a replica carries, learned or set, else the most that it was seen to carry "
	 "well; NaN where it is not known",
	 ROW(capacity)},
	{METRIC_COUNTER, WINDOWS, "objective=\"met\"", WINDOWS_H, ROW(met)},
	{METRIC_COUNTER, WINDOWS, "objective=\"missed\"", WINDOWS_H, ROW(missed)},
	{METRIC_GAUGE, "agentic_planner_last_alert_timestamp_seconds", NULL,
	 "When the last alert about TARGET was answered, since 1970; 0 before the first",
	 ROW(heard)},
	{METRIC_HISTOGRAM_MS, "agentic_planner_alert_delay_seconds", NULL,
	 "Time from the end of a window of TARGET to the plan about it", ROW(delay)},
	{METRIC_HISTOGRAM_US, "agentic_planner_decision_duration_seconds", NULL,
	 "Time that it took to decide about a window of TARGET and to publish the plan",
	 ROW(decision)},
	{0},
};

void gauges_init(struct gauges *ret, struct metrics *set)
{
	metrics_add_table(set, metric_table, ret);
	metric_set(ret->objective, NAN);
	metric_set(ret->arrivals, NAN);
	metric_set(ret->capacity, NAN);
}

static double estimate(const struct policy_decision *d, const char *name)
{
	for (int i = 0; i < d->facts_n; i++)
		if (d->facts[i].kind == FACT_ESTIMATE && !strcmp(d->facts[i].name, name))
			return d->facts[i].value;
	return NAN;
}

void gauges_window(struct gauges *m, const struct message_alert *alert,
		   const struct policy_decision *d)
{
	double capacity = estimate(d, "capacity_rps"), good = estimate(d, "good_rps");

	if (isnan(capacity) && good > 0)
		capacity = good;
	metric_set(m->p95, alert->p95_ms / 1000);
	metric_set(m->baseline, d->baseline_ms / 1000);
	metric_set(m->objective, d->slo_ms / 1000);
	metric_set(m->wanted, d->replicas);
	metric_set(m->arrivals, estimate(d, "arrivals_rps"));
	metric_set(m->capacity, capacity);
}

void gauges_answered(struct gauges *m, const struct message_alert *alert,
		     const struct policy_decision *d, double now_sec, uint64_t took_ns)
{
	if (!isnan(d->slo_ms))
		metric_inc(d->over_slo ? m->missed : m->met);
	metric_set(m->heard, now_sec);
	metric_observe(m->delay, now_sec - alert->ts);
	metric_observe(m->decision, (double)took_ns / 1e9);
}
