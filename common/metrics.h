/* Pure. Counters, gauges and histograms, rendered as Prometheus text. */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "common/buf.h"

#include <stddef.h>

struct metrics;
struct metric;

/* Histograms are of seconds, and differ in their buckets. */
enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM_US,  /* of computations: 10 us to 100 ms */
	METRIC_HISTOGRAM_MS,  /* of requests: 1 ms to a minute */
	METRIC_HISTOGRAM_SEC, /* of work: 100 ms to ten minutes */
};

/* An empty set; free with metrics_free. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *);

/* Add one time series.  ${name} follows the Prometheus rules (agentic_ prefix, base units, _total
 * on counters); ${labels} is the text between the braces or NULL: words of this program, never
 * what a user chose.  Series of one name must be added one after the other with the same type and
 * help.  The strings must stay valid.  The handle lives as long as the set. */
struct metric *metrics_add(struct metrics *, enum metric_type, const char *name, const char *labels,
			   const char *help);

/* One row of a table of time series; the table ends with a row whose name is NULL. */
struct metric_row {
	enum metric_type type;
	const char *name, *labels, *help;
	size_t offset; /* where in a structure the handle goes: of a struct metric * */
};

/* Add all of ${table}, in its order, and put the handles into the structure ${base}. */
void metrics_add_table(struct metrics *, const struct metric_row *table, void *base);

void metric_inc(struct metric *);
void metric_add(struct metric *, double);
void metric_set(struct metric *, double);

/* Count ${sec} in a histogram: below 0 as 0 (a clock was set), NaN not at all. */
void metric_observe(struct metric *, double sec);

/* Append the exposition text (version 0.0.4) to ${out}. */
void metrics_render(const struct metrics *, struct buf *out);

#endif
