/* Pure. Why a decision fell as it did, as the "explain" object of a plan and as text. */
#ifndef PLANNER_EXPLAIN_H
#define PLANNER_EXPLAIN_H

#include "common/buf.h"
#include "planner/whatif.h"

#include <cjson/cJSON.h>

/* {"policy":"adaptive","decided_by":"feed_forward","estimates":{"arrivals_rps":148.2,…},
 *  "gates":{"data_good":{"pass":true,"value":0.01,"bound":0.5},…},
 *  "would":[{"action":"scale_up","quantity":"p95_ms","at_least":412,"windows":1,"text":"…"}]}
 * from the facts of ${decision} and the ${n} of ${would}.  Numbers are rounded to 3 decimals, those
 * that are not finite left out.  The caller owns it. */
cJSON *explain_build(const struct policy_config *, const struct policy_decision *decision,
		     const struct whatif *would, size_t n);

/* The same for a terminal: a line for the decision, then indented lines of at most 100
 * columns.  ${ts}: seconds since 1970, NaN: unknown. */
void explain_text(const struct policy_config *, const char *target, double ts,
		  const struct policy_input *, const struct policy_decision *decision,
		  const struct whatif *would, size_t n, struct buf *out);

#endif
