/* Shell. Keeps up-to-date lists of containers coming: events say "look", the list is the truth. */
#ifndef WATCHER_FOLLOW_H
#define WATCHER_FOLLOW_H

#include "common/docker.h"

#include <stdbool.h>
#include <uv.h>

struct follow;

enum follow_haste { FOLLOW_IGNORE, FOLLOW_SOON, FOLLOW_NOW };

struct follow_options {
	uint64_t resync_ms;   /* a list at least this often */
	uint64_t debounce_ms; /* from the first event of a burst to the list */

	/* How urgent an event is; called at once for each.  FOLLOW_NOW waits FOLLOW_NOW_MS. */
	enum follow_haste (*on_event)(const struct docker_event *, void *cookie);

	/* The whole engine.  ${resync}: it was time for one, nothing called for it. */
	void (*on_list)(const struct docker_container *list, size_t n, bool resync, void *cookie);
	void *cookie;
};

#define FOLLOW_NOW_MS 10 /* one list for replicas that die together */

/* List when the event stream stands (after every reconnect too), after events, and every
 * resync_ms; one list at a time.  A list that fails is repeated with backoff.  Options are copied.
 */
struct follow *follow_open(uv_loop_t *, struct docker *, const struct follow_options *);

/* Stop; call it in the same turn of the loop as docker_close, after which no answer comes.  NULL is
 * fine. */
void follow_close(struct follow *);

#endif
