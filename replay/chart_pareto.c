/* Pure. The Pareto plot: what policies missed against what they cost. */
#include "replay/chart.h"

#include "common/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAD_PX    30.0
#define PLOT_PX    360.0
#define FOOT_PX    48.0
#define DOT_PX     5.0
#define LABEL_PX   15.0 /* height of a label */
#define TEXT_PX    13.0
#define BOLD_PX    14.5 /* bold text is as wide as other text of this height */
#define LEADER_PX  14.0 /* a label this far from its dot is tied to it */
#define OVER_LIMIT 0.05 /* a policy for p95 may miss so many windows by its own promise */
#define OVER_LEAST 0.06 /* the share at the top is at least this, so that the limit is seen */
#define COST_ROOM  1.06 /* the plot is so much wider than the points on either side */
#define COST_LEAST 1.25 /* it spans at least this factor */

/* Shares are drawn by their square roots, for those near 0 are the ones that count; costs by their
 * logarithms. */
struct plot {
	double top;
	double over_max;
	double cost_min, cost_max;
};

static double x_of(const struct plot *p, double cost)
{
	return CHART_LEFT +
	       PICTURE_COLUMNS * log(cost / p->cost_min) / log(p->cost_max / p->cost_min);
}

static double y_of(const struct plot *p, double over)
{
	return p->top + PLOT_PX * (1 - sqrt(over / p->over_max));
}

static struct svg_at at(const struct plot *p, double cost, double over)
{
	return (struct svg_at){x_of(p, cost), y_of(p, over)};
}

static bool is_drawn(const struct chart_point *p)
{
	return isfinite(p->median.over) && isfinite(p->median.cost) && p->median.cost > 0;
}

static void scale(struct plot *plot, const struct chart_point *points, size_t n)
{
	double lo = 1, hi = 1, over = OVER_LEAST;

	for (size_t i = 0; i < n; i++) {
		if (!is_drawn(&points[i]))
			continue;
		lo = fmin(lo, points[i].median.cost);
		hi = fmax(hi, fmax(points[i].median.cost, points[i].cost_worst));
		over = fmax(over, fmax(points[i].median.over, points[i].over_worst));
	}
	plot->cost_min = lo / COST_ROOM;
	plot->cost_max = fmax(hi * COST_ROOM, plot->cost_min * COST_LEAST);
	plot->over_max = fmin(over * 1.08, 1);
}

/* ---- axes ---- */

#define TICKS_MAX 24

/* Of ${values}, the most welcome first, those that are ${apart_px} from any before. */
static size_t choose_ticks(const struct plot *p, double (*place)(const struct plot *, double),
			   const double *values, size_t n, double apart_px, double ret[TICKS_MAX])
{
	size_t chosen = 0;

	for (size_t i = 0; i < n && chosen < TICKS_MAX; i++) {
		bool apart = true;

		for (size_t k = 0; k < chosen && apart; k++)
			apart = fabs(place(p, values[i]) - place(p, ret[k])) >= apart_px;
		if (apart)
			ret[chosen++] = values[i];
	}
	return chosen;
}

static void draw_over_axis(const struct plot *p, struct buf *out)
{
	static const double SHARES[] = {0,   0.05, 0.01, 0.2,   0.5, 1,
					0.1, 0.02, 0.3,  0.005, 0.7, 0.002};
	double ticks[TICKS_MAX];
	size_t n = choose_ticks(p, y_of, SHARES, sizeof(SHARES) / sizeof(SHARES[0]), 16, ticks);

	for (size_t i = 0; i < n; i++) {
		double y = y_of(p, ticks[i]);
		char text[16];

		if (ticks[i] > p->over_max)
			continue;
		snprintf(text, sizeof(text), "%g %%", ticks[i] * 100);
		svg_line(ticks[i] == 0            ? SVG_FRAME
			 : ticks[i] == OVER_LIMIT ? SVG_LIMIT
						  : SVG_GRID,
			 (struct svg_at){CHART_LEFT, y}, (struct svg_at){CHART_RIGHT, y}, out);
		svg_text(SVG_QUIET, (struct svg_at){CHART_LEFT - 8, y + 4}, "end", text, out);
	}
}

static void draw_cost_axis(const struct plot *p, struct buf *out)
{
	static const double FACTORS[] = {1,   2,   5,   10,  20,  50,  100, 0.5, 0.2, 0.1,
					 1.5, 3,   7,   0.7, 30,  1.2, 0.8, 1.1, 1.3, 4,
					 0.9, 1.4, 1.7, 2.5, 1.6, 0.6, 15,  70,  1.05};
	double ticks[TICKS_MAX];
	double foot = p->top + PLOT_PX;
	size_t n = choose_ticks(p, x_of, FACTORS, sizeof(FACTORS) / sizeof(FACTORS[0]), 52, ticks);

	for (size_t i = 0; i < n; i++) {
		double x = x_of(p, ticks[i]);
		char text[16];

		if (ticks[i] < p->cost_min || ticks[i] > p->cost_max)
			continue;
		snprintf(text, sizeof(text), "%g", ticks[i]);
		svg_line(SVG_GRID, (struct svg_at){x, p->top}, (struct svg_at){x, foot + 5}, out);
		svg_text(SVG_QUIET, (struct svg_at){x, foot + 19}, "middle", text, out);
	}
}

/* ---- points ---- */

static int by_cost(const void *a, const void *b)
{
	const struct pareto_point *p = a, *q = b;

	return (p->cost > q->cost) - (p->cost < q->cost);
}

/* From each policy on the front to the next dearer one: below and left of it there is nothing. */
static void draw_front(const struct plot *plot, const struct chart_point *points, size_t n,
		       struct chart_boxes *boxes, struct buf *out)
{
	struct pareto_point *front = xcalloc(n, sizeof(front[0]));
	size_t front_n = 0;

	for (size_t i = 0; i < n; i++)
		if (points[i].median.front && is_drawn(&points[i]))
			front[front_n++] = points[i].median;
	qsort(front, front_n, sizeof(front[0]), by_cost);
	for (size_t i = 0; i + 1 < front_n; i++) {
		struct svg_at from = at(plot, front[i].cost, front[i].over);
		struct svg_at to = at(plot, front[i + 1].cost, front[i + 1].over);

		svg_path_begin(SVG_FRONT, from, out);
		svg_path_step(to, out);
		svg_path_end(out);
		chart_take(boxes, (struct chart_box){from.x, from.y - 1, to.x, from.y + 1});
		chart_take(boxes, (struct chart_box){to.x - 1, from.y, to.x + 1, to.y});
	}
	free(front);
}

/* What a label must not hide. */
static void take_point(const struct plot *plot, const struct chart_point *p,
		       struct chart_boxes *boxes)
{
	struct svg_at dot = at(plot, p->median.cost, p->median.over);
	struct svg_at worst = at(plot, p->cost_worst, p->over_worst);

	chart_take(boxes, (struct chart_box){dot.x - DOT_PX - 1, dot.y - DOT_PX - 1,
					     dot.x + DOT_PX + 1, dot.y + DOT_PX + 1});
	chart_take(boxes, (struct chart_box){dot.x - 1, worst.y, dot.x + 1, dot.y});
	chart_take(boxes, (struct chart_box){dot.x, dot.y - 1, worst.x, dot.y + 1});
}

static bool has_reach(const struct chart_point *p)
{
	return p->over_worst > p->median.over || p->cost_worst > p->median.cost;
}

static void draw_point(const struct plot *plot, const struct chart_point *p, struct buf *out)
{
	struct svg_at dot = at(plot, p->median.cost, p->median.over);
	struct svg_at worst = at(plot, p->cost_worst, p->over_worst);

	if (dot.y - worst.y > DOT_PX)
		svg_line(SVG_REACH, dot, (struct svg_at){dot.x, worst.y}, out);
	if (worst.x - dot.x > DOT_PX)
		svg_line(SVG_REACH, dot, (struct svg_at){worst.x, dot.y}, out);
	svg_dot(p->median.front ? SVG_FRONT : SVG_BEHIND, dot, DOT_PX, out);
}

static void draw_label(const struct plot *plot, const struct chart_point *p,
		       struct chart_boxes *boxes, struct buf *out)
{
	struct svg_at dot = at(plot, p->median.cost, p->median.over);
	double width = svg_text_width(p->label, p->median.front ? BOLD_PX : TEXT_PX);
	struct svg_at label;

	if (!chart_place(boxes, dot, width, LABEL_PX, &label))
		return;

	/* A label that found no room beside its dot is tied to it. */
	double near_x = fmax(label.x, fmin(dot.x, label.x + width));
	double near_y = fmax(label.y - LABEL_PX * 0.7, fmin(dot.y, label.y));
	if (hypot(near_x - dot.x, near_y - dot.y) > LEADER_PX)
		svg_line(SVG_LEADER, dot, (struct svg_at){near_x, near_y}, out);
	svg_text(p->median.front ? SVG_HEAD : SVG_TEXT, label, "start", p->label, out);
}

double chart_pareto_height(void)
{
	return HEAD_PX + PLOT_PX + FOOT_PX;
}

static void draw_axes(const struct plot *plot, bool reach, struct buf *out)
{
	svg_text(SVG_HEAD, (struct svg_at){CHART_LEFT, plot->top - 12}, "start",
		 "windows with p95 over the objective, against cost", out);
	draw_over_axis(plot, out);
	draw_cost_axis(plot, out);
	svg_text(SVG_QUIET, (struct svg_at){CHART_RIGHT, plot->top + PLOT_PX + 38}, "end",
		 reach ? "replica-hours over those of the oracle; lines lead to the worst run"
		       : "replica-hours over those of the oracle",
		 out);
}

double chart_pareto(const struct chart_point *points, size_t n, double top, struct buf *out)
{
	struct plot plot = {.top = top + HEAD_PX};
	struct chart_boxes boxes = {
		.within = {CHART_LEFT + 2, plot.top, CHART_RIGHT, plot.top + PLOT_PX - 1}};
	bool reach = false;

	scale(&plot, points, n);
	for (size_t i = 0; i < n; i++) {
		if (!is_drawn(&points[i]))
			continue;
		take_point(&plot, &points[i], &boxes);
		reach |= has_reach(&points[i]);
	}
	draw_axes(&plot, reach, out);
	draw_front(&plot, points, n, &boxes, out);
	for (size_t i = 0; i < n; i++)
		if (is_drawn(&points[i]) && points[i].label != NULL)
			draw_label(&plot, &points[i], &boxes, out);
	for (int front = 0; front <= 1; front++)
		for (size_t i = 0; i < n; i++)
			if (is_drawn(&points[i]) && points[i].median.front == front)
				draw_point(&plot, &points[i], out);
	return top + chart_pareto_height();
}
