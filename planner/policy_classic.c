/* Pure. The classic law.  Every comparison is computed in the order in which the law is written, so
 * that a p95 that lies exactly on a threshold falls on the same side as in Python. */
#include "planner/policy_classic.h"

#include "common/mem.h"
#include "planner/baseline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define Z_UP           6.0 /* sigmas above the baseline that mean overload, whatever the ratio */
#define NEAR_MARGIN_MS 5.0 /* noise that is never held against a quiet service */
#define NEAR_SIGMAS    0.25
#define SIGMA_STAND_IN 1.0 /* ms, where the history does not scatter at all */

struct classic {
	struct baseline *history;  /* p95 of the last HIST_WINDOWS windows */
	bool low[MESSAGE_LOW_MAX]; /* which of the last LOW_NEED_N were near the baseline */
	int low_n;
	bool acted; /* last_action_ms is set */
	uint64_t last_action_ms;
};

/* One window seen against the history that it is already part of. */
struct view {
	double baseline_ms, sigma_ms;
	double near_limit_ms;
	double ratio, z;
	bool warm, near, all_near;
};

static void *classic_create(const struct policy_config *config)
{
	struct classic *c = xcalloc(1, sizeof(*c));

	c->history = baseline_new((size_t)config->hist_windows);
	return c;
}

static void *classic_copy(const void *memory)
{
	const struct classic *c = memory;
	struct classic *copy = xcalloc(1, sizeof(*copy));

	*copy = *c;
	copy->history = baseline_copy(c->history);
	return copy;
}

static void classic_destroy(void *memory)
{
	struct classic *c = memory;

	baseline_free(c->history);
	free(c);
}

/* baseline * BETA_DOWN + max(5 ms, sigma / 4), in two statements, since within one a compiler may
 * fuse product and sum into one rounding. */
static double near_limit_ms(const struct policy_config *config, double baseline_ms, double sigma_ms)
{
	double limit_ms = baseline_ms * config->beta_down;

	limit_ms += fmax(NEAR_MARGIN_MS, NEAR_SIGMAS * sigma_ms);
	return limit_ms;
}

static void flags_push(struct classic *c, int need_n, bool near)
{
	if (c->low_n == need_n)
		memmove(c->low, c->low + 1, (size_t)--c->low_n * sizeof(c->low[0]));
	c->low[c->low_n++] = near;
}

/* Fewer flags than LOW_NEED_N are enough when there are not more yet. */
static bool flags_all(const struct classic *c)
{
	for (int i = 0; i < c->low_n; i++)
		if (!c->low[i])
			return false;
	return true;
}

static struct view look(struct classic *c, const struct policy_config *config, double p95_ms)
{
	struct view v = {0};

	baseline_update(c->history, p95_ms);
	v.baseline_ms = baseline_median(c->history);
	v.sigma_ms = baseline_sigma(c->history, v.baseline_ms);
	v.near_limit_ms = near_limit_ms(config, v.baseline_ms, v.sigma_ms);
	v.ratio = v.baseline_ms > 0 ? p95_ms / v.baseline_ms : 0;
	v.z = (p95_ms - v.baseline_ms) / (v.sigma_ms > 0 ? v.sigma_ms : SIGMA_STAND_IN);

	int need = config->warmup_windows > 1 ? config->warmup_windows : 1;
	v.warm = baseline_windows(c->history) >= (size_t)need;
	v.near = v.warm && v.baseline_ms > 0 && p95_ms <= v.near_limit_ms;
	flags_push(c, config->low_need_n, v.near);
	v.all_near = flags_all(c);
	return v;
}

/* What is left of the cooldown.  When the clock steps back behind the last action, the action
 * counts as taken now: a whole cooldown from here, no more and no less. */
static double cooldown_left_ms(struct classic *c, const struct policy_config *config,
			       uint64_t now_ms)
{
	if (!c->acted)
		return 0;
	if (now_ms < c->last_action_ms)
		c->last_action_ms = now_ms;
	return fmax(0, config->cooldown_sec * 1000 - (double)(now_ms - c->last_action_ms));
}

/* What the law asks for, cooldown aside, and by which gate. */
static enum message_action judge(const struct policy_config *config, const struct view *v,
				 int replicas, struct policy_decision *ret)
{
	bool high = v->ratio >= config->alpha_up || v->z >= Z_UP;
	size_t size = sizeof(ret->reason);

	if (!v->warm) {
		snprintf(ret->reason, size, "warming");
		ret->decided_by = "warm";
		return ACTION_NOOP;
	}
	if (high && replicas < config->max_replicas) {
		snprintf(ret->reason, size, "%.1fx baseline", v->ratio);
		ret->decided_by = v->ratio >= config->alpha_up ? "ratio_high" : "z_high";
		return ACTION_SCALE_UP;
	}
	if (v->all_near && replicas > config->min_replicas) {
		snprintf(ret->reason, size, "near baseline for %dw", config->low_need_n);
		ret->decided_by = "all_near";
		return ACTION_SCALE_DOWN;
	}
	snprintf(ret->reason, size, "heuristic");
	ret->decided_by = high ? "room_above" : v->all_near ? "room_below" : "all_near";
	return ACTION_NOOP;
}

/* What advice may ask for: nothing while warming up or cooling down, no less than the law where it
 * sees overload, no fewer replicas unless all windows were near the baseline. */
static struct policy_envelope envelope(const struct policy_config *config, const struct view *v,
				       double left_ms, int replicas)
{
	int now = policy_clamp(config, replicas);
	struct policy_envelope e = {.lo = now, .hi = now};

	if (!v->warm || left_ms > 0)
		return e;
	e.restart = true;
	e.hi = policy_clamp(config, now + 1);
	if (v->ratio >= config->alpha_up || v->z >= Z_UP)
		e.lo = e.hi;
	else if (v->all_near)
		e.lo = policy_clamp(config, now - 1);
	return e;
}

static void report(const struct classic *c, const struct policy_config *config,
		   const struct policy_input *input, const struct view *v, double left_ms,
		   struct policy_decision *ret)
{
	double windows = (double)baseline_windows(c->history);

	ret->baseline_ms = v->baseline_ms;
	if (!v->warm && v->baseline_ms <= 0)
		ret->baseline_ms = config->idle_hint_ms;
	ret->sigma_ms = v->sigma_ms;
	ret->slo_ms = config->alpha_up * v->baseline_ms;
	ret->over_slo = v->warm && v->ratio >= config->alpha_up;
	memcpy(ret->low_windows, c->low, (size_t)c->low_n * sizeof(c->low[0]));
	ret->low_windows_n = c->low_n;
	ret->cooldown_left_sec = left_ms / 1000;

	policy_estimate(ret, "p95_ms", input->p95_ms);
	policy_estimate(ret, "baseline_ms", v->baseline_ms);
	policy_estimate(ret, "sigma_ms", v->sigma_ms);
	policy_gate(ret, "warm", v->warm, windows, config->warmup_windows);
	policy_gate(ret, "ratio_high", v->ratio >= config->alpha_up, v->ratio, config->alpha_up);
	policy_gate(ret, "z_high", v->z >= Z_UP, v->z, Z_UP);
	policy_gate(ret, "room_above", input->replicas < config->max_replicas, input->replicas,
		    config->max_replicas);
	policy_gate(ret, "near", v->near, input->p95_ms, v->near_limit_ms);
	policy_gate(ret, "all_near", v->all_near, NAN, NAN);
	policy_gate(ret, "room_below", input->replicas > config->min_replicas, input->replicas,
		    config->min_replicas);
	policy_gate(ret, "cooled_down", left_ms <= 0, left_ms / 1000, 0);
}

static void classic_step(void *memory, const struct policy_config *config, uint64_t now_ms,
			 const struct policy_input *input, int wanted, struct policy_decision *ret)
{
	struct classic *c = memory;
	struct view v = look(c, config, input->p95_ms);
	double left_ms = cooldown_left_ms(c, config, now_ms);

	(void)wanted; /* the law counts what runs */
	report(c, config, input, &v, left_ms, ret);
	ret->envelope = envelope(config, &v, left_ms, input->replicas);
	ret->action = judge(config, &v, input->replicas, ret);
	if (ret->action == ACTION_NOOP)
		return;
	if (left_ms > 0) {
		ret->action = ACTION_NOOP;
		snprintf(ret->reason, sizeof(ret->reason), "cooldown");
		ret->decided_by = "cooled_down";
		return;
	}
	int step = ret->action == ACTION_SCALE_UP ? 1 : -1;
	ret->replicas = policy_clamp(config, input->replicas + step);
}

static void classic_acted(void *memory, const struct policy_config *config, uint64_t now_ms,
			  const struct policy_input *input, const struct policy_decision *decision)
{
	struct classic *c = memory;

	(void)config;
	(void)input;
	(void)decision;
	c->acted = true;
	c->last_action_ms = now_ms;
}

const struct policy_impl policy_classic = {
	.alpha_up = 7.5,
	.create = classic_create,
	.copy = classic_copy,
	.destroy = classic_destroy,
	.step = classic_step,
	.acted = classic_acted,
};
