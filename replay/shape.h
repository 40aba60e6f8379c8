/* Pure. What a trace is like as a whole: how long, how fine, how high. */
#ifndef REPLAY_SHAPE_H
#define REPLAY_SHAPE_H

#include "replay/feed.h"

#include <stdint.h>

struct trace_shape {
	double span_sec;
	double step_sec; /* mean time from point to point */
	double mean_rps; /* over time */
	double max_rps;  /* as it will be fed: evened out over smooth_sec */
	double smooth_sec;
	uint64_t points;
};

/* Sums over the points; begins all zero. */
struct shape_tally {
	uint64_t points;
	uint64_t short_steps; /* under FEED_SMOOTH_SEC */
	double first_sec, last_sec, last_rps;
	double area; /* below the line */
	double max_rps;
};

/* The next point; times never fall. */
void shape_add(struct shape_tally *, double sec, double rps);

/* What the tally came to.  ${smooth_sec} as feed_init; NaN: FEED_SMOOTH_SEC where most steps are
 * shorter, else 0.  max_rps is that of the points, which shape_max() then corrects. */
struct trace_shape shape_end(const struct shape_tally *, double smooth_sec);

/* The highest rate of the points of ${source}, evened out as ${shape} says. */
double shape_max(const struct trace_shape *shape, feed_source *source, void *cookie);

#endif
