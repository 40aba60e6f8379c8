/* Pure. What the dashboard knows: a fold over the messages of all channels, with a bounded past. */
#ifndef DASHBOARD_STATE_H
#define DASHBOARD_STATE_H

#include "common/message.h"
#include "dashboard/daemons.h"
#include "dashboard/replicas.h"
#include "dashboard/series.h"

#include <stdbool.h>
#include <stddef.h>

#define STATE_TEXTS_MAX       100               /* of each kind of message, */
#define STATE_ADVICE_MAX      50                /* of advice and judgements, */
#define STATE_TEXTS_BYTES_MAX ((size_t)1 << 20) /* in so many bytes */

/* The newest messages of a kind as JSON text, every field of the protocol there. */
struct state_texts {
	char *texts[STATE_TEXTS_MAX];
	size_t max, n, bytes;
	size_t next; /* index that the next one takes */
};

struct state_redis {
	bool up;
	double since_ts;
	char detail[MESSAGE_TEXT_MAX];
};

struct state {
	char target[REPLICA_NAME_MAX];
	struct state_redis redis;
	struct series *series;
	char newest_alert[MESSAGE_ID_MAX]; /* that the newest point came from */
	double window_sec;                 /* of that; NaN: unknown */
	struct replicas replicas;
	struct daemons daemons;
	struct state_texts plans;   /* every plan */
	struct state_texts actions; /* those that were no noop: they outlast the noops */
	struct state_texts results;
	struct state_texts receipts;
	struct state_texts advice;
	struct state_texts judgements;
	char *upstreams;       /* the last one that nginx took, or NULL */
	char *upstreams_error; /* the last one that it refused since, or NULL */
};

enum state_change { /* bits */
		    STATE_POINT = 1,
		    STATE_REPLICAS = 2,
		    STATE_PLAN = 4,
		    STATE_RESULT = 8,
		    STATE_RECEIPT = 16,
		    STATE_UPSTREAMS = 32,
		    STATE_UPSTREAMS_ERROR = 64,
		    STATE_ADVICE = 128,
		    STATE_JUDGEMENT = 256,
		    STATE_REDIS = 512,
		    STATE_DAEMON = 1024, /* the first of DAEMONS_MAX */
};

/* Redis counts as down from ${now_sec} on. */
struct state *state_new(const char *target, double now_sec);
void state_free(struct state *);

/* Take in one message from ${channel}, received at ${now_sec} since 1970, which stands in for a
 * time that it does not give.  Which parts of the state have something new, as bits of enum
 * state_change; 0 for a message about another target or of a kind that is not shown; -EBADMSG. */
int state_fold(struct state *, const char *channel, const char *text, size_t len, double now_sec,
	       struct message_error *ret_error);

/* Whether Redis answers, and why not.  STATE_REDIS where that is new. */
int state_set_redis(struct state *, bool up, const char *detail, double now_sec);

/* What time alone has changed by ${now_sec}, as bits: daemons that have become silent. */
int state_look(struct state *, double now_sec);

/* Entry ${i} of the past, 0 the oldest; i < texts->n. */
const char *state_text_at(const struct state_texts *, size_t i);

#endif
