/* Pure. The HorizontalPodAutoscaler of Kubernetes (autoscaling/v2) on the utilisation of its pods,
 * every constant its default. */
#include "common/mem.h"
#include "replay/controllers.h"

#include <math.h>
#include <stdlib.h>

#define PERIOD_SEC    15  /* --horizontal-pod-autoscaler-sync-period */
#define TOLERANCE     0.1 /* --horizontal-pod-autoscaler-tolerance */
#define STABILISE_SEC 300 /* behavior.scaleDown.stabilizationWindowSeconds */
#define UP_PODS       4   /* behavior.scaleUp.policies: as many more in 15 s, */
#define UP_FACTOR     2   /* or twice as many, whichever is more */

#define RECOMMENDATIONS (STABILISE_SEC / PERIOD_SEC)

struct memory {
	int recommended[RECOMMENDATIONS]; /* a ring */
	size_t n;
};

static void *create(const struct controller_config *config)
{
	(void)config;
	return xcalloc(1, sizeof(struct memory));
}

static int highest_recommended(const struct memory *m)
{
	int highest = 0;

	for (size_t i = 0; i < m->n && i < RECOMMENDATIONS; i++)
		if (m->recommended[i] > highest)
			highest = m->recommended[i];
	return highest;
}

/* ceil(ready * utilisation / target), unless that is within the tolerance. */
static int recommend(const struct controller_view *view, int wanted)
{
	double ratio = view->utilisation / CONTROLLER_UTILISATION;

	if (isnan(ratio) || fabs(ratio - 1) <= TOLERANCE)
		return wanted;
	return (int)ceil(ratio * view->ready);
}

static int step(void *memory, const struct controller_view *view, int wanted)
{
	struct memory *m = memory;
	int desired = recommend(view, wanted);
	int most = wanted + UP_PODS > UP_FACTOR * wanted ? wanted + UP_PODS : UP_FACTOR * wanted;

	/* What there was at first counts as recommended then. */
	m->recommended[m->n % RECOMMENDATIONS] = m->n == 0 && desired < wanted ? wanted : desired;
	m->n++;
	if (desired > wanted)
		return desired < most ? desired : most;

	int held = highest_recommended(m);
	return held < wanted ? held : wanted;
}

const struct controller controller_hpa = {
	.name = "hpa", .period_sec = PERIOD_SEC, .create = create, .step = step, .destroy = free};
