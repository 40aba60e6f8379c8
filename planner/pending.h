/* Pure. A change of the count that is under way, how long such a change takes, and when it is no
 * longer believed in. */
#ifndef PLANNER_PENDING_H
#define PLANNER_PENDING_H

#include <stdbool.h>
#include <stdint.h>

/* A value: it may be copied. */
struct pending {
	bool open;    /* the last change is not done yet */
	bool lost;    /* nor will it be: it had its time */
	int replicas; /* that it leads to */
	bool up;
	uint64_t since_ms;
	uint64_t seen_ms;   /* the last window, or its begin */
	double startup_sec; /* from asking for a replica to its first request; NaN: not seen yet */
};

void pending_init(struct pending *);

/* A change to ${replicas} was asked for. */
void pending_begin(struct pending *, uint64_t now_ms, int replicas, bool up);

/* The executor refused it. */
void pending_cancel(struct pending *);

/* A window: ${running} replicas, ${ready} of them in rotation.  A change is done when that is what
 * it leads to, and lost after a multiple of the start-up time (${startup_sec} where it is set, NaN:
 * learned, also from those that came after they were lost). */
void pending_window(struct pending *, uint64_t now_ms, double window_sec, int running, int ready,
		    double startup_sec);

/* How long a change may take, in ms. */
uint64_t pending_allowance_ms(const struct pending *, double window_sec, double startup_sec);

#endif
