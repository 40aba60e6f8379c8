/* The policy and the plant in a closed loop: windows go to policy_step, plans go back.  Settings
 * are the planner's own defaults. */
#ifndef TESTS_CLOSED_LOOP_H
#define TESTS_CLOSED_LOOP_H

#include "common/message.h"
#include "planner/config.h"
#include "planner/policy.h"
#include "replay/plant.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOP_ACTIONS_MAX 4096

struct loop {
	struct planner_config settings;
	struct plant *plant;
	struct policy_state *state;
	double window_sec;
	bool dead_executor; /* nobody acts on plans */

	struct plant_window w; /* the last window, and what was decided about it */
	struct policy_decision d;
	int windows, ups, downs, restarts;
	struct {
		int window;
		enum message_action action;
		int replicas;
		char why[96];
	} actions[LOOP_ACTIONS_MAX];
	int actions_n;
};

static inline const char *loop_environment(const char *name, void *cookie)
{
	const char *const *pairs = cookie; /* NAME, value, …, NULL */

	for (; pairs && pairs[0]; pairs += 2)
		if (!strcmp(pairs[0], name))
			return pairs[1];
	return NULL;
}

/* An app as the demo's: 8 at a time, 120 ms each. */
static inline struct plant_config loop_app(void)
{
	return (struct plant_config){
		.service = PLANT_FIXED,
		.service_sec = 0.12,
		.slots = 8,
		.startup_sec = 1.2,
		.timeout_sec = 2.5,
		.probes_per_s = 10,
		.telemetry = true,
	};
}

/* A loop over ${replicas} of ${app}, settings from ${pairs} (or NULL) and the defaults. */
static inline void loop_init(struct loop *l, const struct plant_config *app, int replicas,
			     double window_sec, const char *const *pairs)
{
	struct buf errors;

	memset(l, 0, sizeof(*l));
	buf_init(&errors, 4096);
	if (settings_parse(planner_settings, loop_environment, NULL, (void *)(uintptr_t)pairs,
			   &l->settings, &errors)) {
		fputs(errors.data, stderr);
		abort();
	}
	buf_free(&errors);
	l->plant = plant_new(app, 1, replicas);
	l->state = policy_state_new(&l->settings.policy);
	l->window_sec = window_sec;
}

static inline void loop_free(struct loop *l)
{
	plant_free(l->plant);
	policy_state_free(l->state);
	settings_free(planner_settings, &l->settings);
}

static inline void loop_decide(struct loop *l, const struct policy_input *input)
{
	policy_step(l->state, &l->settings.policy, l->w.now_ms, input, &l->d);
	l->windows++;
	if (l->d.action == ACTION_NOOP)
		return;
	l->ups += l->d.action == ACTION_SCALE_UP;
	l->downs += l->d.action == ACTION_SCALE_DOWN;
	l->restarts += l->d.action == ACTION_RESTART;
	if (l->actions_n < LOOP_ACTIONS_MAX) {
		l->actions[l->actions_n].window = l->windows;
		l->actions[l->actions_n].action = l->d.action;
		l->actions[l->actions_n].replicas = l->d.replicas;
		snprintf(l->actions[l->actions_n++].why, sizeof(l->actions[0].why), "%s: %.60s",
			 l->d.decided_by, l->d.reason);
	}
	if (!l->dead_executor && l->d.action != ACTION_RESTART)
		plant_want(l->plant, l->d.replicas);
}

/* The estimate ${name} of the last decision; NaN when it is not known. */
static inline double loop_estimate(const struct loop *l, const char *name)
{
	for (int i = 0; i < l->d.facts_n; i++)
		if (!strcmp(l->d.facts[i].name, name))
			return l->d.facts[i].value;
	return NAN;
}

/* One window with ${rps} arriving. */
static inline void loop_window(struct loop *l, double rps)
{
	plant_run(l->plant, l->window_sec, rps, 0.24, &l->w);
	loop_decide(l, &l->w.input);
}

static inline void loop_run(struct loop *l, double sec, double rps)
{
	for (double t = 0; t < sec; t += l->window_sec)
		loop_window(l, rps);
}

#endif
