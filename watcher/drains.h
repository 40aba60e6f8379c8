/* Pure. When may a replica that is leaving be stopped?  When nginx runs a configuration without it,
 * and every worker process that was started with an older one is gone.
 *
 * nginx replaces its workers at a reload; the old ones finish what they have, and may still send
 * requests to replicas that the new ones no longer know.  So the workers that were alive before a
 * reload are remembered with the generation that retired them, and a leaving container waits for
 * those that may know it, not for those of later reloads. */
#ifndef WATCHER_DRAINS_H
#define WATCHER_DRAINS_H

#include "common/docker_codec.h"
#include "watcher/upstreams.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define DRAINS_WORKERS_MAX 4096 /* processes of one nginx that are looked at */

struct drains_worker {
	long pid;
	bool leaving;   /* its title says "is shutting down" */
	int retired_by; /* generation (in the table of retired workers) */
};

struct drains_workers {
	struct drains_worker *list; /* owned */
	size_t n;
};

struct drains_container { /* a TARGET-drain-N that exists */
	struct message_server server;
	int without; /* the first confirmed generation that does not know it; -1: none yet */
	bool drained;
	bool listed; /* used while a list is taken in */
};

struct drains {
	struct drains_workers retired;
	struct drains_container *containers; /* at most MESSAGE_SERVERS_MAX */
	size_t n;
};

/* All zero is the empty state. */
void drains_free(struct drains *);
void drains_workers_free(struct drains_workers *);

/* The workers in Docker's answer to top (with ps_args "-eo pid,args").  0, or -EBADMSG.  What
 * ${ret} held is freed. */
int drains_workers_decode(const cJSON *top, struct drains_workers *ret);

/* Take in what Docker lists: containers on their way out, and those that are gone by now. */
void drains_list(struct drains *, const char *target, const struct docker_container *list,
		 size_t n);

/* nginx is known to run ${generation}, with these servers. */
void drains_confirmed(struct drains *, int generation, const struct upstreams *servers);

/* These were nginx's workers before the reload to ${generation}, which is confirmed now. */
void drains_retire(struct drains *, int generation, const struct drains_workers *before);

/* These are nginx's workers now, looked at while no reload was under way.  Whether another
 * container became drained by that. */
bool drains_look(struct drains *, const struct drains_workers *now);

/* Whether a container waits for workers to go, so that drains_look should be called again. */
bool drains_waiting(const struct drains *);

/* The containers that no nginx worker knows any more, as they stand in a message (address ""); what
 * ${ret} held is freed. */
void drains_done(const struct drains *, struct upstreams *ret);

#endif
