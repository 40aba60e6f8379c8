/* Pure. Counters and gauges, rendered as Prometheus text. */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "common/buf.h"

#include <stddef.h>

struct metrics;
struct metric;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

/* An empty set; free with metrics_free. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *);

/* Add one time series.  ${name} follows the Prometheus rules (agentic_ prefix, base units, _total
 * on counters); ${labels} is the text between the braces or NULL.  Series of one name must be added
 * one after the other with the same type and help.  The strings must stay valid.  The handle lives
 * as long as the set. */
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

/* Append the exposition text (version 0.0.4) to ${out}. */
void metrics_render(const struct metrics *, struct buf *out);

#endif
