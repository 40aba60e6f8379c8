/* Pure. A run as a picture will show it. */
#include "replay/picture.h"

#include <math.h>
#include <stdio.h>

void picture_init(struct picture *p, const char *name, double span_sec)
{
	*p = (struct picture){.span_sec = span_sec};
	snprintf(p->name, sizeof(p->name), "%s", name);
}

static void count(struct picture_count *c, int replicas, bool first)
{
	c->min = first || replicas < c->min ? replicas : c->min;
	c->max = first || replicas > c->max ? replicas : c->max;
	c->last = replicas;
}

void picture_add(struct picture *p, const struct sim_sample *s)
{
	/* A window that ends where a column ends is the last of it. */
	double column = ceil(s->sec / p->span_sec * PICTURE_COLUMNS) - 1;
	size_t i = (size_t)fmax(0, fmin(column, PICTURE_COLUMNS - 1));
	struct picture_column *c = &p->columns[i];
	bool first = c->windows == 0;

	c->windows++;
	c->over += s->over;
	c->rps_sum += s->rps;
	count(&c->needed, s->needed, first);
	count(&c->wanted, s->wanted, first);
	count(&c->ready, s->ready, first);
}
