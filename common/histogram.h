/* Pure. A histogram of times whose memory does not grow with what it holds: quantiles of millions
 * of values.
 *
 * Values are whole milliseconds.  Each one below 128 has a bucket of its own; above, every octave
 * has 64 buckets, so the middle of one is within 1/128 (0.8 %) of any value in it. */
#ifndef COMMON_HISTOGRAM_H
#define COMMON_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_MS_MAX  4194303 /* 70 min, the end of the last octave; longer counts as this */
#define HISTOGRAM_BUCKETS 1088

/* Start with {0}. */
struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t n; /* values in all */
};

void histogram_add(struct histogram *, uint64_t ms);

/* Add all of ${from} to ${to}. */
void histogram_merge(struct histogram *to, const struct histogram *from);

/* Quantile ${p} in [0,1], type 7 like stats_quantile, between the middles of the buckets in which
 * its neighbours lie: exact while those are below 128 ms.  NaN when it is empty. */
double histogram_quantile(const struct histogram *, double p);

#endif
