/* Pure. The statistics the suite measures by. */
#include "common/stats.h"

#include <math.h>
#include <stdlib.h>

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

double stats_mean(const double *v, size_t n)
{
	double sum = 0;

	if (!n)
		return NAN;
	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}
