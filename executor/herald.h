/* Shell. Says what was done: results on the bus, one line each in the log; oddities in the log,
 * once. */
#ifndef EXECUTOR_HERALD_H
#define EXECUTOR_HERALD_H

#include "common/bucket.h"
#include "common/bus.h"
#include "common/message.h"
#include "common/metrics.h"
#include "executor/fleet.h"
#include "executor/tenure.h"

#define HERALD_STATUSES (STATUS_ERROR + 1)

struct herald {
	struct bus *bus;
	const char *target;
	int lease;          /* token under which this executor acts, for the results; -1: none */
	struct bucket idle; /* answers that tell of no change */
	bool withholding;   /* said so */
	struct metric *dropped, *withheld, *results[HERALD_STATUSES];
	struct metric *scaled_up, *scaled_down, *times;
	char stranger[REPLICA_NAME_MAX], problem[sizeof(((struct fleet *)0)->problem)]; /* last */
};

/* Arguments must stay valid. */
void herald_init(struct herald *, struct bus *, const char *target, struct metrics *);

/* Publish ${result}, with target and time filled in, and with an id where it has none.  In a flood
 * of plans not each that changed nothing is answered: that would be a flood of our own, which
 * drives what matters out of the stream. */
void herald_publish(struct herald *, struct message_result *result);

/* Log who acts from now on. */
void herald_tenure(enum tenure_turn, const struct lease_news *);

/* Log what will not be touched, and that there is nothing to act on, when that changes. */
void herald_oddities(struct herald *, const struct fleet *);

#endif
