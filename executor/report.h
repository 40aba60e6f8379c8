/* Pure. What became of a plan, or of a repair of the executor's own accord, until it can be told in
 * one result: the names of what was started and removed, what failed, and when it is over. */
#ifndef EXECUTOR_REPORT_H
#define EXECUTOR_REPORT_H

#include "common/message.h"
#include "executor/step.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report_names {
	char text[160];
	int more; /* for which there was no room */
};

/* One piece of work under way. */
struct report {
	bool active;
	bool own; /* a repair: not worth a word when nothing came of it */
	char id[MESSAGE_ID_MAX];
	enum message_action action;
	char reason[MESSAGE_TEXT_MAX];
	char note[MESSAGE_TEXT_MAX / 2]; /* what of a plan was cut; or "" */
	int before;                      /* running when it began */
	int wanted;                      /* it works towards */
	uint64_t began_ms, limit_ms;     /* a plan that takes longer has failed */
	struct report_names started, removed;
	char error[MESSAGE_TEXT_MAX / 2]; /* the first failure; or "" */
};

/* What is there now. */
struct report_now {
	int running, leaving;
	size_t busy; /* steps under way */
	bool settled;
	uint64_t now_ms;
};

/* One step has ended; ${target} names the service. */
void report_step(struct report *, const char *target, const struct step *, int err,
		 const char *error);

/* Whether it is over (reached, failed, or out of time) and there is anything to say: the result,
 * still without target and ts.  What is over is no longer active. */
bool report_finish(struct report *, const struct report_now *, struct message_result *ret);

/* A newer plan, ${by}, takes over an active one: the result so far.  Whether there is anything to
 * say. */
bool report_supersede(struct report *, const char *by, const struct report_now *,
		      struct message_result *ret);

#endif
