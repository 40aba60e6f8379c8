/* Shell. `planner --explain < telemetry.jsonl`: what the planner would have decided about recorded
 * telemetry, and why, as text. */
#ifndef PLANNER_EXPLAINER_H
#define PLANNER_EXPLAINER_H

#include "planner/policy.h"

#include <stdio.h>

/* Fold ${in}, line by line, as the planner folds its streams, and print each decision to ${out};
 * ${target} is that of messages that name none.  Lines that cannot be used are named by number on
 * ${err}, the first few of them, and counted.  Returns the exit status: 0, or 1 when there was not
 * one decision, or a stream failed. */
int explainer_run(const struct policy_config *, const char *target, FILE *in, FILE *out, FILE *err);

#endif
