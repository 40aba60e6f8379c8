/* Pure. A log-linear histogram; see histogram.h. */
#include "common/histogram.h"

#include <math.h>

enum {
	OCTAVE_BITS = 6, /* 2^6 buckets in an octave: the precision */
	OCTAVE = 1 << OCTAVE_BITS,
	EXACT = 2 * OCTAVE, /* below, a bucket is 1 ms wide */
};

/* A value in [64 * 2^s, 128 * 2^s) lies in bucket (s + 1) * 64 + (its leading 7 bits - 64), and the
 * same with s = 0 is true of all that is smaller. */
static size_t bucket_of(uint64_t ms)
{
	if (ms < EXACT)
		return ms;
	if (ms > HISTOGRAM_MS_MAX)
		ms = HISTOGRAM_MS_MAX;

	int shift = 63 - __builtin_clzll(ms) - OCTAVE_BITS;
	return (size_t)shift * OCTAVE + (ms >> shift);
}

static double middle_of(size_t bucket)
{
	if (bucket < EXACT)
		return (double)bucket;

	size_t shift = bucket / OCTAVE - 1;
	uint64_t width = 1ULL << shift;
	uint64_t least = (bucket - shift * OCTAVE) << shift;
	return (double)least + (double)(width - 1) / 2;
}

void histogram_add(struct histogram *h, uint64_t ms)
{
	h->counts[bucket_of(ms)]++;
	h->n++;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		to->counts[i] += from->counts[i];
	to->n += from->n;
}

/* Value number ${rank} < n of all in ascending order, the first being 0. */
static double value_at(const struct histogram *h, uint64_t rank)
{
	size_t bucket = 0;

	for (uint64_t below = h->counts[0]; below <= rank; below += h->counts[bucket])
		bucket++;
	return middle_of(bucket);
}

double histogram_quantile(const struct histogram *h, double p)
{
	if (h->n == 0)
		return NAN;

	double rank = (double)(h->n - 1) * p;
	uint64_t below = (uint64_t)rank;
	double low = value_at(h, below);

	if (below >= h->n - 1)
		return low;
	return low + (rank - (double)below) * (value_at(h, below + 1) - low);
}
