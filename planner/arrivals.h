/* Pure. How many requests arrive a second: a long mean, a short one for bursts, a test that tells
 * when there is a burst, and a margin for what is still to come. */
#ifndef PLANNER_ARRIVALS_H
#define PLANNER_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>

#define ARRIVALS_WINDOWS_MAX 512 /* the long mean covers no more windows than this */

struct arrivals_config {
	double short_sec, long_sec; /* spans of the two means; at least one window each */
	double burst_sigmas; /* alarm of the burst test; 0: no test, the short mean never rules */
	double miss_share;   /* of the windows: in so many more may arrive than upper_rps said */
};

/* A value: it may be copied. */
struct arrivals {
	double rps[ARRIVALS_WINDOWS_MAX], sec[ARRIVALS_WINDOWS_MAX]; /* a ring */
	size_t first, n;
	double cusum;
	size_t rising; /* windows since the test rose out of the noise */
	bool burst;
	double burst_left_sec; /* before which it does not end */
	double margin_sigmas;
	double upper_rps; /* what was estimated after the last window; NaN: nothing */
};

struct arrivals_estimate {
	double short_rps; /* in a burst the mean goes back no further than its start */
	double long_rps;
	double cusum;         /* in standard deviations; an alarm above burst_sigmas */
	bool burst;           /* the short mean rules: max(short, long) */
	double rps;           /* the mean that rules */
	double upper_rps;     /* with margin: rps + q sqrt(rps / span of the short mean) */
	double margin_sigmas; /* q, 0 to 4: grows by gamma when the short mean came to more than
				 upper_rps had said, and shrinks so that this stays as rare as
				 miss_share (q += gamma (missed - miss_share)) */
};

void arrivals_init(struct arrivals *);

/* One more window of ${sec} > 0 seconds in which ${rps} >= 0 requests a second arrived. */
void arrivals_add(struct arrivals *, const struct arrivals_config *, double rps, double sec);

/* Windows are missing: what was before says nothing about now.  The margin is kept. */
void arrivals_gap(struct arrivals *);

/* False, and nothing in ${ret}, before the first window. */
bool arrivals_estimate(const struct arrivals *, const struct arrivals_config *,
		       struct arrivals_estimate *ret);

#endif
