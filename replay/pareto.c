/* Pure. The Pareto front of misses against cost. */
#include "replay/pareto.h"

#include <math.h>

static bool beats(const struct pareto_point *a, const struct pareto_point *b)
{
	return !a->apart && a->over <= b->over && a->cost <= b->cost &&
	       (a->over < b->over || a->cost < b->cost);
}

void pareto_mark(struct pareto_point *points, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct pareto_point *p = &points[i];

		p->front = !p->apart && !isnan(p->over) && !isnan(p->cost);
		for (size_t k = 0; k < n && p->front; k++)
			p->front = !beats(&points[k], p);
	}
}
