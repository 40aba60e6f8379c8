/* Pure. Whether adding replicas helps; see futility.h. */
#include "planner/futility.h"

#include <math.h>

#define SETTLE_MS    10000 /* new replicas need this long to work off what had piled up */
#define LOWERED      0.9   /* p95 has to come down to this share of what it was */
#define LOAD_ROSE    1.1   /* with so much more load than before, p95 alone proves nothing */
#define LOAD_NEW     1.25  /* and with so much more, the question is open again */
#define CALM_WINDOWS 5     /* within the objective: whatever it was, it is over */
#define RETRY_MS     (30ULL * 60 * 1000) /* after this, adding is tried again */

void futility_added(struct futility *f, int replicas, double excess, double load,
		    double capacity_rps)
{
	if (f->watching || f->declared)
		return; /* this one goes with those that are judged, or were */
	if (f->fruitless == 0) {
		f->base = replicas;
		f->capacity_rps = capacity_rps;
	}
	f->watching = true;
	f->there = false;
	f->excess_before = excess;
	f->load_before = load;
	f->excess_sum = 0;
	f->excess_n = 0;
}

void futility_cancel(struct futility *f)
{
	f->watching = false;
}

static bool rose(double load, double before, double factor)
{
	return load > before * factor; /* false where either is unknown */
}

/* The addition has had its time. */
static void judge(struct futility *f, double load)
{
	double excess = f->excess_sum / f->excess_n;

	f->watching = false;
	if (rose(load, f->load_before, LOAD_ROSE))
		return;
	f->fruitless = excess > LOWERED * f->excess_before ? f->fruitless + 1 : 0;
}

static bool over(const struct futility *f, uint64_t now_ms, double load)
{
	return f->calm >= CALM_WINDOWS || rose(load, f->load_before, LOAD_NEW) ||
	       now_ms - f->declared_ms >= RETRY_MS;
}

bool futility_window(struct futility *f, uint64_t now_ms, double excess, double load, bool there,
		     int limit)
{
	f->calm = excess < 1 ? f->calm + 1 : 0;
	if (now_ms < f->declared_ms)
		f->declared_ms = now_ms;
	if (f->declared && over(f, now_ms, load))
		*f = (struct futility){0};
	if (f->calm >= CALM_WINDOWS) {
		f->watching = false;
		f->fruitless = 0;
	}
	if (!f->watching || (!f->there && !there))
		return false;
	if (!f->there || now_ms < f->there_ms)
		f->there_ms = now_ms;
	f->there = true;
	if (now_ms - f->there_ms < SETTLE_MS / 2)
		return false;
	f->excess_sum += excess;
	f->excess_n++;
	if (now_ms - f->there_ms < SETTLE_MS)
		return false;
	judge(f, load);
	if (limit == 0 || f->fruitless < limit)
		return false;
	f->declared = true;
	f->declared_ms = now_ms;
	return true;
}
