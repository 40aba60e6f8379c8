/* Pure. What one scaling policy has to offer to policy.c, which gives all of them their common
 * shape (planner/policy.h). */
#ifndef PLANNER_POLICY_IMPL_H
#define PLANNER_POLICY_IMPL_H

#include "planner/policy.h"

struct policy_impl {
	/* What this policy remembers of one target, with nothing seen yet; gone with destroy. */
	void *(*create)(const struct policy_config *);
	void (*destroy)(void *memory);

	/* Decide about one window.  ${ret} comes zeroed; fill all of it, but leave the replicas of
	 * a noop to policy.c. */
	void (*step)(void *memory, const struct policy_config *, uint64_t now_ms,
		     const struct policy_input *, struct policy_decision *ret);
};

/* Add to the facts that ${decision} rests on; beyond POLICY_FACTS_MAX nothing is added.  ${name}
 * must stay valid. */
void policy_fact_number(struct policy_decision *decision, const char *name, double value);
void policy_fact_gate(struct policy_decision *decision, const char *name, bool open);

/* ${replicas} brought within [MIN_REPLICAS, MAX_REPLICAS]. */
int policy_clamp(const struct policy_config *, int replicas);

#endif
