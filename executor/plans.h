/* Pure. What a plan asks of the executor, checked before anything is done: whose it is, how old it
 * is, and what of it fits inside the bounds. */
#ifndef EXECUTOR_PLANS_H
#define EXECUTOR_PLANS_H

#include "common/message.h"

#include <stdbool.h>

/* What a plan is judged by. */
struct plan_context {
	const char *target;
	int min_replicas, max_replicas;
	int wanted;          /* so far; -1: not known */
	int running;         /* stands for a wanted count that is not known */
	const char *problem; /* why there is no template to act on; "" when there is one */
	bool restarting;     /* a restart is under way */
	double now_sec;      /* since 1970 */
	double heard_sec;    /* when the plan was heard: its age where it does not tell its own */
	double newest_sec;   /* when the newest plan that was followed was decided; 0: none */
};

enum plan_verdict {
	PLAN_IGNORE,  /* a noop: nothing to do, nothing to say */
	PLAN_SKIP,    /* not done; the message says why */
	PLAN_SCALE,   /* keep ${wanted} from now on; the message says what of it was cut, or "" */
	PLAN_RESTART, /* one container at a time */
};

struct plan_judgement {
	enum plan_verdict verdict;
	int wanted;
	char message[MESSAGE_TEXT_MAX / 2];
};

/* A plan is good for two windows of the alert it answers (of 3 s where it does not tell), 5 s at
 * least, to either side: a clock that was set back makes plans from the future. */
bool plan_is_stale(const struct message_plan *, double now_sec, double heard_sec);

/* When a plan was decided: when it was heard, where it does not tell. */
double plan_decided_sec(const struct message_plan *, double heard_sec);

/* A plan that was overtaken on its way by one decided later is skipped. */
void plan_judge(const struct message_plan *, const struct plan_context *,
		struct plan_judgement *ret);

#endif
