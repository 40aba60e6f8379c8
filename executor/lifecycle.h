/* Shell. Does the reconciler's steps by calls to Docker: one step per container at a time, each a
 * short chain of calls, what it began and could not finish undone.  It decides nothing. */
#ifndef EXECUTOR_LIFECYCLE_H
#define EXECUTOR_LIFECYCLE_H

#include "common/docker.h"
#include "executor/config.h"
#include "executor/step.h"

#include <stddef.h>

#define LIFECYCLE_STEPS_MAX 128 /* under way at once */

struct lifecycle;

/* A step has ended: 0, or -errno and a sentence; -EPERM: in the middle, since this executor may not
 * act (docker_guard).  It is no longer among those under way. */
typedef void lifecycle_done(const struct step *, int err, const char *error, void *cookie);

/* ${config} must stay valid. */
struct lifecycle *lifecycle_open(struct docker *, const struct executor_config *config,
				 lifecycle_done *done, void *cookie);

/* Forget all steps, with no callback.  Docker must have been closed before. */
void lifecycle_close(struct lifecycle *);

/* Begin a step.  ${done} is called exactly once, never from inside.  0; -EBUSY when a step on this
 * container is under way; -ENOSPC when too many are. */
int lifecycle_run(struct lifecycle *, const struct step *);

/* The steps under way, valid until the next call or callback. */
size_t lifecycle_busy(const struct lifecycle *, const struct step **ret);

#endif
