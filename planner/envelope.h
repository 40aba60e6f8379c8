/* Pure. What becomes of advice: it chooses inside the envelope that the policy computed first, or
 * nothing changes. */
#ifndef PLANNER_ENVELOPE_H
#define PLANNER_ENVELOPE_H

#include "planner/policy.h"

/* Thresholds the advisor may propose, and for how long one proposal holds. */
#define ADVICE_ALPHA_MIN     1.2
#define ADVICE_ALPHA_MAX     10.0
#define ADVICE_BETA_MIN      1.0
#define ADVICE_BETA_MAX      1.5
#define ADVICE_THRESHOLD_SEC 600

/* ${decision} is the policy's own, taken with ${wanted} replicas wanted so far: let ${advice}
 * choose another.  A count is one replica from ${wanted}, or ${wanted} itself (a noop), brought
 * into decision->envelope; it never ends up on the other side of the policy's own count than the
 * advice points to.  A restart is taken where the envelope grants one and lets the count stay; the
 * policy's own restart is not put off.  Advice about another state is none.
 *
 * Sets advised where the decision changed, whose reason then names both opinions, and adds a gate
 * "advice": it passes when the decision is what was advised; its value is the count advised, its
 * bound the count that became of it. */
void envelope_apply(const struct policy_advice *advice, int wanted,
		    struct policy_decision *decision);

#endif
