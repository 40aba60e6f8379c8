/* Pure. What a trace needs; see demand.h. */
#include "replay/demand.h"

#include "common/mem.h"
#include "common/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double draw_rate(struct demand *d)
{
	double middle_sec = ((double)d->windows++ + 0.5) * d->config.window_sec;

	return d->rate(d->cookie, fmin(middle_sec, d->config.span_sec));
}

/* Needed in the window at ${i} of the rates, by the mean around it. */
static int needed_at(const struct demand *d, size_t i)
{
	const struct demand_config *c = &d->config;
	size_t from = i > d->half ? i - d->half : 0;
	double mean_rps = stats_mean(d->rps + from, i + d->half + 1 - from);
	int n = erlang_replicas(&c->sizing, mean_rps + c->extra_rps, c->max_replicas);

	return n > c->min_replicas ? n : c->min_replicas;
}

void demand_init(struct demand *d, const struct demand_config *config, demand_rate *rate,
		 void *cookie)
{
	size_t half = (size_t)(DEMAND_MEAN_SEC / 2 / config->window_sec);
	size_t ahead = (size_t)ceil(config->ahead_sec / config->window_sec);

	*d = (struct demand){
		.config = *config, .rate = rate, .cookie = cookie, .half = half, .ahead = ahead};
	d->rps = xcalloc(half + 1 + ahead + half, sizeof(*d->rps));
	d->needed = xcalloc(1 + ahead, sizeof(*d->needed));
	while (d->rps_n < 1 + ahead + half)
		d->rps[d->rps_n++] = draw_rate(d);
	for (size_t i = 0; i <= ahead; i++)
		d->needed[i] = needed_at(d, i);
}

void demand_free(struct demand *d)
{
	free(d->rps);
	free(d->needed);
	*d = (struct demand){0};
}

void demand_next(struct demand *d)
{
	if (d->before < d->half)
		d->before++;
	else
		memmove(d->rps, d->rps + 1, --d->rps_n * sizeof(*d->rps));
	d->rps[d->rps_n++] = draw_rate(d);
	memmove(d->needed, d->needed + 1, d->ahead * sizeof(*d->needed));
	d->needed[d->ahead] = needed_at(d, d->before + d->ahead);
}

double demand_rps(const struct demand *d)
{
	return d->rps[d->before];
}
