/* Pure. The planner's own figures for /metrics: of the TARGET that is configured, what it saw and
 * how well it kept up. */
#ifndef PLANNER_GAUGES_H
#define PLANNER_GAUGES_H

#include "common/metrics.h"
#include "planner/policy.h"

struct gauges {
	struct metric *p95, *baseline, *objective, *wanted;
	struct metric *arrivals, *capacity;
	struct metric *met, *missed, *heard, *delay, *decision;
};

/* Add them to ${set} and put the handles into ${ret}. */
void gauges_init(struct gauges *ret, struct metrics *set);

/* A window was decided about, perhaps one that was read back. */
void gauges_window(struct gauges *, const struct message_alert *, const struct policy_decision *);

/* And answered at ${now_sec} since 1970, after ${took_ns} of work. */
void gauges_answered(struct gauges *, const struct message_alert *, const struct policy_decision *,
		     double now_sec, uint64_t took_ns);

#endif
