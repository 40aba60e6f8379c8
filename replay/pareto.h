/* Pure. The Pareto front of misses against cost: those that nobody beats, by being no worse in both
 * and better in one. */
#ifndef REPLAY_PARETO_H
#define REPLAY_PARETO_H

#include <stdbool.h>
#include <stddef.h>

struct pareto_point {
	double over; /* share of windows over the objective */
	double cost;
	bool apart; /* shown, but not in the race: the oracle, who knows what no policy can */
	bool front; /* found */
};

/* Set front of each.  One with a NaN is not on it; equals are all on it or none. */
void pareto_mark(struct pareto_point *, size_t n);

#endif
