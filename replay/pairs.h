/* Pure. Recorded alerts, each beside the plan that answered it.
 *
 * A plan comes some messages after its alert, and says when that was heard.  So messages wait here,
 * in their order, while the plan of an alert may still come.  It may also come some before: what
 * happened within a millisecond has no order in the streams. */
#ifndef REPLAY_PAIRS_H
#define REPLAY_PAIRS_H

#include "planner/fold.h"

#include <stdbool.h>
#include <stdint.h>

#define PAIRS_MAX       4096 /* messages between an alert and its plan, at most; none beyond */
#define PAIRS_EARLY_MAX 256  /* plans that wait for an alert; the oldest is dropped beyond */

struct pairs;

struct pairs *pairs_new(void);
void pairs_free(struct pairs *);

/* A message that entered, in the same order, and of an alert: */
struct pair {
	struct fold_message message;
	uint64_t heard_ms; /* as it entered with it */
	bool answered;
	struct message_plan live; /* then: the plan */
	char *live_text;          /* and its text */
};

void pair_done(struct pair *);

/* ${message} enters; what it owns is the pairs' from then on.  ${text} is copied where it is that
 * of a plan; what has no consequence is dropped. */
void pairs_add(struct pairs *, struct fold_message *message, uint64_t heard_ms, const char *text);

/* The next message that waits for nothing any more, which is the caller's; false: there is none.
 * With ${all} none waits. */
bool pairs_next(struct pairs *, bool all, struct pair *ret);

#endif
