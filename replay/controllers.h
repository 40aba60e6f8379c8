/* Pure. Whatever decides how many replicas there are, in one shape: the planner's own policies, and
 * those of others to compare with, by their published rules, with their default constants. */
#ifndef REPLAY_CONTROLLERS_H
#define REPLAY_CONTROLLERS_H

#include "replay/plant.h"

#define CONTROLLER_NAMES "adaptive, classic, hpa, kpa, aws, step, oracle, static:N"

/* The utilisation that those who follow one aim at.  None has a default; 70 % is what their
 * documentation likes to give as an example. */
#define CONTROLLER_UTILISATION 0.7

struct controller_config {
	const struct policy_config *policy; /* also whose bounds all keep to */
	int slots;                          /* requests that a replica answers at once */
	int fixed;                          /* of static:N */
};

/* What it is told: each has its own choice of it, as in life. */
struct controller_view {
	double now_sec; /* since the begin of the run */

	/* Means since it was asked last; of the first NaN when no replica was in rotation. */
	double utilisation; /* busy share of the slots in rotation, at most 1 */
	double concurrency; /* requests in flight, the waiting ones too */

	int ready;                         /* in rotation now */
	const struct plant_window *window; /* the last, as the monitor reports it */

	/* What only an oracle knows: replicas needed in the next windows, as far ahead as a start
	 * takes; at least one. */
	const int *needed;
	size_t needed_n;
};

struct controller {
	const char *name;
	double period_sec; /* asked so often; 0: after each window */
	void *(*create)(const struct controller_config *);

	/* Replicas wanted from now on, ${wanted} being those wanted so far.  The caller brings it
	 * within the bounds. */
	int (*step)(void *memory, const struct controller_view *, int wanted);
	void (*destroy)(void *memory);
};

extern const struct controller controller_adaptive, controller_classic, controller_hpa,
	controller_kpa, controller_aws, controller_step, controller_oracle, controller_static;

/* The one called ${name}, "static:N" with N in ${ret_fixed}; NULL: none is called so. */
const struct controller *controller_find(const char *name, int *ret_fixed);

#endif
