/* Pure. Target tracking of AWS Auto Scaling on utilisation.  An approximation: when its alarms go
 * off is published (and can be seen in them), how far it then goes is not. */
#include "common/mem.h"
#include "replay/controllers.h"

#include <math.h>
#include <stdlib.h>

#define PERIOD_SEC   60.0  /* of the metrics, one point each */
#define HIGH_POINTS  3     /* so many in a row above the target */
#define LOW_POINTS   15    /* so many in a row below */
#define LOW_SHARE    0.9   /* this share of the target */
#define COOLDOWN_SEC 300.0 /* after a change */

struct memory {
	int high, low; /* points in a row */
	double changed_sec;
};

static void *create(const struct controller_config *config)
{
	struct memory *m = xcalloc(1, sizeof(*m));

	(void)config;
	m->changed_sec = -COOLDOWN_SEC;
	return m;
}

static int step(void *memory, const struct controller_view *view, int wanted)
{
	struct memory *m = memory;
	double utilisation = view->utilisation;

	m->high = utilisation > CONTROLLER_UTILISATION ? m->high + 1 : 0;
	m->low = utilisation < LOW_SHARE * CONTROLLER_UTILISATION ? m->low + 1 : 0;
	if ((m->high < HIGH_POINTS && m->low < LOW_POINTS) ||
	    view->now_sec - m->changed_sec < COOLDOWN_SEC)
		return wanted;

	int target = (int)ceil(wanted * utilisation / CONTROLLER_UTILISATION);
	if (target != wanted)
		m->changed_sec = view->now_sec;
	return target;
}

const struct controller controller_aws = {
	.name = "aws", .period_sec = PERIOD_SEC, .create = create, .step = step, .destroy = free};
