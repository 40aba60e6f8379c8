/* Pure. What a trace is like as a whole. */
#include "replay/shape.h"

#include <math.h>

void shape_add(struct shape_tally *t, double sec, double rps)
{
	if (t->points == 0) {
		t->first_sec = sec;
	} else {
		t->area += (sec - t->last_sec) * (t->last_rps + rps) / 2;
		t->short_steps += sec - t->last_sec < FEED_SMOOTH_SEC;
	}
	t->points++;
	t->last_sec = sec;
	t->last_rps = rps;
	t->max_rps = fmax(t->max_rps, rps);
}

struct trace_shape shape_end(const struct shape_tally *t, double smooth_sec)
{
	double span_sec = t->last_sec - t->first_sec;
	double steps = t->points > 1 ? (double)(t->points - 1) : NAN;
	bool fine = (double)t->short_steps > steps / 2;

	return (struct trace_shape){
		.span_sec = span_sec,
		.step_sec = span_sec / steps,
		.mean_rps = t->area / span_sec,
		.max_rps = t->max_rps,
		.smooth_sec = !isnan(smooth_sec) ? smooth_sec
			      : fine             ? FEED_SMOOTH_SEC
						 : 0,
		.points = t->points,
	};
}

double shape_max(const struct trace_shape *shape, feed_source *source, void *cookie)
{
	struct trace_feed feed;
	double max_rps = 0;

	if (shape->smooth_sec == 0)
		return shape->max_rps;
	feed_init(&feed, source, cookie, shape->smooth_sec, 1);
	for (uint64_t sec = 0; (double)sec <= shape->span_sec; sec++)
		max_rps = fmax(max_rps, feed_rate(&feed, (double)sec));
	feed_free(&feed);
	return max_rps;
}
