/* Pure. What is normal for one target: the last windows, their median, and how far they scatter. */
#ifndef PLANNER_BASELINE_H
#define PLANNER_BASELINE_H

#include <stddef.h>

struct baseline;

/* An empty history of at most ${windows} >= 1 values.  Free with baseline_free (NULL is fine). */
struct baseline *baseline_new(size_t windows);
void baseline_free(struct baseline *);

/* A history of its own with the same values. */
struct baseline *baseline_copy(const struct baseline *);

/* Remember one more value; the oldest goes when there is no room. */
void baseline_update(struct baseline *, double value_ms);

/* How many values are remembered. */
size_t baseline_windows(const struct baseline *);

/* The median of the values; NaN before the first. */
double baseline_median(const struct baseline *);

/* 1.4826 times the median distance of the values from ${median_ms}, their median, which estimates
 * the standard deviation of a normal sample and shrugs off outliers (Hampel 1974); 0 for fewer than
 * two values. */
double baseline_sigma(const struct baseline *, double median_ms);

#endif
