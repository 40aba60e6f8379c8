/* Pure. The outcome of runs for people and for programs: a table, JSON, CSV, a picture. */
#ifndef REPLAY_RENDER_H
#define REPLAY_RENDER_H

#include "common/buf.h"
#include "replay/measures.h"
#include "replay/pareto.h"
#include "replay/picture.h"

#include <cjson/cJSON.h>
#include <stddef.h>

#define RENDER_BYTES_MAX ((size_t)8 << 20) /* of any one output */

/* What one policy did: a run for each seed. */
struct render_row {
	const char *name;
	const struct sim_measures *runs;
	size_t runs_n; /* >= 1 */
};

/* The Pareto pair of each, by the medians, those on the front marked; the caller frees it. */
struct pareto_point *render_front(const struct render_row *, size_t n);

/* Median and worst over the runs, a row a policy, the Pareto pair first, at most 100 columns, and
 * what the columns are.  A policy on the Pareto front is marked; the oracle is not in that race. */
void render_table(const struct render_row *, size_t n, struct buf *out);

/* An array with an object for each policy: "policy", "front", "median" and "worst" with every
 * measure, "runs" with each run's.  Shares are 0 to 1.  The caller deletes it. */
cJSON *render_json(const struct render_row *, size_t n);

/* A line with the names, and one a run. */
void render_csv(const struct render_row *, size_t n, struct buf *out);

/* ${pictures_n} runs over the same time, one below the other under the rate, and the Pareto plot
 * of all ${rows_n} policies: an SVG document that needs nothing else.  Either may be none.
 * ${title} is any text; lines behind its first are smaller. */
void render_svg(const char *title, const struct picture *const *pictures, size_t pictures_n,
		const struct render_row *rows, size_t rows_n, struct buf *out);

#endif
