/* Pure. The executor's own figures for /metrics. */
#ifndef EXECUTOR_METERS_H
#define EXECUTOR_METERS_H

#include "common/metrics.h"
#include "executor/step.h"

struct meters {
	struct metric *lease, *takeovers;
	struct metric *wanted, *running, *leaving, *min, *max;
	struct metric *steps[STEP_KINDS], *failures[STEP_KINDS];
};

/* Add them to ${set} and put the handles into ${ret}. */
void meters_init(struct meters *ret, struct metrics *set);

#endif
