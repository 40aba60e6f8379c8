/* Pure. The adaptive policy decides: bounds, then up by load or by latency, then what futile
 * additions are given back, then down. */
#include "planner/policy_adaptive.h"

#include "common/mem.h"
#include "planner/adaptive.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD_SHARE_MIN 0.25 /* of the ready replicas that the guard adds at least, */
#define GUARD_SHARE_MAX 1.0  /* and at most */
#define GUARD_EXCESS    4.0  /* p95 so many times beyond the objective doubles them */
#define WORSE           1.5  /* latency that grew so much does not wait for the last addition */
#define IDLE            0.5  /* utilisation below which a shortage of replicas is not plausible */
#define FLAP_MS         300000ULL /* up so soon after down is a change of mind */

static void *adaptive_create(const struct policy_config *config)
{
	struct adaptive *a = xcalloc(1, sizeof(*a));

	a->probes = baseline_new((size_t)config->hist_windows);
	a->requests = baseline_new((size_t)config->hist_windows);
	a->usual_requests = NAN;
	arrivals_init(&a->arrivals);
	capacity_init(&a->capacity);
	pending_init(&a->pending);
	return a;
}

static void *adaptive_copy(const void *memory)
{
	const struct adaptive *a = memory;
	struct adaptive *copy = xcalloc(1, sizeof(*copy));

	*copy = *a;
	copy->probes = baseline_copy(a->probes);
	copy->requests = baseline_copy(a->requests);
	return copy;
}

static void adaptive_destroy(void *memory)
{
	struct adaptive *a = memory;

	baseline_free(a->probes);
	baseline_free(a->requests);
	free(a);
}

/* What is left of ${span_sec} since ${then_ms}; when the clock steps back, all of it. */
static double left_sec(bool happened, uint64_t *then_ms, uint64_t now_ms, double span_sec)
{
	if (!happened)
		return 0;
	if (now_ms < *then_ms)
		*then_ms = now_ms;
	return fmax(0, span_sec - (double)(now_ms - *then_ms) / 1000);
}

/* What stands between the view and an action. */
struct gates {
	double up_left_sec, down_left_sec;
	uint64_t hold_ms;
	bool settled; /* the last addition against latency was judged, or things got much worse */
	int guard;    /* replicas that the latency guard asks for; 0: none */
	int floor;    /* the most that was to be kept during the hold */
	double held_sec; /* for so long one fewer would have done */
	bool down;       /* nothing but the count itself forbids to go down */
};

/* Replicas that load or latency ask for; 0: none in particular. */
static int asked(const struct adaptive_view *v, const struct gates *g)
{
	int load = v->lacking ? v->need : 0;

	return load > g->guard ? load : g->guard;
}

/* By how much the count may be wrong: by what a replica now gets over what it was seen to carry;
 * where the load is unknown by how far p95 is out; where it is known, and the capacity too, by no
 * more than the model may be wrong. */
static double wrong_share(const struct adaptive_view *v)
{
	double share = (v->excess - 1) / GUARD_EXCESS;

	if (v->known)
		share = GUARD_SHARE_MIN;
	else if (v->loaded && v->most_rps > 0)
		share = v->load.rps / v->ready / v->most_rps - 1;
	return fmin(fmax(share, GUARD_SHARE_MIN), GUARD_SHARE_MAX);
}

static void gates_look(struct adaptive *a, const struct policy_config *config, struct gates *ret)
{
	const struct adaptive_view *v = &a->view;
	const struct futility *f = &a->futility;
	double since_up_sec = left_sec(a->went_up, &a->up_ms, v->now_ms, config->down_cooldown_sec);

	ret->up_left_sec = left_sec(a->went_up, &a->up_ms, v->now_ms, config->up_cooldown_sec);
	ret->down_left_sec = fmax(since_up_sec, left_sec(a->went_down, &a->down_ms, v->now_ms,
							 config->down_cooldown_sec));
	ret->hold_ms = adaptive_hold_ms(a, config);
	ret->settled = !f->watching || v->excess >= WORSE * f->excess_before;
	ret->guard = 0;
	if (config->latency_guard && v->breached && ret->settled && !f->declared)
		ret->guard = v->ready + (int)ceil(v->ready * wrong_share(v));
	ret->floor = hold_floor(&a->hold, v->now_ms, ret->hold_ms);
	ret->held_sec =
		(double)hold_since(&a->hold, v->now_ms, v->have > 0 ? v->have - 1 : 0) / 1000;
	ret->down = !v->bad && v->answers && !v->over && !v->load.burst && !a->pending.open &&
		    ret->down_left_sec <= 0;
}

/* The decision: ${action} to ${replicas}, since the gate ${by} says so, in words. */
__attribute__((format(printf, 5, 6))) static bool decide(struct policy_decision *d,
							 enum message_action action, int replicas,
							 const char *by, const char *reason, ...)
{
	va_list args;

	d->action = action;
	d->replicas = replicas;
	d->decided_by = by;
	va_start(args, reason);
	vsnprintf(d->reason, sizeof(d->reason), reason, args);
	va_end(args);
	return true;
}

/* MIN_REPLICAS and MAX_REPLICAS hold at once, whatever the data. */
static bool by_bounds(const struct policy_config *config, const struct adaptive_view *v,
		      struct policy_decision *d)
{
	bool few = v->have < config->min_replicas && v->wanted > v->have;
	int within = policy_clamp(config, few ? v->wanted : v->have);

	if (within == v->have)
		return false;
	return decide(d, within > v->have ? ACTION_SCALE_UP : ACTION_SCALE_DOWN, within, "bounds",
		      "%d replicas, allowed are %d to %d", v->have, config->min_replicas,
		      config->max_replicas);
}

/* More, because the load or the latency asks for it. */
static bool by_need(const struct policy_config *config, const struct adaptive_view *v,
		    const struct gates *g, struct policy_decision *d)
{
	int target = policy_clamp(config, asked(v, g) > v->wanted ? asked(v, g) : v->wanted);

	if (asked(v, g) <= v->have || target <= v->have || g->up_left_sec > 0)
		return false;
	if (v->lacking && v->need >= g->guard)
		return decide(d, ACTION_SCALE_UP, target, "feed_forward",
			      "%.4g rps arriving, a replica carries %.3g: %d needed",
			      v->load.upper_rps, v->capacity_rps, v->need);
	return decide(d, ACTION_SCALE_UP, target, "latency_guard", "p95 %.2fx the objective, %s",
		      v->excess,
		      v->known ? "though the load should fit" : "capacity not known yet");
}

/* Additions that did not lower p95 are of no use. */
static bool by_futility(const struct adaptive *a, const struct policy_config *config,
			struct policy_decision *d)
{
	const struct adaptive_view *v = &a->view;
	const struct futility *f = &a->futility;
	int target = policy_clamp(config, v->need > f->base ? v->need : f->base);

	if (!v->futile_now || target >= v->have || v->bad || !v->answers)
		return false;
	return decide(d, ACTION_SCALE_DOWN, target, "futility",
		      "%d additions did not lower p95, giving them back", f->fruitless);
}

/* Fewer, when those that stay carry the load and did so for the whole hold. */
static bool by_survivors(const struct adaptive *a, const struct policy_config *config,
			 const struct gates *g, struct policy_decision *d)
{
	const struct adaptive_view *v = &a->view;
	int step = (int)(v->have * config->down_rate);
	int slowest = v->have - (step > 1 ? step : 1);
	int target = g->floor > v->keep ? g->floor : v->keep;
	double hold_sec = (double)g->hold_ms / 1000;

	target = policy_clamp(config, target > slowest ? target : slowest);
	if (target >= v->have || !g->down)
		return false;
	if (v->known)
		return decide(d, ACTION_SCALE_DOWN, target, "survivors",
			      "%d carry %.4g rps with margin, for %.0f s", target,
			      v->load.upper_rps, hold_sec);
	return decide(d, ACTION_SCALE_DOWN, target, "survivors",
		      "near the baseline for %.0f s, %d may do", hold_sec, target);
}

/* Why more are not there yet, or would not help. */
static bool by_shortage(const struct adaptive *a, const struct policy_config *config,
			const struct gates *g, struct policy_decision *d)
{
	const struct adaptive_view *v = &a->view;

	if (asked(v, g) > v->have && v->have >= config->max_replicas)
		return decide(d, ACTION_NOOP, 0, "room_above", "%d needed, MAX_REPLICAS is %d",
			      asked(v, g), config->max_replicas);
	if (asked(v, g) > v->have)
		return decide(d, ACTION_NOOP, 0, "up_cooldown", "cooldown, %.0f s left",
			      g->up_left_sec);
	if (v->over && a->futility.declared)
		return decide(d, ACTION_NOOP, 0, "futility",
			      "p95 %.2fx the objective, more replicas do not help", v->excess);
	if (v->over && !g->settled)
		return decide(d, ACTION_NOOP, 0, "settled",
			      "p95 %.2fx the objective, the last addition is being judged",
			      v->excess);
	if (v->over)
		return decide(d, ACTION_NOOP, 0, "latency_guard",
			      "p95 %.2fx the objective, not for long enough", v->excess);
	return false;
}

/* Why nothing is done: the first that applies. */
static bool by_nothing(const struct adaptive *a, const struct policy_config *config,
		       const struct gates *g, struct policy_decision *d)
{
	const struct adaptive_view *v = &a->view;

	if (by_shortage(a, config, g, d))
		return true;
	if (v->bad)
		return decide(d, ACTION_NOOP, 0, "data_good", "holding: %s", v->bad);
	if (!v->answers)
		return decide(d, ACTION_NOOP, 0, "answers",
			      "holding: %.0f %% of the answers failed", v->failed_share * 100);
	if (a->pending.open)
		return decide(d, ACTION_NOOP, 0, "pending", "on the way to %d replicas",
			      a->pending.replicas);
	if (!v->warm)
		return decide(d, ACTION_NOOP, 0, "warm", "warming up");
	if (v->keep < v->have && v->have > config->min_replicas)
		return decide(d, ACTION_NOOP, 0, "down_hold",
			      "%d would do, held for %.0f of %.0f s", v->keep, g->held_sec,
			      (double)g->hold_ms / 1000);
	if (v->known)
		return decide(d, ACTION_NOOP, 0, "feed_forward", "%.4g rps, a replica carries %.3g",
			      v->load.rps, v->capacity_rps);
	return decide(d, ACTION_NOOP, 0, "objective", "within the objective");
}

/* What advice may choose.  In a breach no less than what was decided; else up to half as many
 * again, where nothing cools down; down as far as the load allows now, without waiting for the
 * hold. */
static struct policy_envelope envelope(const struct adaptive *a, const struct policy_config *config,
				       const struct gates *g, const struct policy_decision *d)
{
	const struct adaptive_view *v = &a->view;
	int now = policy_clamp(config, v->have > v->wanted ? v->have : v->wanted);
	int target = d->action == ACTION_NOOP ? now : d->replicas;
	bool outside = policy_clamp(config, v->have) != v->have;
	bool forced = outside || (d->action == ACTION_SCALE_UP && v->over);
	struct policy_envelope e = {.lo = target < now ? target : now,
				    .hi = target > now ? target : now};

	e.restart = !(v->utilisation >= IDLE) && v->backlog <= 0;
	if (forced)
		e.lo = target;
	else if (g->down && v->keep < e.lo)
		e.lo = policy_clamp(config, v->keep);
	if (!outside && g->up_left_sec <= 0 && !a->pending.open) {
		int more = policy_clamp(config, now + (now + 1) / 2);
		e.hi = more > e.hi ? more : e.hi;
	}
	return e;
}

static void estimates(const struct adaptive *a, const struct adaptive_view *v,
		      struct policy_decision *d)
{
	policy_estimate(d, "p95_ms", v->probes.p95_ms);
	policy_estimate(d, "baseline_ms", v->probes.baseline_ms);
	policy_estimate(d, "sigma_ms", v->probes.sigma_ms);
	policy_estimate(d, "objective_ms", v->probes.slo_ms);
	policy_estimate(d, "requests_p95_ms", v->requests.p95_ms);
	policy_estimate(d, "requests_objective_ms", v->requests.slo_ms);
	policy_estimate(d, "arrivals_rps", v->loaded ? v->load.rps : NAN);
	policy_estimate(d, "arrivals_upper_rps", v->loaded ? v->load.upper_rps : NAN);
	policy_estimate(d, "capacity_rps", v->capacity_rps);
	policy_estimate(d, "good_rps", v->good_rps);
	policy_estimate(d, "service_ms", v->service_ms);
	policy_estimate(d, "utilisation", v->utilisation);
	policy_estimate(d, "backlog", v->backlog);
	policy_estimate(d, "startup_sec", a->pending.startup_sec);
	policy_estimate(d, "wanted_raw", v->known ? v->need : NAN);
	policy_estimate(d, "keep", v->keep);
}

static void gates_tell(const struct adaptive *a, const struct policy_config *config,
		       const struct gates *g, struct policy_decision *d)
{
	const struct adaptive_view *v = &a->view;
	const struct futility *f = &a->futility;
	double in_rotation = v->ready, hold_sec = (double)g->hold_ms / 1000;

	policy_gate(d, "bounds", policy_clamp(config, v->have) == v->have, v->have, NAN);
	policy_gate(d, "data_good", !v->bad, NAN, NAN);
	policy_gate(d, "answers", v->answers, v->failed_share, ADAPTIVE_FAILED_SOME);
	policy_gate(d, "warm", v->warm, (double)baseline_windows(a->probes),
		    config->warmup_windows);
	policy_gate(d, "objective", !v->over, v->excess, 1);
	policy_gate(d, "burst", v->load.burst, v->load.cusum, config->burst_sigmas);
	policy_gate(d, "feed_forward", v->lacking, v->need, v->have);
	policy_gate(d, "latency_guard", g->guard > v->have, a->breach, ADAPTIVE_BREACH_ALARM);
	policy_gate(d, "settled", g->settled, v->excess, WORSE * f->excess_before);
	policy_gate(d, "futility", !f->declared, f->fruitless, config->futility_limit);
	policy_gate(d, "pending", !a->pending.open, in_rotation,
		    a->pending.open ? a->pending.replicas : in_rotation);
	policy_gate(d, "up_cooldown", g->up_left_sec <= 0, g->up_left_sec, 0);
	policy_gate(d, "room_above", v->have < config->max_replicas, v->have, config->max_replicas);
	policy_gate(d, "near", v->probes.near, v->probes.p95_ms, v->probes.near_limit_ms);
	policy_gate(d, "survivors", v->keep < v->have, v->keep, v->have);
	policy_gate(d, "down_hold", g->floor < v->have, g->held_sec, hold_sec);
	policy_gate(d, "down_cooldown", g->down_left_sec <= 0, g->down_left_sec, 0);
	policy_gate(d, "flap_budget", adaptive_reversals(a, v->now_ms) <= config->flap_budget,
		    adaptive_reversals(a, v->now_ms), config->flap_budget);
	policy_gate(d, "room_below", v->have > config->min_replicas, v->have, config->min_replicas);
}

static void report(const struct adaptive *a, const struct gates *g, struct policy_decision *d)
{
	const struct adaptive_view *v = &a->view;

	d->baseline_ms = v->probes.baseline_ms;
	d->sigma_ms = v->probes.sigma_ms;
	d->slo_ms = v->probes.slo_ms;
	d->over_slo = v->over;
	d->cooldown_left_sec = fmax(g->up_left_sec, g->down_left_sec);
	d->low_windows_n = a->low_n;
	for (int i = 0; i < a->low_n; i++)
		d->low_windows[i] = a->low[i];
}

static void adaptive_step(void *memory, const struct policy_config *config, uint64_t now_ms,
			  const struct policy_input *input, int wanted, struct policy_decision *ret)
{
	struct adaptive *a = memory;
	const struct adaptive_view *v = &a->view;
	struct gates g;

	adaptive_observe(a, config, now_ms, input, wanted);
	gates_look(a, config, &g);
	report(a, &g, ret);
	estimates(a, v, ret);
	gates_tell(a, config, &g, ret);
	if (!by_bounds(config, v, ret) && !by_need(config, v, &g, ret) &&
	    !by_futility(a, config, ret) && !by_survivors(a, config, &g, ret))
		by_nothing(a, config, &g, ret);
	ret->envelope = envelope(a, config, &g, ret);
}

/* More replicas.  An addition against latency is watched for what it does; where the model said
 * that none was needed, it is corrected. */
static void went_up(struct adaptive *a, const struct policy_decision *d)
{
	const struct adaptive_view *v = &a->view;
	bool guard = !strcmp(d->decided_by, "latency_guard");

	if (a->went_down && v->now_ms - a->down_ms < FLAP_MS &&
	    strcmp(d->decided_by, "bounds") != 0)
		a->reversals_ms[a->reversals_n++ % ADAPTIVE_REVERSALS] = v->now_ms;
	if (v->over)
		futility_added(&a->futility, v->have, v->excess, v->loaded ? v->load.rps : NAN,
			       a->capacity.rps);
	if (guard && v->utilisation >= IDLE && v->utilisation < 1)
		capacity_violated(&a->capacity);
	a->breach = 0; /* what is there now is to be judged anew */
	a->went_up = true;
	a->up_ms = v->now_ms;
}

static void adaptive_acted(void *memory, const struct policy_config *config, uint64_t now_ms,
			   const struct policy_input *input, const struct policy_decision *d)
{
	struct adaptive *a = memory;

	(void)config;
	(void)input;
	if (d->action == ACTION_RESTART)
		return;
	if (d->action == ACTION_SCALE_UP) {
		went_up(a, d);
	} else {
		a->went_down = true;
		a->down_ms = now_ms;
	}
	pending_begin(&a->pending, now_ms, d->replicas, d->action == ACTION_SCALE_UP);
}

/* What was refused did not happen: nothing is on its way, nothing cools down, nothing is judged.
 * Where the executor keeps fewer than were asked for, no more are waited for. */
static void adaptive_told(void *memory, int wanted, bool done)
{
	struct adaptive *a = memory;

	if (!a->pending.open)
		return;
	if (done) {
		if (a->pending.up && wanted < a->pending.replicas)
			a->pending.replicas = wanted;
		return;
	}
	if (a->pending.up) {
		a->went_up = false;
		futility_cancel(&a->futility);
	} else {
		a->went_down = false;
	}
	pending_cancel(&a->pending);
}

/* What a replica carries may have been learned longer ago than the streams reach back. */
static void adaptive_recall(void *memory, const char *name, double value)
{
	struct adaptive *a = memory;
	struct capacity *c = &a->capacity;

	if (!strcmp(name, "capacity_rps") && isnan(c->rps))
		c->rps = value;
	else if (!strcmp(name, "good_rps") && value > c->good_rps)
		c->good_rps = value;
	else if (!strcmp(name, "startup_sec") && isnan(a->pending.startup_sec))
		a->pending.startup_sec = value;
}

const struct policy_impl policy_adaptive = {
	.alpha_up = 2,
	.create = adaptive_create,
	.copy = adaptive_copy,
	.destroy = adaptive_destroy,
	.step = adaptive_step,
	.acted = adaptive_acted,
	.told = adaptive_told,
	.recall = adaptive_recall,
};
