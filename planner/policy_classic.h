/* Pure. PLANNER_POLICY=classic: one replica up or down by how far the p95 of the probes is from the
 * median of its own past.  It decides as the system that this one succeeds, window for window, its
 * faults included, so that who comes from there finds what he left.  The same law in other words:
 * tests/integration/support/classic.py. */
#ifndef PLANNER_POLICY_CLASSIC_H
#define PLANNER_POLICY_CLASSIC_H

#include "planner/policy_impl.h"

extern const struct policy_impl policy_classic;

#endif
