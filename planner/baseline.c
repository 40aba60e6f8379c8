/* Pure. What is normal for one target.  A ring without an order: neither figure depends on which
 * value came first.  Both are computed anew on demand, which takes 1.5 us at 60 values and 0.12 ms
 * at the 1440 that can be asked for, so nothing is kept in step and nothing can drift. */
#include "planner/baseline.h"

#include "common/mem.h"
#include "common/stats.h"

#include <stdlib.h>

struct baseline {
	size_t cap, n;
	size_t next; /* where the next value goes: the oldest, once the ring is full */
	double values_ms[];
};

struct baseline *baseline_new(size_t windows)
{
	struct baseline *b = xcalloc(1, sizeof(*b) + windows * sizeof(b->values_ms[0]));

	b->cap = windows;
	return b;
}

void baseline_free(struct baseline *b)
{
	free(b);
}

void baseline_update(struct baseline *b, double value_ms)
{
	b->values_ms[b->next] = value_ms;
	b->next = (b->next + 1) % b->cap;
	if (b->n < b->cap)
		b->n++;
}

size_t baseline_windows(const struct baseline *b)
{
	return b->n;
}

double baseline_median(const struct baseline *b)
{
	return stats_median(b->values_ms, b->n);
}

double baseline_sigma(const struct baseline *b, double median_ms)
{
	return stats_mad_sigma(b->values_ms, b->n, median_ms);
}
