/* Pure. What the adaptive policy makes of a window: can it be trusted, is it slow, how much
 * arrives, what does a replica carry, how many does that take. */
#include "planner/adaptive.h"

#include "planner/erlang.h"

#include <math.h>
#include <string.h>

#define GAP_WINDOWS       2.5       /* without a window for so many: some are missing */
#define STALE_WINDOWS     2.0       /* older than that when it is heard, */
#define STALE_MIN_SEC     5.0       /* but never at so little */
#define PARTIAL_SHARE     0.5       /* of the usual probes */
#define PARTIAL_MIN       4.0       /* probes a window, below which their number says nothing */
#define USUAL_SHARE       0.1       /* of a window in the usual number */
#define FAILED_BAD        0.5       /* of the answers: then latency says nothing about the rest */
#define TRAFFIC_MEMORY_MS 300000ULL /* telemetry that was there so lately is missing */
#define ANSWERS_MIN       20        /* real requests, for a p95 that is worth the name */
#define BREACH_MAX        3.0       /* of the score; an end, so that it comes down again */
#define EXPLORE_FACTOR    2.0  /* times the most that a replica was seen to carry may be tried */
#define DRAIN_SHARE       1.0  /* of the load: the most that is added to work off a backlog */
#define WAIT_SHARE        0.25 /* of the baseline: the least wait that sizing reckons with */
#define NEAR_SHARE        0.8  /* of the windows near the baseline: it is not stretched */
#define NEAR_WINDOWS      20.0 /* over which that share is taken */
#define BLIND_HOLD        5    /* times longer a hold where the capacity is unknown */
#define HOLD_DOUBLINGS    3    /* of the hold, at most */
#define HOUR_MS           3600000ULL

static uint64_t since(uint64_t then_ms, uint64_t now_ms)
{
	return now_ms > then_ms ? now_ms - then_ms : 0;
}

/* Whether windows are missing before this one. */
static bool gap(const struct adaptive *a, const struct adaptive_view *v)
{
	return a->begun &&
	       (double)since(a->last_ms, v->now_ms) > GAP_WINDOWS * v->window_sec * 1000;
}

/* Why the window is not to be trusted, or NULL. */
static const char *bad_data(const struct adaptive *a, const struct policy_input *input,
			    const struct adaptive_view *v)
{
	double stale_sec = fmax(STALE_WINDOWS * v->window_sec, STALE_MIN_SEC);

	if (gap(a, v))
		return "windows are missing";
	if (input->age_sec > stale_sec)
		return "the window is stale";
	if (v->failed_share >= FAILED_BAD)
		return "most answers failed";
	if (a->usual_requests >= PARTIAL_MIN && input->requests < PARTIAL_SHARE * a->usual_requests)
		return "probes are missing";
	if (a->had_traffic && !input->traffic.present &&
	    since(a->traffic_ms, v->now_ms) < TRAFFIC_MEMORY_MS)
		return "traffic figures are missing";
	return NULL;
}

static void judge_data(struct adaptive *a, const struct policy_config *config,
		       const struct policy_input *input, struct adaptive_view *v)
{
	v->failed_share = policy_failed_share(input);
	v->answers = v->failed_share < ADAPTIVE_FAILED_SOME;
	v->bad = config->bad_data_hold ? bad_data(a, input, v) : NULL;
	if (gap(a, v)) {
		arrivals_gap(&a->arrivals);
		capacity_gap(&a->capacity);
		a->breach = 0;
	}
	if (input->traffic.present) {
		a->had_traffic = true;
		a->traffic_ms = v->now_ms;
	}
	if (isnan(a->usual_requests))
		a->usual_requests = input->requests;
	else
		a->usual_requests += USUAL_SHARE * (input->requests - a->usual_requests);
}

static void flags_push(struct adaptive *a, int need_n, bool near)
{
	if (a->low_n == need_n)
		memmove(a->low, a->low + 1, (size_t)--a->low_n * sizeof(a->low[0]));
	a->low[a->low_n++] = near;
}

/* p95 of real requests, where there were enough of them. */
static double requests_p95_ms(const struct policy_input *input, double window_sec)
{
	const struct message_traffic *t = &input->traffic;

	if (!t->present || !(t->completed_rps * window_sec >= ANSWERS_MIN))
		return NAN;
	return t->p95_ms;
}

static void look_at_latency(struct adaptive *a, const struct policy_config *config,
			    const struct policy_input *input, struct adaptive_view *v)
{
	bool measured = input->p95_ms > 0;

	v->probes = latency_look(a->probes, config, measured ? input->p95_ms : NAN);
	v->requests = latency_look(a->requests, config, requests_p95_ms(input, v->window_sec));
	v->excess = fmax(v->probes.excess, v->requests.excess);
	v->over = v->excess >= 1;
	v->warm = v->probes.warm;
	bool near = v->probes.near && !v->over;
	flags_push(a, config->low_need_n, near);
	a->near_share += (near - a->near_share) / NEAR_WINDOWS;
}

/* Overload is not normal, unless adding replicas was seen not to change it. */
static void learn_latency(struct adaptive *a, const struct adaptive_view *v)
{
	if (v->bad || v->backlog > 0 || (v->over && !a->futility.declared))
		return;
	if (v->probes.present)
		baseline_update(a->probes, v->probes.p95_ms);
	if (v->requests.present)
		baseline_update(a->requests, v->requests.p95_ms);
}

static void look_at_load(struct adaptive *a, const struct policy_config *config,
			 const struct policy_input *input, struct adaptive_view *v)
{
	const struct message_traffic *t = &input->traffic;
	const struct arrivals_config spans = {
		.short_sec = config->load_short_sec,
		.long_sec = config->load_long_sec,
		.burst_sigmas = config->burst_sigmas,
		.miss_share = config->tail_share,
	};

	v->service_ms = capacity_service_ms(&a->capacity, v->now_ms);
	v->capacity_rps = v->utilisation = NAN;
	if (t->present)
		arrivals_add(&a->arrivals, &spans, t->rps, v->window_sec);
	v->loaded = t->present && arrivals_estimate(&a->arrivals, &spans, &v->load);
	if (!v->loaded)
		return;
	v->backlog = capacity_backlog(&a->capacity, v->now_ms, v->load.rps, t->in_flight, v->ready);

	/* Where answers fail the load is known all the same, and that many are turned away is what
	 * overload may look like. */
	double failed = t->error_rate > 0 ? t->error_rate : 0;
	v->answered_rps = t->completed_rps * (1 - failed);
	if (v->bad && v->failed_share < FAILED_BAD)
		return;

	/* Before there is an objective, it is slow when it takes much longer than it can. */
	bool slow = t->upstream_ms > config->alpha_up * v->service_ms;
	const struct capacity_window w = {
		.now_ms = v->now_ms,
		.sec = v->window_sec,
		.ready = v->ready,
		.arrivals_rps = t->rps,
		.answered_rps = v->answered_rps,
		.failed_share = failed,
		.in_flight = t->in_flight,
		.service_ms = v->answers ? t->upstream_ms : NAN,
		.over_slo = isnan(v->probes.slo_ms) ? slow : v->over,
	};
	capacity_learn(&a->capacity, &w);
}

/* A score that one slow window does not raise to an alarm, and some do: how far over the objective,
 * at most once, is added; what is below it is taken off.  What piled up before the replicas came
 * that work it off now does not count again.  Where a burst gives each replica far more than any
 * was seen to carry, the first slow window is enough. */
static void score_breach(struct adaptive *a, struct adaptive_view *v)
{
	bool drains = v->backlog > 0 && ((v->known && a->pending.open) || v->backlog < a->backlog);
	double step = fmin(fmax(v->excess - 1, -1), drains ? 0 : 1);

	a->breach = fmin(fmax(a->breach + step, 0), BREACH_MAX);
	a->backlog = v->backlog;
	bool unseen = !a->was_over && !v->known && v->load.burst &&
		      v->load.rps > EXPLORE_FACTOR * v->good_rps * v->ready;
	v->breached = v->over && (unseen || a->breach >= ADAPTIVE_BREACH_ALARM);
	a->was_over = v->over;
}

/* Replicas for the load as it is, and for the upper estimate of it; and those that are to stay when
 * it is thought to grow by the margin for going down.  What lies between the first two is no reason
 * to act: chance alone moves the load so far. */
static void size_known(struct adaptive_view *v, const struct policy_config *config,
		       const struct erlang_sizing *s)
{
	int max = config->max_replicas;
	double drain_rps =
		config->backlog_drain_sec > 0 ? v->backlog / config->backlog_drain_sec : 0;
	double least =
		ceil((v->load.rps + fmin(drain_rps, DRAIN_SHARE * v->load.rps)) / s->capacity_rps);

	v->utilisation = v->load.rps / (v->ready * s->capacity_rps);
	v->need = erlang_replicas(s, v->load.upper_rps, max);
	if (least > v->need)
		v->need = least < max ? (int)least : max;
	v->lacking = least > v->have || erlang_replicas(s, v->load.rps, max) > v->have;
	v->keep = erlang_replicas(s, v->load.upper_rps * (1 + config->down_margin), max);
}

/* While nothing is known of the capacity, one fewer is tried where the service is not stretched and
 * no replica gets far more than one was seen to carry. */
static int keep_unknown(const struct adaptive *a, const struct adaptive_view *v)
{
	double most_rps = EXPLORE_FACTOR * v->good_rps * (v->have - 1);
	bool may = a->near_share >= NEAR_SHARE && (!v->loaded || v->load.upper_rps <= most_rps);

	return may ? v->have - 1 : v->have;
}

static void size(struct adaptive *a, const struct policy_config *config, struct adaptive_view *v)
{
	bool fixed = !isnan(config->capacity_rps);
	const struct latency *l = v->requests.warm ? &v->requests : &v->probes;
	double wait_ms = fmax(l->slo_ms - l->baseline_ms, WAIT_SHARE * l->baseline_ms);
	struct erlang_sizing s = {
		.capacity_rps = fixed ? config->capacity_rps : a->capacity.rps,
		.service_sec = v->service_ms / 1000,
		.wait_sec = (isnan(wait_ms) ? v->service_ms : wait_ms) / 1000,
		.tail_share = config->tail_share,
		.utilisation_max = config->utilisation_max,
	};

	if (isnan(s.wait_sec))
		s.wait_sec = 1 / s.capacity_rps;
	v->good_rps = a->capacity.good_rps;
	v->most_rps = fmax(v->good_rps, v->answered_rps / v->ready);
	v->capacity_rps = s.capacity_rps;
	v->known = config->feed_forward && v->loaded && s.capacity_rps > 0;
	if (v->known)
		size_known(v, config, &s);
	else
		v->keep = keep_unknown(a, v);
	if (v->bad || !v->answers)
		v->keep = config->max_replicas;
}

int adaptive_reversals(const struct adaptive *a, uint64_t now_ms)
{
	int n = 0;

	for (unsigned i = 0; i < a->reversals_n && i < ADAPTIVE_REVERSALS; i++)
		n += since(a->reversals_ms[i], now_ms) < HOUR_MS;
	return n;
}

uint64_t adaptive_hold_ms(const struct adaptive *a, const struct policy_config *config)
{
	const struct adaptive_view *v = &a->view;
	int extra = config->flap_budget > 0 ? adaptive_reversals(a, v->now_ms) - config->flap_budget
					    : 0;
	int doublings = extra < 0 ? 0 : extra > HOLD_DOUBLINGS ? HOLD_DOUBLINGS : extra;
	double sec = config->down_hold_sec * (v->known ? 1 : BLIND_HOLD) * (1 << doublings);

	return (uint64_t)(sec * 1000);
}

void adaptive_observe(struct adaptive *a, const struct policy_config *config, uint64_t now_ms,
		      const struct policy_input *input, int wanted)
{
	struct adaptive_view *v = &a->view;

	*v = (struct adaptive_view){.now_ms = now_ms, .window_sec = input->window_sec};
	if (isnan(v->window_sec))
		v->window_sec =
			a->begun && now_ms > a->last_ms ? (double)(now_ms - a->last_ms) / 1000 : 1;
	v->ready = input->ready >= 0 ? input->ready : input->replicas;
	if (v->ready < 1)
		v->ready = 1;
	judge_data(a, config, input, v);
	pending_window(&a->pending, now_ms, v->window_sec, input->replicas, v->ready,
		       config->startup_sec);
	v->wanted = wanted;
	v->have = a->pending.lost ? input->replicas : wanted;
	if (a->pending.lost)
		futility_cancel(&a->futility); /* what never came cannot have helped */

	look_at_latency(a, config, input, v);
	look_at_load(a, config, input, v);
	learn_latency(a, v);
	if (!v->bad && (v->probes.present || v->requests.present))
		v->futile_now = futility_window(&a->futility, now_ms, v->excess,
						v->loaded ? v->load.rps : NAN, !a->pending.open,
						config->futility_limit);
	if (v->futile_now)
		a->capacity.rps = a->futility.capacity_rps;
	size(a, config, v);
	score_breach(a, v);
	hold_need(&a->hold, now_ms, v->keep);
	a->begun = true;
	a->last_ms = now_ms;
}
