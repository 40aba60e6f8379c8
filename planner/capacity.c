/* Pure. What one replica can carry; see capacity.h. */
#include "planner/capacity.h"

#include <math.h>

#define MINUTE_MS      60000
#define SMOOTH_SEC     10.0 /* a single window's rate is mostly noise */
#define SCATTER_SIGMAS 3.0  /* of requests in flight, which scatter like a Poisson count */
#define PLAUSIBLE_SHARE                                                                            \
	0.7                  /* replicas that serve less than this of what they did are held up by
				something else; what they serve then is not their capacity */
#define EVIDENCE_MAX   10000 /* requests: those of long ago weigh no more than that */
#define CHANGED_SIGMAS 3.0
#define CLEAR_OVERLOAD 1.15 /* arrivals over answers */
#define OPTIMISM_CLEAR 2.0  /* standard errors */
#define OPTIMISM       4.0
#define LOWER          0.9 /* how fast the capacity follows evidence that it is lower */
#define TURNED_AWAY    0.1 /* of the answers: a queue that is full does not grow */

void capacity_init(struct capacity *c)
{
	*c = (struct capacity){.rps = NAN};
}

void capacity_gap(struct capacity *c)
{
	c->steady_sec = 0;
	c->served_rps = 0;
	c->jam = (struct capacity_evidence){0};
	c->backlogged = false;
	c->ready = 0;
}

void capacity_violated(struct capacity *c)
{
	c->rps *= LOWER;
	c->jams.rps *= LOWER;
	c->good_rps = fmin(c->good_rps, c->rps);
}

double capacity_service_ms(const struct capacity *c, uint64_t now_ms)
{
	uint64_t minute = now_ms / MINUTE_MS;
	double least_ms = NAN;

	for (int i = 0; i < CAPACITY_MINUTES; i++) {
		uint64_t then = c->service[i].minute;
		if (c->service[i].mean_ms > 0 && then <= minute && minute - then < CAPACITY_MINUTES)
			least_ms = fmin(least_ms, c->service[i].mean_ms);
	}
	return least_ms;
}

static void learn_service(struct capacity *c, uint64_t now_ms, double mean_ms)
{
	uint64_t minute = now_ms / MINUTE_MS;
	int i = (int)(minute % CAPACITY_MINUTES);
	bool known = c->service[i].minute == minute && c->service[i].mean_ms > 0;

	if (!known || mean_ms < c->service[i].mean_ms) {
		c->service[i].minute = minute;
		c->service[i].mean_ms = mean_ms;
	}
}

double capacity_backlog(const struct capacity *c, uint64_t now_ms, double rps, double in_flight,
			int ready)
{
	double service_ms = capacity_service_ms(c, now_ms);
	double busy = rps * service_ms / 1000;
	double ordinary = busy + SCATTER_SIGMAS * sqrt(busy) + ready;

	return in_flight > ordinary ? in_flight - busy : 0;
}

static void weigh(struct capacity_evidence *e, double rps, double requests)
{
	e->rps += (rps - e->rps) * requests / (e->requests + requests);
	e->requests = fmin(e->requests + requests, EVIDENCE_MAX);
}

/* How far the mean of so many requests may be out, as a share of it. */
static double doubt(const struct capacity_evidence *e, double sigmas)
{
	return sigmas / sqrt(e->requests);
}

/* Whether this window of a jam counts.  One in which hardly more arrived than was answered may be
 * chance, in which less is served than could be: it counts until a clearer one was seen. */
static bool counts(struct capacity *c, const struct capacity_window *w)
{
	bool clear = w->arrivals_rps > CLEAR_OVERLOAD * w->answered_rps;

	if (clear && !c->clear) {
		c->jam = c->jams = (struct capacity_evidence){0};
		c->clear = true;
	}
	return w->answered_rps > 0 && clear == c->clear;
}

/* The mean rate while requests pile up is the capacity, where it is plausible; as long as few were
 * seen, the highest rate that they allow: one that is too high is soon found out by the next jam,
 * one that is too low never, since nothing would pile up again.  Where a jam contradicts those
 * before, something has changed, and it alone counts. */
static void learn_jammed(struct capacity *c, const struct capacity_window *w)
{
	double known_rps = isnan(c->rps) ? c->good_rps : c->rps;
	double served_rps = w->answered_rps / w->ready;
	double requests = w->answered_rps * w->sec;

	if (!counts(c, w))
		return;
	weigh(&c->jam, served_rps, requests);
	if (c->jam.rps <= PLAUSIBLE_SHARE * known_rps)
		return;
	if (fabs(c->jam.rps - c->jams.rps) > doubt(&c->jam, CHANGED_SIGMAS) * c->jam.rps)
		c->jams = c->jam;
	else
		weigh(&c->jams, served_rps, requests);
	c->rps = c->jams.rps * (1 + doubt(&c->jams, c->clear ? OPTIMISM_CLEAR : OPTIMISM));
	c->good_rps = fmin(c->good_rps, c->rps);
}

/* Whether requests pile up because replicas can do no more: beyond the scatter there are more and
 * more of them, or some are turned away.  A dependency that got slow holds up more requests too,
 * but soon no more than that. */
static bool piles_up(struct capacity *c, const struct capacity_window *w, bool backlogged)
{
	bool before = c->backlogged;

	c->backlogged = backlogged;
	if (!before)
		c->backlogged_from = w->in_flight;
	if (!before || !backlogged || !w->over_slo)
		return false;
	return w->failed_share >= TURNED_AWAY ||
	       w->in_flight - c->backlogged_from > SCATTER_SIGMAS * sqrt(w->in_flight);
}

/* What is served within the objective is good, whatever was believed before. */
static void learn_good(struct capacity *c)
{
	if (c->steady_sec < SMOOTH_SEC)
		return;
	c->good_rps = fmax(c->good_rps, c->served_rps);
	if (c->good_rps > c->rps)
		c->rps = c->good_rps;
}

static void follow_count(struct capacity *c, const struct capacity_window *w)
{
	if (w->ready != c->ready) {
		c->ready = w->ready;
		c->steady_sec = 0;
		c->jam = (struct capacity_evidence){0};
		c->served_rps = w->answered_rps / w->ready;
		c->backlogged = false; /* this window is of both counts: not to be learned from */
	}
	double share = 1 - exp(-w->sec / SMOOTH_SEC);
	c->served_rps += share * (w->answered_rps / w->ready - c->served_rps);
	c->steady_sec += w->sec;
}

void capacity_learn(struct capacity *c, const struct capacity_window *w)
{
	if (isnan(w->answered_rps))
		return;
	follow_count(c, w);

	bool backlogged =
		capacity_backlog(c, w->now_ms, w->arrivals_rps, w->in_flight, w->ready) > 0;

	if (piles_up(c, w, backlogged))
		learn_jammed(c, w);
	if (backlogged || w->over_slo)
		return;
	learn_good(c);
	if (w->service_ms > 0)
		learn_service(c, w->now_ms, w->service_ms);
}
