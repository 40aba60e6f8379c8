/* Shell. Of several watchers with the same directory, one works: the one that has the lock on
 * agentic-upstreams.lock in there.  The kernel gives it up with the process that has it,
 * however that ends.  It needs no Redis, and holds between containers that share the directory. */
#ifndef WATCHER_TURNSTILE_H
#define WATCHER_TURNSTILE_H

#include "common/service.h"

#include <uv.h>

#define TURNSTILE_EVERY_MS 500 /* those who wait try again */

struct turnstile;

struct turnstile_options { /* all must stay valid */
	const char *conf_dir;
	struct health *health; /* of the lock: healthy, whoever has it */

	void (*enter)(void *cookie); /* the lock is here, from now on; called once */
	void (*leave)(void *cookie); /* and is no longer: the file was taken away, and another has
					it; end.  Called at most once, after ${enter} */
	void *cookie;
};

/* Wait for the lock.  Calls back from the loop only. */
struct turnstile *turnstile_open(uv_loop_t *, const struct turnstile_options *);

/* Give it up: call it when nothing is written any more. */
void turnstile_close(struct turnstile *);

#endif
