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

/* What the law asks for, cooldown aside. */
static enum message_action judge(const struct policy_config *config, const struct view *v,
				 int replicas, char reason[MESSAGE_TEXT_MAX])
{
	bool high = v->ratio >= config->alpha_up || v->z >= Z_UP;

	if (!v->warm) {
		snprintf(reason, MESSAGE_TEXT_MAX, "warming");
		return ACTION_NOOP;
	}
	if (high && replicas < config->max_replicas) {
		snprintf(reason, MESSAGE_TEXT_MAX, "%.1fx baseline", v->ratio);
		return ACTION_SCALE_UP;
	}
	if (v->all_near && replicas > config->min_replicas) {
		snprintf(reason, MESSAGE_TEXT_MAX, "near baseline for %dw", config->low_need_n);
		return ACTION_SCALE_DOWN;
	}
	snprintf(reason, MESSAGE_TEXT_MAX, "heuristic");
	return ACTION_NOOP;
}

static void report(const struct classic *c, const struct policy_config *config,
		   const struct policy_input *input, const struct view *v, double left_ms,
		   struct policy_decision *ret)
{
	ret->baseline_ms = v->baseline_ms;
	if (!v->warm && v->baseline_ms <= 0)
		ret->baseline_ms = config->idle_hint_ms;
	ret->sigma_ms = v->sigma_ms;
	memcpy(ret->low_windows, c->low, (size_t)c->low_n * sizeof(c->low[0]));
	ret->low_windows_n = c->low_n;

	policy_fact_gate(ret, "warm", v->warm);
	policy_fact_gate(ret, "ratio_high", v->ratio >= config->alpha_up);
	policy_fact_gate(ret, "z_high", v->z >= Z_UP);
	policy_fact_gate(ret, "room_above", input->replicas < config->max_replicas);
	policy_fact_gate(ret, "near", v->near);
	policy_fact_gate(ret, "all_near", v->all_near);
	policy_fact_gate(ret, "room_below", input->replicas > config->min_replicas);
	policy_fact_gate(ret, "cooled_down", left_ms <= 0);
	policy_fact_number(ret, "windows", (double)baseline_windows(c->history));
	policy_fact_number(ret, "warmup_windows", config->warmup_windows);
	policy_fact_number(ret, "p95_ms", input->p95_ms);
	policy_fact_number(ret, "ratio", v->ratio);
	policy_fact_number(ret, "alpha_up", config->alpha_up);
	policy_fact_number(ret, "z", v->z);
	policy_fact_number(ret, "z_up", Z_UP);
	policy_fact_number(ret, "near_limit_ms", v->near_limit_ms);
	policy_fact_number(ret, "cooldown_left_sec", left_ms / 1000);
}

static void classic_step(void *memory, const struct policy_config *config, uint64_t now_ms,
			 const struct policy_input *input, struct policy_decision *ret)
{
	struct classic *c = memory;
	struct view v = look(c, config, input->p95_ms);
	double left_ms = cooldown_left_ms(c, config, now_ms);

	report(c, config, input, &v, left_ms, ret);
	ret->action = judge(config, &v, input->replicas, ret->reason);
	if (ret->action == ACTION_NOOP)
		return;
	if (left_ms > 0) {
		ret->action = ACTION_NOOP;
		snprintf(ret->reason, sizeof(ret->reason), "cooldown");
		return;
	}
	int step = ret->action == ACTION_SCALE_UP ? 1 : -1;
	ret->replicas = policy_clamp(config, input->replicas + step);
	c->acted = true;
	c->last_action_ms = now_ms;
}

const struct policy_impl policy_classic = {
	.create = classic_create,
	.destroy = classic_destroy,
	.step = classic_step,
};
