/* Pure. A day of measurements in three rings: single windows, then buckets of 10 s and of 60 s, in
 * less than half a megabyte. */
#ifndef DASHBOARD_SERIES_H
#define DASHBOARD_SERIES_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum series_column {
	SERIES_P95_MS, /* of the probes */
	SERIES_REQUESTS_P95_MS,
	SERIES_BASELINE_MS,
	SERIES_SIGMA_MS,
	SERIES_OBJECTIVE_MS,
	SERIES_ARRIVALS_RPS,
	SERIES_CAPACITY_RPS, /* of all replicas in rotation */
	SERIES_UTILISATION,  /* arrivals / capacity */
	SERIES_WANTED,
	SERIES_RUNNING,
	SERIES_READY,
	SERIES_ERROR_RATE,
	SERIES_COLUMNS_N
};

struct series_point {
	double ts;                      /* since 1970 */
	float values[SERIES_COLUMNS_N]; /* NaN: unknown */
};

#define SERIES_POINTS_MAX  2170  /* of one answer, */
#define SERIES_RANGE_MIN   900   /* which reaches back so many seconds at least */
#define SERIES_RANGE_MAX   86400 /* and at most, */
#define SERIES_RANGE       3600  /* where nobody says */
#define SERIES_HISTORY_MAX ((size_t)SERIES_POINTS_MAX * 256) /* bytes of it, at most */

/* How far back ${text} (NULL: not said) asks for.  0, or -EINVAL. */
int series_parse_range(const char *text, unsigned *ret_sec);

struct series;

struct series *series_new(void);
void series_free(struct series *);

/* Append a window.  Points are in the order of time: of those that are not before ${point}, which a
 * clock that was set back leaves, nothing is kept. */
void series_push(struct series *, const struct series_point *point);

/* The newest window, or NULL. */
const struct series_point *series_newest(const struct series *);

/* Put ${point}, of the same ts, in the place of the newest window. */
void series_complete(struct series *, const struct series_point *point);

/* Append the members "step_sec", "columns" and "data" of what was measured since ${from_ts}: of the
 * finest ring that reaches back that far, or as far as any.  In a bucket, latencies, the objective
 * and the share of errors are the highest, rates and the utilisation the mean, counts the last. */
void series_render(const struct series *, double from_ts, struct buf *out);

/* Append ${point} as an object; unknown values are left out. */
void series_render_point(const struct series_point *point, struct buf *out);

#endif
