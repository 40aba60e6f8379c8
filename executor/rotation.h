/* Pure. What the watcher says of the load balancer: who gets requests, and whom no nginx worker
 * knows any more.  Folded from the upstreams messages, oldest first. */
#ifndef EXECUTOR_ROTATION_H
#define EXECUTOR_ROTATION_H

#include "common/message.h"

#include <stdbool.h>
#include <stdint.h>

#define ROTATION_DRAINED_MAX 256 /* newest remembered */

struct rotation {
	uint64_t seq; /* messages heard; a number to ask "since" with */
	struct message_server *servers;
	size_t servers_n;
	struct rotation_drained {
		struct message_server who;
		uint64_t seq; /* of the message that said so; 0: no entry */
	} drained[ROTATION_DRAINED_MAX];
};

/* One more message.  Its servers move over; the rest of it stays the caller's. */
void rotation_take(struct rotation *, struct message_upstreams *);
void rotation_done(struct rotation *);

/* Whether the container gets requests.  By id where the watcher gives ids, else by name. */
bool rotation_has(const struct rotation *, const char *id, const char *name);

/* Whether replica number ${n} (0: the template), on its way out since message ${seq}, is known to
 * no nginx worker: its id was said to be drained and it got no requests since, or, from a watcher
 * that gives no ids, one of its names was, in a message after ${seq}. */
bool rotation_is_drained(const struct rotation *, const char *target, const char *id, int n,
			 uint64_t seq);

#endif
