/* Pure. Plans that wait to be judged.  While the past is read back, those that were answered then
 * are taken out again. */
#ifndef EXECUTOR_INBOX_H
#define EXECUTOR_INBOX_H

#include "common/message.h"

#include <stdbool.h>
#include <stddef.h>

#define INBOX_MAX 64

struct inbox_entry {
	struct message_plan plan; /* without its explain */
	double heard_sec;         /* since 1970 */
};

struct inbox {
	struct inbox_entry entries[INBOX_MAX]; /* oldest first */
	size_t n;
};

/* Add one; its explain is freed.  Where there is no room the oldest goes: true, and it is in
 * ${ret_lost}. */
bool inbox_add(struct inbox *, struct message_plan *, double heard_sec,
	       struct inbox_entry *ret_lost);

/* The oldest, taken out; false when there is none. */
bool inbox_take(struct inbox *, struct inbox_entry *ret);

/* The plan with this id was answered. */
void inbox_answered(struct inbox *, const char *id);

/* Forget those that are stale; how many. */
size_t inbox_drop_stale(struct inbox *, double now_sec);

#endif
