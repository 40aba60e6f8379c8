/* Pure. The set of time series of one process, kept in the order in which they were added. */
#include "common/metrics.h"

#include "common/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct metric {
	enum metric_type type;
	const char *name, *labels, *help;
	double value;
	struct metric *next;
};

struct metrics {
	struct metric *first;
	struct metric **last; /* where the next one is linked in */
};

struct metrics *metrics_new(void)
{
	struct metrics *set = xcalloc(1, sizeof(*set));

	set->last = &set->first;
	return set;
}

void metrics_free(struct metrics *set)
{
	struct metric *next;

	if (set == NULL)
		return;
	for (struct metric *m = set->first; m != NULL; m = next) {
		next = m->next;
		free(m);
	}
	free(set);
}

struct metric *metrics_add(struct metrics *set, enum metric_type type, const char *name,
			   const char *labels, const char *help)
{
	struct metric *m = xcalloc(1, sizeof(*m));

	m->type = type;
	m->name = name;
	m->labels = labels;
	m->help = help;
	*set->last = m;
	set->last = &m->next;
	return m;
}

void metrics_add_table(struct metrics *set, const struct metric_row *table, void *base)
{
	for (const struct metric_row *row = table; row->name != NULL; row++) {
		void *at = (char *)base + row->offset;

		*(struct metric **)at =
			metrics_add(set, row->type, row->name, row->labels, row->help);
	}
}

void metric_inc(struct metric *m)
{
	m->value += 1;
}

void metric_add(struct metric *m, double amount)
{
	m->value += amount;
}

void metric_set(struct metric *m, double value)
{
	m->value = value;
}

static void render_value(double value, struct buf *out)
{
	if (isnan(value))
		buf_puts(out, "NaN\n");
	else if (isinf(value))
		buf_puts(out, value > 0 ? "+Inf\n" : "-Inf\n");
	else
		buf_printf(out, "%.15g\n", value);
}

static void render_family(const struct metric *m, struct buf *out)
{
	buf_printf(out, "# HELP %s %s\n", m->name, m->help);
	buf_printf(out, "# TYPE %s %s\n", m->name, m->type == METRIC_COUNTER ? "counter" : "gauge");
}

void metrics_render(const struct metrics *set, struct buf *out)
{
	const char *family = "";

	for (const struct metric *m = set->first; m != NULL; m = m->next) {
		if (strcmp(family, m->name) != 0)
			render_family(m, out);
		family = m->name;
		buf_puts(out, m->name);
		if (m->labels != NULL)
			buf_printf(out, "{%s}", m->labels);
		buf_puts(out, " ");
		render_value(m->value, out);
	}
}
