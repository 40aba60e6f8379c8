/* Pure. How many replicas a trace needs at each moment, some time ahead: what runs are measured by,
 * and what an oracle knows. */
#ifndef REPLAY_DEMAND_H
#define REPLAY_DEMAND_H

#include "planner/erlang.h"

#include <stddef.h>

#define DEMAND_MEAN_SEC 30.0 /* of the rate: nobody could follow anything shorter */

struct demand_config {
	struct erlang_sizing sizing; /* of a replica as it truly is */
	double extra_rps;            /* that arrives besides, such as probes */
	int min_replicas, max_replicas;
	double window_sec, ahead_sec;
	double span_sec; /* behind it the rate stays as it was */
};

/* Requests a second at ${sec}; asked for at growing times from 0 to span_sec. */
typedef double demand_rate(void *cookie, double sec);

struct demand {
	struct demand_config config;
	demand_rate *rate;
	void *cookie;
	size_t half;  /* windows on either side of one, in a mean */
	size_t ahead; /* windows that are known ahead */

	double *rps; /* by window: ${half} that have passed, the present one, those ahead */
	size_t before, rps_n; /* of them that have passed, and all; fewer passed at the begin */
	int *needed;          /* by window: the present one, and ${ahead} more */
	size_t windows;       /* drawn so far */
};

/* Begin with the first window.  ${cookie} must stay; free with demand_free. */
void demand_init(struct demand *, const struct demand_config *, demand_rate *rate, void *cookie);
void demand_free(struct demand *);

/* Go on to the next. */
void demand_next(struct demand *);

/* The rate in the present window. */
double demand_rps(const struct demand *);

#endif
