/* Pure. The statistics the suite measures by. */
#ifndef COMMON_STATS_H
#define COMMON_STATS_H

#include <stddef.h>

/* Sort ${v} ascending, in place.  No value may be NaN. */
void stats_sort(double *v, size_t n);

/* Quantile ${p} in [0,1] of ${n} >= 1 ascending values, type 7 of Hyndman & Fan (1996):
 * h = (n-1)p, linear between the neighbours of h.  NaN when n is 0. */
double stats_quantile(const double *sorted, size_t n, double p);

/* Arithmetic mean; NaN when n is 0. */
double stats_mean(const double *v, size_t n);

#endif
