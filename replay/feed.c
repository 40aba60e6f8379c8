/* Pure. The rate of a trace at any time. */
#include "replay/feed.h"

#include "common/mem.h"

#include <math.h>
#include <stdlib.h>

/* ---- the line through the points ---- */

static void line_begin(struct feed_line *l, feed_source *source, void *cookie)
{
	*l = (struct feed_line){.source = source, .cookie = cookie};
	l->ended = !source(cookie, &l->zero_sec, &l->from_rps);
	l->to_rps = l->from_rps;
}

/* Bring ${sec} between both points, or reach the end. */
static void line_advance(struct feed_line *l, double sec)
{
	double next_sec, next_rps;

	while (!l->ended && l->to_sec <= sec) {
		if (!l->source(l->cookie, &next_sec, &next_rps)) {
			l->ended = true;
			return;
		}
		l->area += (l->to_sec - l->from_sec) * (l->from_rps + l->to_rps) / 2;
		l->from_sec = l->to_sec;
		l->from_rps = l->to_rps;
		l->to_sec = next_sec - l->zero_sec;
		l->to_rps = next_rps;
	}
}

static double line_rate(struct feed_line *l, double sec)
{
	line_advance(l, sec);
	if (sec >= l->to_sec)
		return l->to_rps;
	return l->from_rps +
	       (l->to_rps - l->from_rps) * (sec - l->from_sec) / (l->to_sec - l->from_sec);
}

/* The area below the line up to ${sec}; behind its end there is no more. */
static double line_area(struct feed_line *l, double sec)
{
	line_advance(l, sec);
	sec = fmin(sec, l->to_sec);
	return l->area + (sec - l->from_sec) * (l->from_rps + line_rate(l, sec)) / 2;
}

/* ---- evened out ---- */

static void ring_fill(struct trace_feed *f, double sec)
{
	while ((double)f->head_sec < sec &&
	       !(f->line.ended && (double)f->head_sec >= f->line.to_sec)) {
		f->head_sec++;
		f->ring[f->head_sec % f->ring_n] = line_area(&f->line, (double)f->head_sec);
	}
}

/* The area up to a whole second that is in the ring, or beyond either end. */
static double ring_area(struct trace_feed *f, double sec)
{
	if (sec <= 0)
		return 0;
	if (f->line.ended && sec >= f->line.to_sec)
		return line_area(&f->line, sec);
	return f->ring[(size_t)sec % f->ring_n];
}

/* The mean around a whole second, over what there is. */
static double mean_around(struct trace_feed *f, double sec)
{
	double half = (double)f->half_n;
	double from = fmax(sec - half, 0);
	double to = sec + half;
	double area = ring_area(f, to) - ring_area(f, from);

	if (f->line.ended)
		to = fmin(to, f->line.to_sec);
	return to > from ? area / (to - from) : line_rate(&f->line, to);
}

static double smooth_rate(struct trace_feed *f, double sec)
{
	ring_fill(f, floor(sec) + (double)f->half_n + 1);
	if (f->line.ended)
		sec = fmin(sec, f->line.to_sec);

	double whole = floor(sec);
	double before = mean_around(f, whole);

	return before + (mean_around(f, whole + 1) - before) * (sec - whole);
}

void feed_init(struct trace_feed *f, feed_source *source, void *cookie, double smooth_sec,
	       double factor)
{
	*f = (struct trace_feed){.factor = factor, .half_n = (size_t)ceil(smooth_sec / 2)};
	line_begin(&f->line, source, cookie);
	if (f->half_n > 0) {
		/* From half before one second to half behind the next. */
		f->ring_n = 2 * f->half_n + 2;
		f->ring = xcalloc(f->ring_n, sizeof(f->ring[0]));
	}
}

void feed_free(struct trace_feed *f)
{
	free(f->ring);
	f->ring = NULL;
}

double feed_rate(void *feed, double sec)
{
	struct trace_feed *f = feed;

	return f->factor * (f->half_n > 0 ? smooth_rate(f, sec) : line_rate(&f->line, sec));
}
