/* Pure. The containers of one service as the executor sees them: Docker's list, what is known of
 * each from earlier lists, what the watcher said, and the steps under way, put together. */
#ifndef EXECUTOR_FLEET_H
#define EXECUTOR_FLEET_H

#include "common/backoff.h"
#include "common/message.h"
#include "executor/rotation.h"
#include "executor/step.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One look at the world. */
struct fleet_view {
	uint64_t now_ms; /* monotonic, never 0 */
	uint32_t random; /* 32 random bits, for jitter */
	bool bus_up;     /* the watcher can be heard */
	const struct docker_container *containers;
	size_t containers_n;
	const struct step *busy; /* steps under way */
	size_t busy_n;
};

/* One container of the service. */
struct member {
	char id[DOCKER_ID_MAX];
	char name[REPLICA_NAME_MAX];
	enum replica_role role; /* by its name: the template out of rotation is DRAIN, 0 */
	int n;
	enum docker_state state;
	int64_t created_sec;
	bool busy;        /* a step on it is under way */
	bool creating;    /* that step is its creation */
	bool leaving;     /* DUP: it is being renamed to drain */
	bool in_rotation; /* it gets requests */

	/* Remembered from look to look; times are monotonic, 0: not yet. */
	uint64_t running_since_ms; /* first seen running */
	uint64_t drain_since_ms;   /* first seen on its way out */
	uint64_t drain_seq;        /* the watcher's newest message when it was sent out */
	bool drain_seq_known;
	bool proven;            /* it has been in rotation, or ran long where nobody watches */
	bool failed;            /* it counts as a creation that came to nothing */
	bool restarted;         /* template, out of rotation: it was restarted */
	uint64_t retry_at_ms;   /* a step on it failed: none before this */
	struct backoff retries; /* of such steps */
};

struct fleet {
	struct member *members;
	size_t members_n;
	struct member *template; /* TARGET, or TARGET-drain-0 while that one is out; or NULL */
	char problem[256];       /* why there is no template, and what to do; "" when there is */
	char stranger[REPLICA_NAME_MAX]; /* named like one of the service, yet none; or "" */
	bool *used;                      /* whether a number below used_n is taken */
	size_t used_n;
	int creating; /* creations under way that Docker does not list yet */
	bool heard;   /* the watcher could be heard, if there is one */
	bool watched; /* it was, and speaks of these containers */
	bool proved;  /* a replica proved itself in this look */
};

/* Take one look.  ${ready_timeout_ms}: how long a replica must run to count as proven where nobody
 * watches. */
void fleet_observe(struct fleet *, const char *target, uint64_t ready_timeout_ms,
		   const struct rotation *, const struct fleet_view *);
void fleet_done(struct fleet *);

struct member *fleet_find(struct fleet *, const char *id);

/* Whether a container in that state serves, or will without anybody's help. */
bool fleet_alive(enum docker_state);

/* Whether the member counts towards the wanted number. */
bool fleet_is_live(const struct fleet *, const struct member *);

/* Replicas that count (those being created too); those that run now; those on their way out. */
int fleet_live(const struct fleet *);
int fleet_running(const struct fleet *);
int fleet_leaving(const struct fleet *);

/* The lowest number from ${from} on that no container uses. */
int fleet_free_number(const struct fleet *, int from);

#endif
