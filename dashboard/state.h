/* Pure. What the dashboard knows: a fold over the messages of all channels, with a bounded past. */
#ifndef DASHBOARD_STATE_H
#define DASHBOARD_STATE_H

#include "common/message.h"

#include <stddef.h>
#include <stdint.h>

#define STATE_WINDOWS_MAX     240
#define STATE_TEXTS_MAX       100               /* of each kind of message, */
#define STATE_TEXTS_BYTES_MAX ((size_t)1 << 20) /* in so many bytes */

/* One window of probes, with what the planner made of it. */
struct state_window {
	struct message_alert alert;
	double baseline_ms, sigma_ms; /* NaN until a plan said */
};

/* The newest messages of a kind as JSON text, every field of the protocol there. */
struct state_texts {
	char *texts[STATE_TEXTS_MAX];
	size_t n, bytes;
	size_t next; /* index that the next one takes */
};

struct state {
	char target[REPLICA_NAME_MAX];
	uint64_t seq; /* changes so far */
	struct state_window windows[STATE_WINDOWS_MAX];
	size_t windows_n, windows_next;
	struct state_texts plans;   /* every plan */
	struct state_texts actions; /* those that were no noop: they outlast the noops */
	struct state_texts results;
	struct state_texts receipts;
	char *upstreams; /* the last one, or NULL */
};

enum state_change { /* bits */
		    STATE_WINDOW = 1,
		    STATE_PLAN = 2,
		    STATE_RESULT = 4,
		    STATE_UPSTREAMS = 8,
		    STATE_RECEIPT = 16,
};

struct state *state_new(const char *target);
void state_free(struct state *);

/* Take in one message from ${channel}, received at ${now_sec} since 1970, which stands in for a
 * time that it does not give.  Which parts of the state have a new newest entry, as bits of enum
 * state_change; 0 for a message about another target or of a kind that is not shown; -EBADMSG. */
int state_fold(struct state *, const char *channel, const char *text, size_t len, double now_sec,
	       struct message_error *ret_error);

/* Entry ${i} of the past, 0 the oldest; i < windows_n, i < texts->n. */
const struct state_window *state_window_at(const struct state *, size_t i);
const char *state_text_at(const struct state_texts *, size_t i);

#endif
