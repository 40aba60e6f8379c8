/* Pure. The statistics the suite measures by. */
#include "common/stats.h"

#include "common/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

void stats_sort(double *v, size_t n)
{
	if (n > 1)
		qsort(v, n, sizeof(*v), compare);
}

double stats_quantile(const double *sorted, size_t n, double p)
{
	if (!n)
		return NAN;

	double h = (double)(n - 1) * p;
	size_t below = (size_t)h;
	if (below >= n - 1)
		return sorted[n - 1];
	return sorted[below] + (h - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* The median of the ${n} >= 1 values in ${v}, which it sorts and frees. */
static double median_of_own(double *v, size_t n)
{
	stats_sort(v, n);

	double median = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
	free(v);
	return median;
}

double stats_median(const double *v, size_t n)
{
	if (!n)
		return NAN;

	double *copy = xcalloc(n, sizeof(*copy));
	memcpy(copy, v, n * sizeof(*copy));
	return median_of_own(copy, n);
}

double stats_mad_sigma(const double *v, size_t n, double centre)
{
	if (n < 2)
		return 0;

	double *deviation = xcalloc(n, sizeof(*deviation));
	for (size_t i = 0; i < n; i++)
		deviation[i] = fabs(v[i] - centre);
	return 1.4826 * median_of_own(deviation, n);
}

double stats_mean(const double *v, size_t n)
{
	double sum = 0;

	if (!n)
		return NAN;
	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}
