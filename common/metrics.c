/* Pure. The set of time series of one process, kept in the order in which they were added. */
#include "common/metrics.h"

#include "common/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BOUNDS_MAX 24

/* Upper ends of the buckets, in seconds; the last one, of all that is longer, is understood. */
static const struct bounds {
	size_t n;
	double sec[BOUNDS_MAX];
} bounds_of[] = {
	[METRIC_HISTOGRAM_US] = {12,
				 {10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3,
				  10e-3, 25e-3, 100e-3}},
	[METRIC_HISTOGRAM_MS] = {21, {0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05,
				      0.075, 0.1,   0.15,  0.2,  0.3,  0.5,   0.75,
				      1,     1.5,   2.5,   5,    10,   30,    60}},
	[METRIC_HISTOGRAM_SEC] = {13, {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600}},
};

struct metric {
	enum metric_type type;
	const char *name, *labels, *help;
	double value; /* of a histogram: the sum */
	struct metric *next;
	uint64_t counts[]; /* of a histogram: by bucket */
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

static bool is_histogram(enum metric_type type)
{
	return type != METRIC_COUNTER && type != METRIC_GAUGE;
}

struct metric *metrics_add(struct metrics *set, enum metric_type type, const char *name,
			   const char *labels, const char *help)
{
	size_t buckets = is_histogram(type) ? bounds_of[type].n + 1 : 0;
	struct metric *m = xcalloc(1, sizeof(*m) + buckets * sizeof(m->counts[0]));

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

void metric_observe(struct metric *m, double sec)
{
	const struct bounds *b = &bounds_of[m->type];
	size_t i = 0;

	if (isnan(sec))
		return;
	sec = fmax(sec, 0);
	while (i < b->n && sec > b->sec[i])
		i++;
	m->counts[i]++;
	m->value += sec;
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
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",         [METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM_US] = "histogram",  [METRIC_HISTOGRAM_MS] = "histogram",
		[METRIC_HISTOGRAM_SEC] = "histogram",
	};

	buf_printf(out, "# HELP %s %s\n", m->name, m->help);
	buf_printf(out, "# TYPE %s %s\n", m->name, types[m->type]);
}

static void render_series(const struct metric *m, const char *suffix, double value, struct buf *out)
{
	buf_printf(out, "%s%s", m->name, suffix);
	if (m->labels != NULL)
		buf_printf(out, "{%s}", m->labels);
	buf_puts(out, " ");
	render_value(value, out);
}

static void render_histogram(const struct metric *m, struct buf *out)
{
	const struct bounds *b = &bounds_of[m->type];
	const char *labels = m->labels != NULL ? m->labels : "";
	const char *comma = m->labels != NULL ? "," : "";
	uint64_t n = 0;

	for (size_t i = 0; i <= b->n; i++) {
		n += m->counts[i];
		buf_printf(out, "%s_bucket{%s%sle=\"", m->name, labels, comma);
		if (i < b->n)
			buf_printf(out, "%g", b->sec[i]);
		else
			buf_puts(out, "+Inf");
		buf_printf(out, "\"} %llu\n", (unsigned long long)n);
	}
	render_series(m, "_sum", m->value, out);
	render_series(m, "_count", (double)n, out);
}

void metrics_render(const struct metrics *set, struct buf *out)
{
	const char *family = "";

	for (const struct metric *m = set->first; m != NULL; m = m->next) {
		if (strcmp(family, m->name) != 0)
			render_family(m, out);
		family = m->name;
		if (is_histogram(m->type))
			render_histogram(m, out);
		else
			render_series(m, "", m->value, out);
	}
}
