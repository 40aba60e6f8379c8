/* Pure. Why a decision fell as it did, for the "explain" object of a plan. */
#ifndef PLANNER_EXPLAIN_H
#define PLANNER_EXPLAIN_H

#include "planner/policy.h"

#include <cjson/cJSON.h>

/* {"policy":"classic","gates":{"warm":true},"numbers":{"ratio":1.5}} from the facts of ${decision};
 * numbers rounded to 3 decimals, those that are not finite left out.  The caller owns it. */
cJSON *explain_build(const struct policy_config *, const struct policy_decision *decision);

#endif
