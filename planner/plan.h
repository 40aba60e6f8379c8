/* Pure. A decision as the plan that is published. */
#ifndef PLANNER_PLAN_H
#define PLANNER_PLAN_H

#include "planner/brain.h"

/* Fill ${ret} but for id and ts, with "explain" and, where advice was heard, "advisor"; end with
 * message_plan_done. */
void plan_make(const struct policy_config *, const struct message_alert *,
	       const struct brain_decided *, struct message_plan *ret);

#endif
