/* Pure. PLANNER_POLICY=adaptive, the default: as many replicas as the arriving load needs, by what
 * a replica was seen to carry; latency as the guard where that is unknown or wrong; down only when
 * those that stay carry the load.  DESIGN.md, "The adaptive policy", tells it as a whole. */
#ifndef PLANNER_POLICY_ADAPTIVE_H
#define PLANNER_POLICY_ADAPTIVE_H

#include "planner/policy_impl.h"

extern const struct policy_impl policy_adaptive;

#endif
