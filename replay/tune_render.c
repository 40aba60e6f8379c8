/* Pure. What tuning found, as a table, as JSON, as CSV and as a picture. */
#include "common/json.h"
#include "common/mem.h"
#include "replay/chart.h"
#include "replay/tune_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_MAX 8
#define PRESENT   "now"
#define TITLE_PX  28.0
#define FOOT_PX   8.0
#define GAP       2 /* columns between the names of settings */

/* Numbers for the front, a name for the present settings; how many are labelled. */
static void write_labels(const struct tune_outcome *outcomes, size_t n, char (*ret)[LABEL_MAX])
{
	unsigned number = 0;

	for (size_t i = 0; i < n; i++) {
		number += outcomes[i].mean.front;
		if (outcomes[i].present)
			snprintf(ret[i], LABEL_MAX, PRESENT);
		else if (outcomes[i].mean.front)
			snprintf(ret[i], LABEL_MAX, "%u", number);
		else
			ret[i][0] = '\0';
	}
}

/* ---- table ---- */

static void table_head(struct buf *out)
{
	buf_printf(out, "%-6s%7s%7s%7s%7s%8s", "", "psi_w", "worst", "cost", "worst", "changes");
	for (size_t i = 0; i < TUNE_KNOBS; i++)
		buf_printf(out, "%*s", (int)strlen(tune_knobs[i].name) + GAP, tune_knobs[i].name);
	buf_printf(out, "\n%-6s%7s%7s%7s%7s%8s\n", "", "%", "%", "", "", "/h");
}

static void table_line(const char *label, const struct tune_outcome *o, struct buf *out)
{
	const struct tune_sums *s = &o->choice->done;

	buf_printf(out, "%4s%s%7.2f%7.2f%7.3f%7.3f%8.1f", label, o->mean.front ? " *" : "  ",
		   o->mean.over * 100, s->over_worst * 100, o->mean.cost, s->cost_worst,
		   o->changes);
	for (size_t i = 0; i < TUNE_KNOBS; i++)
		buf_printf(out, "%*g", (int)strlen(tune_knobs[i].name) + GAP, o->choice->values[i]);
	buf_puts(out, "\n");
}

void tune_table(const struct tune *t, struct buf *out)
{
	struct tune_outcome outcomes[TUNE_CHOICES_MAX];
	char labels[TUNE_CHOICES_MAX][LABEL_MAX];
	size_t n = tune_outcomes(t, outcomes);
	size_t runs = n > 0 ? outcomes[0].choice->done.runs : 0;

	write_labels(outcomes, n, labels);
	table_head(out);
	for (size_t i = 0; i < n; i++)
		if (labels[i][0] != '\0')
			table_line(labels[i], &outcomes[i], out);
	buf_printf(out,
		   "\nMeans of %zu run%s of each of %zu choices of settings.  *: on the Pareto "
		   "front, no other is\nbetter in psi_w and cost; " PRESENT
		   ": the present settings.\n"
		   "psi_w    windows with p95 over the objective\n"
		   "cost     replica-hours over those of the oracle\n"
		   "changes  of the wanted count\n",
		   runs, runs == 1 ? "" : "s", n);
}

/* ---- for programs ---- */

static void add_pair(cJSON *o, const char *name, double over, double cost)
{
	cJSON *pair = cJSON_AddObjectToObject(o, name);

	json_add_round(pair, "psi_w", over, 6);
	json_add_round(pair, "cost", cost, 6);
}

cJSON *tune_json(const struct tune *t)
{
	struct tune_outcome outcomes[TUNE_CHOICES_MAX];
	size_t n = tune_outcomes(t, outcomes);
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++) {
		const struct tune_outcome *of = &outcomes[i];
		const struct tune_sums *s = &of->choice->done;
		cJSON *o = cJSON_CreateObject();

		cJSON_AddItemToArray(array, o);
		cJSON_AddBoolToObject(o, "front", of->mean.front);
		cJSON_AddBoolToObject(o, "present", of->present);

		cJSON *settings = cJSON_AddObjectToObject(o, "settings");
		for (size_t k = 0; k < TUNE_KNOBS; k++)
			json_add_num(settings, tune_knobs[k].name, of->choice->values[k]);
		json_add_num(o, "runs", (double)s->runs);
		add_pair(o, "mean", of->mean.over, of->mean.cost);
		add_pair(o, "worst", s->over_worst, s->cost_worst);
		json_add_round(o, "changes", of->changes, 6);
	}
	return array;
}

void tune_csv(const struct tune *t, struct buf *out)
{
	struct tune_outcome outcomes[TUNE_CHOICES_MAX];
	size_t n = tune_outcomes(t, outcomes);

	buf_puts(out, "front,present");
	for (size_t k = 0; k < TUNE_KNOBS; k++)
		buf_printf(out, ",%s", tune_knobs[k].name);
	buf_puts(out, ",runs,psi_w,psi_w_worst,cost,cost_worst,changes\n");
	for (size_t i = 0; i < n; i++) {
		const struct tune_outcome *of = &outcomes[i];
		const struct tune_sums *s = &of->choice->done;

		buf_printf(out, "%d,%d", of->mean.front, of->present);
		for (size_t k = 0; k < TUNE_KNOBS; k++)
			buf_printf(out, ",%g", of->choice->values[k]);
		buf_printf(out, ",%zu,%.6g,%.6g,%.6g,%.6g,%.6g\n", s->runs, of->mean.over,
			   s->over_worst, of->mean.cost, s->cost_worst, of->changes);
	}
}

/* ---- picture ---- */

/* Worst runs of hundreds of choices would be a thicket: dots only. */
void tune_svg(const struct tune *t, const char *title, struct buf *out)
{
	struct tune_outcome outcomes[TUNE_CHOICES_MAX];
	struct chart_point points[TUNE_CHOICES_MAX];
	char labels[TUNE_CHOICES_MAX][LABEL_MAX];
	size_t n = tune_outcomes(t, outcomes);

	write_labels(outcomes, n, labels);
	for (size_t i = 0; i < n; i++)
		points[i] = (struct chart_point){
			.label = labels[i][0] != '\0' ? labels[i] : NULL,
			.median = outcomes[i].mean,
			.over_worst = outcomes[i].mean.over,
			.cost_worst = outcomes[i].mean.cost,
		};
	svg_begin(CHART_WIDTH, TITLE_PX + chart_pareto_height() + FOOT_PX, title, out);
	svg_text(SVG_TITLE, (struct svg_at){CHART_LEFT, TITLE_PX}, "start", title, out);
	chart_pareto(points, n, TITLE_PX + FOOT_PX, out);
	svg_end(out);
}
