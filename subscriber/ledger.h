/* Pure. Replica counts as they would be if every plan were executed: the dry run of the suite. */
#ifndef SUBSCRIBER_LEDGER_H
#define SUBSCRIBER_LEDGER_H

#include "common/message.h"

#define LEDGER_TARGETS_MAX 256

struct ledger;

struct ledger_step {
	int before, after; /* replicas, the template counted */
};

/* An empty ledger, in which no plan leads outside [${min}, ${max}]. */
struct ledger *ledger_new(int min, int max);
void ledger_free(struct ledger *);

/* ${replicas} of ${target} were seen running: where its count starts, if this is the first word of
 * it. */
void ledger_observe(struct ledger *, const char *target, int replicas);

/* Apply ${plan} as the executor would: scale_up and scale_down lead to the count it names, or by
 * one where it names none; noop and restart change nothing.  A target that was never observed
 * starts with the count in the plan's telemetry, else with the minimum.  0, or -ENOSPC when there
 * are LEDGER_TARGETS_MAX others. */
int ledger_apply(struct ledger *, const struct message_plan *plan, struct ledger_step *ret);

#endif
