/* Pure. What the planner remembers of every target it has heard of: a table by name. */
#ifndef PLANNER_TARGETS_H
#define PLANNER_TARGETS_H

#include "planner/brain.h"

#include <stddef.h>

#define TARGETS_MAX 64 /* names come from messages, so there has to be an end to them */

struct targets;

/* An empty table, in which a place is kept for ${own}, whoever else comes.  Both must stay valid.
 * Free with targets_free (NULL is fine). */
struct targets *targets_new(const struct policy_config *config, const char *own);
void targets_free(struct targets *);

size_t targets_count(const struct targets *);

/* The brain of ${name}, or NULL when it was never added. */
struct brain *targets_find(const struct targets *, const char *name);

/* The brain of ${name}, which is new when it was never asked for before; NULL when that would be
 * one more than TARGETS_MAX, or take the place that is kept. */
struct brain *targets_add(struct targets *, const char *name);

#endif
