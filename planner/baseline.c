/* Pure. What is normal for one target.  The values stand twice: in a ring, to know which is the
 * oldest, and in order, so that the median is there to be read and the scatter is one walk outwards
 * from it. */
#include "planner/baseline.h"

#include "common/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAD_TO_SIGMA 1.4826 /* of a normal sample */

struct baseline {
	size_t cap, n;
	size_t next;        /* where the next value goes: the oldest, once the ring is full */
	double values_ms[]; /* cap of the ring, then n in ascending order */
};

static size_t bytes(size_t windows)
{
	return sizeof(struct baseline) + 2 * windows * sizeof(double);
}

struct baseline *baseline_new(size_t windows)
{
	struct baseline *b = xcalloc(1, bytes(windows));

	b->cap = windows;
	return b;
}

void baseline_free(struct baseline *b)
{
	free(b);
}

struct baseline *baseline_copy(const struct baseline *b)
{
	struct baseline *copy = baseline_new(b->cap);

	memcpy(copy, b, bytes(b->cap));
	return copy;
}

/* How many of the ${n} ascending values are below ${value}. */
static size_t below(const double *sorted, size_t n, double value)
{
	size_t low = 0;

	while (n > 0) {
		size_t half = n / 2;
		if (sorted[low + half] < value) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return low;
}

void baseline_update(struct baseline *b, double value_ms)
{
	double *sorted = b->values_ms + b->cap;

	if (b->n == b->cap) {
		size_t gone = below(sorted, b->n, b->values_ms[b->next]);
		b->n--;
		memmove(sorted + gone, sorted + gone + 1, (b->n - gone) * sizeof(*sorted));
	}
	size_t at = below(sorted, b->n, value_ms);
	memmove(sorted + at + 1, sorted + at, (b->n - at) * sizeof(*sorted));
	sorted[at] = value_ms;
	b->values_ms[b->next] = value_ms;
	b->next = (b->next + 1) % b->cap;
	b->n++;
}

size_t baseline_windows(const struct baseline *b)
{
	return b->n;
}

double baseline_median(const struct baseline *b)
{
	const double *sorted = b->values_ms + b->cap;

	if (b->n == 0)
		return NAN;
	return b->n % 2 ? sorted[b->n / 2] : (sorted[b->n / 2 - 1] + sorted[b->n / 2]) / 2;
}

/* Distances from the median in ascending order, as far as their middle. */
double baseline_sigma(const struct baseline *b, double median_ms)
{
	const double *sorted = b->values_ms + b->cap;
	size_t right = below(sorted, b->n, median_ms), left = right;
	double last_ms = 0, before_ms = 0;

	if (b->n < 2)
		return 0;
	for (size_t i = 0; i <= b->n / 2; i++) {
		bool leftward = right == b->n || (left > 0 && median_ms - sorted[left - 1] <
								      sorted[right] - median_ms);
		before_ms = last_ms;
		last_ms = fabs(leftward ? sorted[--left] - median_ms : sorted[right++] - median_ms);
	}
	return MAD_TO_SIGMA * (b->n % 2 ? last_ms : (before_ms + last_ms) / 2);
}
