/* Pure. The picture of runs: a panel with the rate, and one a run with the replicas needed, wanted
 * and ready, and the windows that missed the objective. */
#include "replay/chart.h"

#include <math.h>
#include <stdio.h>

#define RATE_PX    84.0
#define PANEL_PX   104.0
#define HEAD_PX    22.0 /* above a panel, for its name */
#define GAP_PX     14.0 /* below it */
#define LEGEND_PX  26.0
#define TIME_PX    30.0 /* below the last panel */
#define MISS_PX    5.0  /* the strip of misses at the foot of a panel */
#define SHADE      0.16 /* opacity above a miss */
#define SHADE_MISS 0.35 /* least opacity of the strip where there was one */

struct panel {
	double top, height;
	double max; /* at its top */
};

static struct svg_at at(const struct panel *p, double column, double value)
{
	return (struct svg_at){CHART_LEFT + column, p->top + p->height * (1 - value / p->max)};
}

/* Scale ${p} to ${max} and draw its frame with ticks. */
static void panel_frame(struct panel *p, double max, size_t ticks_most, struct buf *out)
{
	struct chart_tick ticks[CHART_TICKS_MAX];
	size_t n = chart_ticks(max, ticks_most, ticks);

	p->max = ticks[n - 1].value;
	for (size_t i = 0; i < n; i++) {
		struct svg_at left = at(p, 0, ticks[i].value);
		struct svg_at right = {CHART_RIGHT, left.y};

		svg_line(i == 0 ? SVG_FRAME : SVG_GRID, left, right, out);
		svg_text(SVG_QUIET, (struct svg_at){CHART_LEFT - 8, left.y + 4}, "end",
			 ticks[i].text, out);
	}
}

/* ---- the rate ---- */

static double column_rps(const struct picture_column *c)
{
	return c->rps_sum / c->windows;
}

static void draw_rate(const struct picture *p, double top, struct buf *out)
{
	struct panel panel = {top, RATE_PX, 0};
	double max = 0, last = 0;

	for (size_t i = 0; i < PICTURE_COLUMNS; i++)
		if (p->columns[i].windows > 0)
			max = fmax(max, column_rps(&p->columns[i]));
	panel_frame(&panel, max > 0 ? max : 1, 3, out);
	svg_path_begin(SVG_RATE, at(&panel, 0, 0), out);
	for (size_t i = 0; i < PICTURE_COLUMNS; i++) {
		if (p->columns[i].windows == 0)
			continue;
		last = column_rps(&p->columns[i]);
		svg_path_to(at(&panel, (double)i + 0.5, last), out);
	}
	svg_path_to(at(&panel, PICTURE_COLUMNS, last), out);
	svg_path_to(at(&panel, PICTURE_COLUMNS, 0), out);
	svg_path_end(out);
}

/* ---- replicas ---- */

typedef const struct picture_count *count_of(const struct picture_column *);

static const struct picture_count *wanted_of(const struct picture_column *c)
{
	return &c->wanted;
}

static const struct picture_count *ready_of(const struct picture_column *c)
{
	return &c->ready;
}

/* What was needed at most; a count lasts until the next. */
static void draw_needed(const struct picture *p, const struct panel *panel, struct buf *out)
{
	int last = 0;

	svg_path_begin(SVG_NEEDED, at(panel, 0, 0), out);
	for (size_t i = 0; i < PICTURE_COLUMNS; i++) {
		const struct picture_column *c = &p->columns[i];

		if (c->windows > 0 && c->needed.max != last) {
			svg_path_step(at(panel, (double)i, c->needed.max), out);
			last = c->needed.max;
		}
	}
	svg_path_step(at(panel, PICTURE_COLUMNS, 0), out);
	svg_path_end(out);
}

/* A line of steps; where a column has several, a stroke from the lowest to the highest. */
static void draw_steps(const struct picture *p, const struct panel *panel, const char *class,
		       count_of *count, struct buf *out)
{
	const struct picture_count *first = NULL;
	int last = 0;

	for (size_t i = 0; i < PICTURE_COLUMNS; i++) {
		const struct picture_count *c = count(&p->columns[i]);
		double x = (double)i + 0.5;

		if (p->columns[i].windows == 0)
			continue;
		if (first == NULL) {
			svg_path_begin(class, at(panel, 0, c->min), out);
			first = c;
			last = c->min;
		}
		if (c->min < last && c->min != c->last)
			svg_path_step(at(panel, x, c->min), out);
		if (c->max > last && c->max != c->last)
			svg_path_step(at(panel, x, c->max), out);
		if (c->min != last || c->max != last)
			svg_path_step(at(panel, x, c->last), out);
		last = c->last;
	}
	if (first == NULL)
		return;
	svg_path_to(at(panel, PICTURE_COLUMNS, last), out);
	svg_path_end(out);
}

/* The share of windows that missed, column by column, in tenths.  Where windows are longer than
 * columns, one is about all that passed since the one before. */
static void miss_shares(const struct picture *p, double ret[PICTURE_COLUMNS])
{
	size_t filled = 0;

	for (size_t i = 0; i < PICTURE_COLUMNS; i++) {
		const struct picture_column *c = &p->columns[i];
		double share = c->windows > 0 ? ceil(10.0 * c->over / c->windows) / 10 : 0;

		ret[i] = 0;
		while (c->windows > 0 && filled <= i)
			ret[filled++] = share;
	}
}

/* Columns in a row that missed alike are one box. */
static void draw_misses(const struct picture *p, const struct panel *panel, struct buf *out)
{
	double shares[PICTURE_COLUMNS];
	double shade_px = panel->height - MISS_PX;

	miss_shares(p, shares);
	for (size_t from = 0, to; from < PICTURE_COLUMNS; from = to) {
		double left = CHART_LEFT + (double)from;

		for (to = from + 1; to < PICTURE_COLUMNS && shares[to] == shares[from];)
			to++;
		if (shares[from] == 0)
			continue;
		svg_rect(SVG_MISS, (struct svg_at){left, panel->top}, (double)(to - from), shade_px,
			 SHADE * shares[from], out);
		svg_rect(SVG_MISS, (struct svg_at){left, panel->top + shade_px},
			 (double)(to - from), MISS_PX, fmax(shares[from], SHADE_MISS), out);
	}
}

static double most_replicas(const struct chart_run *runs, size_t n)
{
	int most = 1;

	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < PICTURE_COLUMNS; i++) {
			const struct picture_column *c = &runs[k].picture->columns[i];
			most = c->needed.max > most ? c->needed.max : most;
			most = c->wanted.max > most ? c->wanted.max : most;
			most = c->ready.max > most ? c->ready.max : most;
		}
	}
	return most;
}

/* ---- around them ---- */

static void draw_legend(double top, struct buf *out)
{
	static const struct {
		const char *class, *text;
		bool area;
	} ENTRIES[] = {
		{SVG_NEEDED, "replicas needed", true},
		{SVG_READY, "ready", false},
		{SVG_WANTED, "wanted", false},
		{SVG_MISS, "p95 over the objective", true},
	};
	double x = CHART_LEFT;

	for (size_t i = 0; i < sizeof(ENTRIES) / sizeof(ENTRIES[0]); i++) {
		if (ENTRIES[i].area)
			svg_rect(ENTRIES[i].class, (struct svg_at){x, top}, 18, 10, 1, out);
		else
			svg_line(ENTRIES[i].class, (struct svg_at){x, top + 5},
				 (struct svg_at){x + 18, top + 5}, out);
		svg_text(SVG_QUIET, (struct svg_at){x + 24, top + 9}, "start", ENTRIES[i].text,
			 out);
		x += 24 + svg_text_width(ENTRIES[i].text, 12) + 12;
	}
}

static void draw_times(double span_sec, double top, double bottom, struct buf *out)
{
	struct chart_tick ticks[CHART_TICKS_MAX];
	size_t n = chart_time_ticks(span_sec, 10, ticks);

	for (size_t i = 0; i < n; i++) {
		double x = CHART_LEFT + ticks[i].value / span_sec * PICTURE_COLUMNS;

		svg_line(SVG_GRID, (struct svg_at){x, top}, (struct svg_at){x, bottom + 5}, out);
		svg_text(SVG_QUIET, (struct svg_at){x, bottom + 19}, "middle", ticks[i].text, out);
	}
}

static void draw_head(const char *head, const char *note, double top, struct buf *out)
{
	svg_text(SVG_HEAD, (struct svg_at){CHART_LEFT, top + HEAD_PX - 8}, "start", head, out);
	svg_text(SVG_QUIET, (struct svg_at){CHART_RIGHT, top + HEAD_PX - 8}, "end", note, out);
}

static void draw_run(const struct chart_run *run, double most, double top, struct buf *out)
{
	struct panel panel = {top + HEAD_PX, PANEL_PX, 0};

	draw_head(run->picture->name, run->note, top, out);
	panel_frame(&panel, most, 4, out);
	draw_needed(run->picture, &panel, out);
	draw_misses(run->picture, &panel, out);
	draw_steps(run->picture, &panel, SVG_WANTED, wanted_of, out);
	draw_steps(run->picture, &panel, SVG_READY, ready_of, out);
}

double chart_runs_height(size_t n)
{
	return n == 0 ? 0
		      : HEAD_PX + RATE_PX + GAP_PX + LEGEND_PX +
				(double)n * (HEAD_PX + PANEL_PX + GAP_PX) + TIME_PX;
}

double chart_runs(const struct chart_run *runs, size_t n, double top, struct buf *out)
{
	double bottom = top + chart_runs_height(n);
	double y = top;

	if (n == 0)
		return top;
	draw_times(runs[0].picture->span_sec, top + HEAD_PX, bottom - TIME_PX - GAP_PX, out);
	draw_head("requests per second", "", y, out);
	draw_rate(runs[0].picture, y + HEAD_PX, out);
	y += HEAD_PX + RATE_PX + GAP_PX;
	draw_legend(y, out);
	y += LEGEND_PX;
	for (size_t i = 0; i < n; i++, y += HEAD_PX + PANEL_PX + GAP_PX)
		draw_run(&runs[i], most_replicas(runs, n), y, out);
	return bottom;
}
