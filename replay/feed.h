/* Pure. The rate of a trace at any time: its points are joined by straight lines, evened out where
 * asked, scaled.  Points are drawn as they are needed; how many there are does not matter.
 *
 * Times are seconds since the first point. */
#ifndef REPLAY_FEED_H
#define REPLAY_FEED_H

#include <stdbool.h>
#include <stddef.h>

/* A trace whose steps are shorter than this is evened out over as long: its scatter is that of
 * counting, which is drawn anew when arrivals are drawn. */
#define FEED_SMOOTH_SEC     60
#define FEED_SMOOTH_SEC_MAX 3600

/* The next point, times never falling; false behind the last. */
typedef bool feed_source(void *cookie, double *ret_sec, double *ret_rps);

/* The trace itself, between the two points around a time. */
struct feed_line {
	feed_source *source;
	void *cookie;
	double zero_sec; /* of the first point, on the source's clock */
	double from_sec, from_rps, to_sec, to_rps;
	double area; /* below it, from 0 to from_sec */
	bool ended;  /* to_sec is the end of all */
};

struct trace_feed {
	struct feed_line line;
	double factor;

	/* Evened out: the area below the line at whole seconds, the last ring_n up to head_sec. */
	double *ring;
	size_t ring_n;
	size_t half_n; /* seconds to either side of a mean; 0: the line itself */
	size_t head_sec;
};

/* Draw points from ${source} with ${cookie}, which must stay; rates are means over ${smooth_sec}
 * (0 to FEED_SMOOTH_SEC_MAX, two at least) around their time, over what there is of it at both
 * ends, times ${factor}.  Free with feed_free. */
void feed_init(struct trace_feed *, feed_source *source, void *cookie, double smooth_sec,
	       double factor);
void feed_free(struct trace_feed *);

/* The rate of ${feed}, a struct trace_feed, at ${sec} >= 0, which never falls from call to call.
 * Of two points at one time the later counts from then on; behind the last point its rate lasts on;
 * 0 without any point. */
double feed_rate(void *feed, double sec);

#endif
