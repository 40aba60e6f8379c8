/* Pure. The messages of a recording as the planner takes them, whatever their channel: one way to
 * decode and to fold them for all who read recordings. */
#ifndef PLANNER_FOLD_H
#define PLANNER_FOLD_H

#include "planner/targets.h"

enum fold_kind {
	FOLD_NOTHING, /* of no consequence for decisions: upstreams, receipts, judgements, errors */
	FOLD_ALERT,
	FOLD_RESULT,
	FOLD_ADVICE,
	FOLD_PLAN, /* what was decided then, and what was known */
};

struct fold_message {
	enum fold_kind kind;
	union {
		struct message_alert alert;
		struct message_result result;
		struct message_advice advice;
		struct message_plan plan;
	};
};

/* Decode the message ${text} of ${channel}; ${target} stands where it names none.  0, or -EBADMSG
 * with a sentence. */
int fold_decode(const char *channel, const char *text, size_t len, const char *target,
		struct fold_message *ret, struct message_error *ret_error);
void fold_done(struct fold_message *);

/* When an alert was heard: at ${heard_ms}.  Where that is 0, not recorded: as soon as its window
 * closed; one without a time follows ${before_ms}, when the last was heard. */
uint64_t fold_heard_ms(const struct message_alert *, uint64_t heard_ms, uint64_t before_ms);

/* Take in a result, advice or an earlier plan, as the planner whose TARGET is ${target} does.  Of
 * other messages nothing comes: alerts are to be decided about by brain_alert. */
void fold_apply(struct targets *, const char *target, const struct fold_message *);

#endif
