/* Pure. Choices of settings, and what their runs came to. */
#include "replay/tune.h"

#include "common/mem.h"
#include "replay/tune_internal.h"

#include <math.h>
#include <stdlib.h>

#define AT(member) offsetof(struct policy_config, member)

/* How full replicas may be; for how long, and with how much to spare, fewer must have been enough
 * before there are fewer; how much of that a load that swings is given. */
const struct tune_knob tune_knobs[TUNE_KNOBS] = {
	{"UTILISATION_MAX", AT(utilisation_max), false, {0.7, 0.85, 0.98}, 3},
	{"DOWN_HOLD_SEC", AT(down_hold_sec), false, {15, 30, 120}, 3},
	{"DOWN_MARGIN", AT(down_margin), false, {0.05, 0.1, 0.2}, 3},
	{"FLAP_BUDGET", AT(flap_budget), true, {0, 4}, 2},
};

_Static_assert(TUNE_VALUES_MAX *TUNE_VALUES_MAX *TUNE_VALUES_MAX *TUNE_VALUES_MAX <=
		       TUNE_CHOICES_MAX,
	       "there is room for every choice");

static double read_knob(const struct tune_knob *knob, const struct policy_config *config)
{
	const void *at = (const char *)config + knob->offset;

	return knob->whole ? *(const int *)at : *(const double *)at;
}

static void turn_knob(const struct tune_knob *knob, struct policy_config *config, double value)
{
	void *at = (char *)config + knob->offset;

	if (knob->whole)
		*(int *)at = (int)value;
	else
		*(double *)at = value;
}

static size_t values_of(size_t knob, double present, double ret[TUNE_VALUES_MAX])
{
	size_t n = 0;

	ret[n++] = present;
	for (size_t i = 0; i < tune_knobs[knob].values_n; i++)
		if (tune_knobs[knob].values[i] != present)
			ret[n++] = tune_knobs[knob].values[i];
	return n;
}

struct tune *tune_new(const struct policy_config *present)
{
	struct tune *t = xcalloc(1, sizeof(*t));

	/* From one choice, each further value of a knob makes another of all there are. */
	t->n = 1;
	for (size_t knob = 0; knob < TUNE_KNOBS; knob++) {
		double values[TUNE_VALUES_MAX];
		size_t values_n = values_of(knob, read_knob(&tune_knobs[knob], present), values);
		size_t so_far = t->n;

		for (size_t i = 0; i < so_far * values_n; i++) {
			t->choices[i] = t->choices[i % so_far];
			t->choices[i].values[knob] = values[i / so_far];
		}
		t->n = so_far * values_n;
	}
	return t;
}

void tune_free(struct tune *t)
{
	free(t);
}

size_t tune_choices(const struct tune *t)
{
	return t->n;
}

void tune_set(const struct tune *t, size_t choice, struct policy_config *ret)
{
	for (size_t knob = 0; knob < TUNE_KNOBS; knob++)
		turn_knob(&tune_knobs[knob], ret, t->choices[choice].values[knob]);
}

/* ---- rounds ---- */

static void merge(struct tune_sums *to, const struct tune_sums *from)
{
	to->runs += from->runs;
	to->over += from->over;
	to->cost += from->cost;
	to->changes += from->changes;
	to->over_worst = fmax(to->over_worst, from->over_worst);
	to->cost_worst = fmax(to->cost_worst, from->cost_worst);
}

void tune_add(struct tune *t, size_t choice, const struct sim_measures *m)
{
	const struct tune_sums run = {
		.runs = 1,
		.over = m->psi_w,
		.cost = m->cost,
		.changes = m->adaptations_per_hour,
		.over_worst = m->psi_w,
		.cost_worst = m->cost,
	};

	merge(&t->choices[choice].round, &run);
}

void tune_end_round(struct tune *t, size_t runs)
{
	bool first = t->choices[0].done.runs == 0;
	bool whole = true;

	for (size_t i = 0; i < t->n; i++)
		whole &= t->choices[i].round.runs == runs;
	for (size_t i = 0; i < t->n; i++) {
		struct tune_choice *c = &t->choices[i];

		if (whole || (first && c->round.runs == runs))
			merge(&c->done, &c->round);
		c->round = (struct tune_sums){0};
	}
}

/* ---- outcomes ---- */

static int by_cost(const void *a, const void *b)
{
	const struct pareto_point *p = &((const struct tune_outcome *)a)->mean;
	const struct pareto_point *q = &((const struct tune_outcome *)b)->mean;

	if (p->cost != q->cost)
		return p->cost < q->cost ? -1 : 1;
	return (p->over > q->over) - (p->over < q->over);
}

size_t tune_outcomes(const struct tune *t, struct tune_outcome ret[TUNE_CHOICES_MAX])
{
	struct pareto_point points[TUNE_CHOICES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct tune_sums *s = &t->choices[i].done;
		double runs = (double)s->runs;

		if (s->runs == 0)
			continue;
		points[n] = (struct pareto_point){.over = s->over / runs, .cost = s->cost / runs};
		ret[n++] = (struct tune_outcome){
			.choice = &t->choices[i],
			.changes = s->changes / runs,
			.present = i == 0,
		};
	}
	pareto_mark(points, n);
	for (size_t i = 0; i < n; i++)
		ret[i].mean = points[i];
	qsort(ret, n, sizeof(ret[0]), by_cost);
	return n;
}

size_t tune_compared(const struct tune *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->choices[i].done.runs > 0;
	return n;
}
