/* Pure. The outcome of runs as one picture. */
#include "replay/render.h"

#include "common/mem.h"
#include "replay/chart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_PX 28.0 /* the base of the first line */
#define LINE_PX  18.0 /* to the next */
#define GAP_PX   12.0 /* below the last */
#define FOOT_PX  8.0

static void write_note(const struct render_row *row, char note[CHART_NOTE_MAX])
{
	struct sim_measures median = measures_median(row->runs, row->runs_n);

	snprintf(note, CHART_NOTE_MAX,
		 "%.2f %% of windows over the objective at %.2f times the oracle's cost",
		 median.psi_w * 100, median.cost);
}

static double draw_runs(const struct picture *const *pictures, size_t pictures_n,
			const struct render_row *rows, size_t rows_n, double top, struct buf *out)
{
	struct chart_run *runs = xcalloc(pictures_n, sizeof(runs[0]));

	for (size_t i = 0; i < pictures_n; i++) {
		runs[i].picture = pictures[i];
		for (size_t k = 0; k < rows_n; k++)
			if (strcmp(pictures[i]->name, rows[k].name) == 0)
				write_note(&rows[k], runs[i].note);
	}
	top = chart_runs(runs, pictures_n, top, out);
	free(runs);
	return top;
}

static void draw_pareto(const struct render_row *rows, size_t n, double top, struct buf *out)
{
	struct chart_point *points = xcalloc(n, sizeof(points[0]));
	struct pareto_point *medians = render_front(rows, n);

	for (size_t i = 0; i < n; i++) {
		struct sim_measures worst = measures_worst(rows[i].runs, rows[i].runs_n);

		points[i] = (struct chart_point){
			.label = rows[i].name,
			.median = medians[i],
			.over_worst = worst.psi_w,
			.cost_worst = worst.cost,
		};
	}
	chart_pareto(points, n, top, out);
	free(medians);
	free(points);
}

static void draw_title(const char *title, double top, struct buf *out)
{
	const char *class = SVG_TITLE;

	for (;;) {
		size_t len = strcspn(title, "\n");
		char *line = xstrndup(title, len);

		svg_text(class, (struct svg_at){CHART_LEFT, top}, "start", line, out);
		free(line);
		if (title[len] == '\0')
			return;
		title += len + 1;
		top += LINE_PX;
		class = SVG_QUIET;
	}
}

static size_t count_lines(const char *text)
{
	size_t lines = 1;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

void render_svg(const char *title, const struct picture *const *pictures, size_t pictures_n,
		const struct render_row *rows, size_t rows_n, struct buf *out)
{
	double y = TITLE_PX + (double)(count_lines(title) - 1) * LINE_PX + GAP_PX;
	double height = y + chart_runs_height(pictures_n) +
			(rows_n > 0 ? chart_pareto_height() : 0) + FOOT_PX;

	svg_begin(CHART_WIDTH, height, title, out);
	draw_title(title, TITLE_PX, out);
	y = draw_runs(pictures, pictures_n, rows, rows_n, y, out);
	if (rows_n > 0)
		draw_pareto(rows, rows_n, y, out);
	svg_end(out);
}
