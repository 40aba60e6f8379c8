/* Pure. The autoscaler of Knative Serving (KPA) on concurrency, every constant its default. */
#include "common/mem.h"
#include "replay/controllers.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define PERIOD_SEC      2    /* tick-interval */
#define TARGET          0.7  /* container-concurrency-target-percentage */
#define STABLE_SEC      60   /* stable-window */
#define PANIC_SEC       6    /* panic-window-percentage: a tenth of that */
#define PANIC_THRESHOLD 2.0  /* panic-threshold-percentage */
#define UP_FACTOR       1000 /* max-scale-up-rate */
#define DOWN_FACTOR     2    /* max-scale-down-rate */

#define STABLE_POINTS (STABLE_SEC / PERIOD_SEC)
#define PANIC_POINTS  (PANIC_SEC / PERIOD_SEC)

struct memory {
	double target;                     /* requests a replica is to have at a time */
	double concurrency[STABLE_POINTS]; /* a ring */
	size_t n;
	bool panic;
	double panic_sec; /* when there was reason for it last */
	int panic_most;   /* wanted in it so far */
};

static void *create(const struct controller_config *config)
{
	struct memory *m = xcalloc(1, sizeof(*m));

	m->target = TARGET * config->slots;
	return m;
}

/* Over the last ${points}, or what there is of them. */
static double mean_concurrency(const struct memory *m, size_t points)
{
	size_t n = m->n < points ? m->n : points;
	double sum = 0;

	for (size_t back = 1; back <= n; back++)
		sum += m->concurrency[(m->n - back) % STABLE_POINTS];
	return sum / (double)n;
}

/* Replicas for ${concurrency}, no further from those that are ready than one step may lead. */
static int replicas_for(const struct memory *m, double concurrency, int ready)
{
	int least = ready / DOWN_FACTOR;
	int most = ready * UP_FACTOR;
	int replicas = (int)ceil(concurrency / m->target);

	return replicas < least ? least : replicas > most ? most : replicas;
}

static void look_for_panic(struct memory *m, double now_sec, bool cause)
{
	if (cause) {
		m->panic = true;
		m->panic_sec = now_sec;
	} else if (now_sec - m->panic_sec > STABLE_SEC) {
		m->panic = false;
		m->panic_most = 0;
	}
}

static int step(void *memory, const struct controller_view *view, int wanted)
{
	struct memory *m = memory;
	int ready = view->ready > 1 ? view->ready : 1;

	(void)wanted; /* it goes by those that are ready */
	m->concurrency[m->n++ % STABLE_POINTS] = view->concurrency;
	int stable = replicas_for(m, mean_concurrency(m, STABLE_POINTS), ready);
	int brief = replicas_for(m, mean_concurrency(m, PANIC_POINTS), ready);

	look_for_panic(m, view->now_sec, (double)brief / ready >= PANIC_THRESHOLD);
	if (!m->panic)
		return stable;

	int more = stable > brief ? stable : brief;
	if (more > m->panic_most)
		m->panic_most = more;
	return m->panic_most;
}

const struct controller controller_kpa = {
	.name = "kpa", .period_sec = PERIOD_SEC, .create = create, .step = step, .destroy = free};
