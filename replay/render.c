/* Pure. The outcome of runs as a table, as JSON and as CSV. */
#include "replay/render.h"

#include "common/json.h"
#include "common/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COLUMNS 14
#define CELL_COLUMNS 8

/* What the table has room for; JSON and CSV have all. */
static const char *const TABLE_MEASURES[] = {
	"psi_w",
	"cost",
	"psi",
	"theta_u",
	"theta_o",
	"tau_u",
	"tau_o",
	"replica_hours",
	"adaptations_per_hour",
	"reversals_per_hour",
};

#define TABLE_MEASURES_N (sizeof(TABLE_MEASURES) / sizeof(TABLE_MEASURES[0]))

static const struct measure *measure_named(const char *name)
{
	const struct measure *m = measures_all;

	while (strcmp(m->name, name) != 0)
		m++;
	return m;
}

struct pareto_point *render_front(const struct render_row *rows, size_t n)
{
	struct pareto_point *points = xcalloc(n, sizeof(points[0]));

	for (size_t i = 0; i < n; i++) {
		struct sim_measures median = measures_median(rows[i].runs, rows[i].runs_n);

		points[i] = (struct pareto_point){
			.over = median.psi_w,
			.cost = median.cost,
			.apart = strcmp(rows[i].name, "oracle") == 0,
		};
	}
	pareto_mark(points, n);
	return points;
}

/* ---- table ---- */

static void table_head(struct buf *out)
{
	buf_printf(out, "%-*s", NAME_COLUMNS, "policy");
	for (size_t i = 0; i < TABLE_MEASURES_N; i++)
		buf_printf(out, "%*s", CELL_COLUMNS, measure_named(TABLE_MEASURES[i])->label);
	buf_printf(out, "\n%-*s", NAME_COLUMNS, "");
	for (size_t i = 0; i < TABLE_MEASURES_N; i++)
		buf_printf(out, "%*s", CELL_COLUMNS, measure_named(TABLE_MEASURES[i])->unit);
	buf_puts(out, "\n");
}

static void table_line(const char *name, const char *mark, const struct sim_measures *of,
		       struct buf *out)
{
	buf_printf(out, "%-*.*s%s", NAME_COLUMNS - 2, NAME_COLUMNS - 2, name, mark);
	for (size_t i = 0; i < TABLE_MEASURES_N; i++) {
		const struct measure *m = measure_named(TABLE_MEASURES[i]);
		double value = measure_value(m, of) * m->scale;

		if (isnan(value))
			buf_printf(out, "%*s", CELL_COLUMNS, "-");
		else
			buf_printf(out, "%*.*f", CELL_COLUMNS, m->digits, value);
	}
	buf_puts(out, "\n");
}

static void table_legend(size_t runs_max, struct buf *out)
{
	buf_puts(out, "\n");
	if (runs_max > 1)
		buf_printf(out, "The median of %zu runs, and the worst.  ", runs_max);
	buf_puts(out, "*: on the Pareto front, no other is better in psi_w and cost.\n");
	for (size_t i = 0; i < TABLE_MEASURES_N; i++) {
		const struct measure *m = measure_named(TABLE_MEASURES[i]);
		buf_printf(out, "%-9s%s\n", m->label, m->help);
	}
}

void render_table(const struct render_row *rows, size_t n, struct buf *out)
{
	struct pareto_point *points = render_front(rows, n);
	size_t runs_max = 0;

	table_head(out);
	for (size_t i = 0; i < n; i++) {
		const struct render_row *row = &rows[i];
		struct sim_measures median = measures_median(row->runs, row->runs_n);

		table_line(row->name, points[i].front ? " *" : "  ", &median, out);
		if (row->runs_n > 1) {
			struct sim_measures worst = measures_worst(row->runs, row->runs_n);
			table_line("  worst", "  ", &worst, out);
		}
		runs_max = row->runs_n > runs_max ? row->runs_n : runs_max;
	}
	table_legend(runs_max, out);
	free(points);
}

/* ---- for programs ---- */

static void add_measures(cJSON *o, const struct sim_measures *of)
{
	for (const struct measure *m = measures_all; m->name != NULL; m++)
		json_add_round(o, m->name, measure_value(m, of), 6);
}

cJSON *render_json(const struct render_row *rows, size_t n)
{
	struct pareto_point *points = render_front(rows, n);
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++) {
		const struct render_row *row = &rows[i];
		struct sim_measures median = measures_median(row->runs, row->runs_n);
		struct sim_measures worst = measures_worst(row->runs, row->runs_n);
		cJSON *o = cJSON_CreateObject();

		cJSON_AddItemToArray(array, o);
		cJSON_AddStringToObject(o, "policy", row->name);
		cJSON_AddBoolToObject(o, "front", points[i].front);
		add_measures(cJSON_AddObjectToObject(o, "median"), &median);
		add_measures(cJSON_AddObjectToObject(o, "worst"), &worst);

		cJSON *runs = cJSON_AddArrayToObject(o, "runs");
		for (size_t k = 0; k < row->runs_n; k++) {
			cJSON *run = cJSON_CreateObject();
			cJSON_AddItemToArray(runs, run);
			add_measures(run, &row->runs[k]);
		}
	}
	free(points);
	return array;
}

void render_csv(const struct render_row *rows, size_t n, struct buf *out)
{
	buf_puts(out, "policy,run");
	for (const struct measure *m = measures_all; m->name != NULL; m++)
		buf_printf(out, ",%s", m->name);
	buf_puts(out, "\n");
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < rows[i].runs_n; k++) {
			buf_printf(out, "%s,%zu", rows[i].name, k + 1);
			for (const struct measure *m = measures_all; m->name != NULL; m++) {
				double value = measure_value(m, &rows[i].runs[k]);
				if (isnan(value))
					buf_puts(out, ",");
				else
					buf_printf(out, ",%.9g", value);
			}
			buf_puts(out, "\n");
		}
	}
}
