/* Pure. Quantiles without sorting: a window of many answers needs but a few of them. */
#ifndef REPLAY_SELECT_H
#define REPLAY_SELECT_H

#include <stddef.h>

/* As stats_quantile(), of ${n} values in any order, which it rearranges.  Linear on average. */
double select_quantile(double *v, size_t n, double p);

#endif
