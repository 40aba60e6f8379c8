/* Pure. Quantiles without sorting; see select.h. */
#include "replay/select.h"

#include "common/stats.h"

/* Bring to ${v}[${k}] what sorting would, none greater before it and none smaller behind: FIND by
 * C. A. R. Hoare (1961).  Equal values are swapped all the same, which keeps the halves even. */
static void select_nth(double *v, size_t n, size_t k)
{
	ptrdiff_t nth = (ptrdiff_t)k;
	ptrdiff_t lo = 0;
	ptrdiff_t hi = (ptrdiff_t)n - 1;

	while (lo < hi) {
		double pivot = v[nth];
		ptrdiff_t i = lo;
		ptrdiff_t j = hi;
		while (i <= j) {
			while (v[i] < pivot)
				i++;
			while (pivot < v[j])
				j--;
			if (i > j)
				break;
			double held = v[i];
			v[i++] = v[j];
			v[j--] = held;
		}
		if (j < nth)
			lo = i;
		if (nth < i)
			hi = j;
	}
}

double select_quantile(double *v, size_t n, double p)
{
	size_t below = n > 0 ? (size_t)((double)(n - 1) * p) : 0;

	if (n > 0)
		select_nth(v, n, below);
	if (below + 1 < n)
		select_nth(v + below + 1, n - below - 1, 0);
	return stats_quantile(v, n, p);
}
