/* Pure. A rolling restart: which container goes next, and when.  How one leaves and comes back is
 * not decided here: a replica that leaves is replaced, the template that left is restarted, as the
 * reconciler does with any. */
#ifndef EXECUTOR_RESTART_H
#define EXECUTOR_RESTART_H

#include "common/message.h"
#include "executor/fleet.h"

#include <stdbool.h>
#include <stdint.h>

struct restart {
	bool active;
	bool surge;                   /* keep two, so that one serves while the other is out */
	char (*queue)[DOCKER_ID_MAX]; /* in the order they go */
	size_t queue_n, next;
	uint64_t since_ms;                  /* of the last progress */
	char names[MESSAGE_TEXT_MAX / 2];   /* of those done, for the report */
	char failure[MESSAGE_TEXT_MAX / 2]; /* a restart that failed; or "" */
};

enum restart_verdict { RESTART_WAIT, RESTART_TAKE, RESTART_FINISHED, RESTART_GAVE_UP };

/* Begin with what ${fleet} has alive now. */
void restart_begin(struct restart *, const struct fleet *, uint64_t now_ms);
void restart_end(struct restart *);

/* What next: TAKE (${ret}: the one to take out of rotation), FINISHED, GAVE_UP after ${limit_ms}
 * without progress, or WAIT.  ${settled}: what is there is what is wanted; ${enough}: so it would
 * be without the surge. */
enum restart_verdict restart_next(struct restart *, struct fleet *, bool settled, bool enough,
				  uint64_t limit_ms, uint64_t now_ms, struct member **ret);

#endif
