/* Pure. What charts are made of: scales with round ticks, panels, labels that keep apart. */
#ifndef REPLAY_CHART_H
#define REPLAY_CHART_H

#include "replay/pareto.h"
#include "replay/picture.h"
#include "replay/svg.h"

#include <stdbool.h>
#include <stddef.h>

/* All charts of one document are as wide, and their panels stand one below the other. */
#define CHART_WIDTH 920.0
#define CHART_LEFT  64.0 /* of a panel */
#define CHART_RIGHT (CHART_LEFT + PICTURE_COLUMNS)

#define CHART_TICKS_MAX 16
#define CHART_TICK_TEXT 24

struct chart_tick {
	double value;
	char text[CHART_TICK_TEXT];
};

/* 0 to at least ${max} > 0 in up to ${most} round steps, 1, 2 or 5 of a power of ten; how many
 * there are. */
size_t chart_ticks(double max, size_t most, struct chart_tick ret[CHART_TICKS_MAX]);

/* The same, but not above ${max}, of time: "0", "2 h", "4 h" … */
size_t chart_time_ticks(double max_sec, size_t most, struct chart_tick ret[CHART_TICKS_MAX]);

/* Place for labels.  A box that is taken is not given away again. */
#define CHART_BOXES_MAX 2048
struct chart_box {
	double left, top, right, bottom;
};

struct chart_boxes {
	struct chart_box at[CHART_BOXES_MAX];
	size_t n;
	struct chart_box within;
};

/* Beyond CHART_BOXES_MAX nothing is taken. */
void chart_take(struct chart_boxes *, struct chart_box);

/* Where a text of that size, as near ${to} as may be, keeps clear of all that is taken, and takes
 * it: its left end on its base line.  False: nowhere near. */
bool chart_place(struct chart_boxes *, struct svg_at to, double width, double height,
		 struct svg_at *ret);

#define CHART_NOTE_MAX 128

struct chart_run {
	const struct picture *picture;
	char note[CHART_NOTE_MAX]; /* how it ended, in few words; may be empty */
};

/* The rate of the first run, then a panel for each.  Returns the y below them. */
double chart_runs(const struct chart_run *, size_t n, double top, struct buf *out);
double chart_runs_height(size_t n);

/* A policy in the Pareto plot, its median by ${median}. */
struct chart_point {
	const char *label; /* NULL: a dot alone */
	struct pareto_point median;
	double over_worst, cost_worst;
};

double chart_pareto(const struct chart_point *points, size_t n, double top, struct buf *out);
double chart_pareto_height(void);

#endif
