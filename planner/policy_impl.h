/* Pure. What one scaling policy has to offer to policy.c, which gives all of them their common
 * shape (planner/policy.h). */
#ifndef PLANNER_POLICY_IMPL_H
#define PLANNER_POLICY_IMPL_H

#include "planner/policy.h"

struct policy_impl {
	double alpha_up; /* where ALPHA_UP is not set */

	/* What this policy remembers of one target, with nothing seen yet; gone with destroy. */
	void *(*create)(const struct policy_config *);
	void *(*copy)(const void *memory);
	void (*destroy)(void *memory);

	/* Decide about one window, ${wanted} being the count wanted so far (the running one at
	 * first).  ${ret} comes zeroed; fill action, replicas (of an action), reason, decided_by,
	 * the figures, the envelope, the facts.  Nothing is done yet: advice may change it. */
	void (*step)(void *memory, const struct policy_config *, uint64_t now_ms,
		     const struct policy_input *, int wanted, struct policy_decision *ret);

	/* An action was decided on, advice heard: ${decision}. */
	void (*acted)(void *memory, const struct policy_config *, uint64_t now_ms,
		      const struct policy_input *, const struct policy_decision *decision);

	/* The executor answered: it keeps ${wanted}; ${done} false: it refused or failed the last
	 * action.  May be NULL. */
	void (*told)(void *memory, int wanted, bool done);

	/* As policy_recall.  May be NULL. */
	void (*recall)(void *memory, const char *name, double value);
};

/* Add to the facts that ${decision} rests on; beyond POLICY_FACTS_MAX nothing is added.  ${name}
 * must stay valid.  A gate passes when its condition holds; ${value} was compared with ${bound},
 * NaN where there is no such number. */
void policy_estimate(struct policy_decision *decision, const char *name, double value);
void policy_gate(struct policy_decision *decision, const char *name, bool pass, double value,
		 double bound);

/* The share of answers that failed: of probes or of real requests, whichever is worse. */
double policy_failed_share(const struct policy_input *);

/* ${replicas} brought within [MIN_REPLICAS, MAX_REPLICAS]. */
int policy_clamp(const struct policy_config *, int replicas);

#endif
