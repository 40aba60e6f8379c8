/* Pure. How long each count of replicas would have been enough: what was asked for in the last
 * minutes, at its highest, is kept. */
#ifndef PLANNER_HOLD_H
#define PLANNER_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#define HOLD_REPLICAS_MAX 1000 /* as of MAX_REPLICAS */

/* A value: it may be copied. */
struct hold {
	bool begun;
	uint64_t enough_since_ms[HOLD_REPLICAS_MAX + 1]; /* by count: falls as the count rises */
};

/* At ${now_ms}, ${replicas} were needed, and fewer were not enough.  A clock that steps back begins
 * the hold of what lies ahead of it anew. */
void hold_need(struct hold *, uint64_t now_ms, int replicas);

/* The smallest count that was enough for all of the last ${span_ms}; HOLD_REPLICAS_MAX for none. */
int hold_floor(const struct hold *, uint64_t now_ms, uint64_t span_ms);

/* For how long ${replicas} >= 0 have been enough, in ms; beyond HOLD_REPLICAS_MAX as that many. */
uint64_t hold_since(const struct hold *, uint64_t now_ms, int replicas);

#endif
