/* Pure. Which daemons live, and what they say of themselves in their heartbeats. */
#ifndef DASHBOARD_DAEMONS_H
#define DASHBOARD_DAEMONS_H

#include "common/message.h"

#include <stdbool.h>

#define DAEMONS_MAX 8 /* with different names; others take the place of silent ones, if any */

/* A daemon counts as gone when nothing was heard for so many of its beats: two were missed. */
#define DAEMONS_BEATS 2.25

struct daemon_entry {
	struct message_heartbeat beat; /* the last one */
	double heard_sec;
	double started_sec; /* by its own clock where that is known; NaN: unknown */
	bool alive;
	char *said; /* what was told of it, without that which changes at every beat */
};

/* All zero: nobody was heard. */
struct daemons {
	struct daemon_entry entries[DAEMONS_MAX]; /* in the order in which they were heard first */
	size_t n;
};

void daemons_done(struct daemons *);

/* Take over ${beat}, heard at ${now_sec}.  Its entry as a bit, 1 << index, when it says something
 * new beside its uptime; otherwise 0.  Of several of a kind one that is well is shown. */
int daemons_hear(struct daemons *, struct message_heartbeat *beat, double now_sec);

/* The bits of those that have become silent by ${now_sec}. */
int daemons_look(struct daemons *, double now_sec);

/* Entry ${i} as an object: "daemon", "alive", "heard_ts", "version", "uptime_sec", "status",
 * "dependencies", and "advisor" where it has one, as in its heartbeat.  To be deleted. */
cJSON *daemons_json(const struct daemons *, size_t i);

#endif
