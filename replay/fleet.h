/* Pure. The replicas of the simulated service: which are starting, in rotation or leaving, and
 * whose turn it is.  Times are nanoseconds of the virtual clock. */
#ifndef REPLAY_FLEET_H
#define REPLAY_FLEET_H

#include "replay/draw.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLEET_NEVER  UINT64_MAX
#define FLEET_NOBODY UINT32_MAX

struct replica {
	uint32_t requests;    /* handed to it and not answered yet: what least_conn compares */
	uint32_t busy;        /* slots at work */
	uint32_t waiting;     /* requests in its queue, */
	uint32_t first, last; /* from first to last; FLEET_NOBODY: none */
	bool leaving;
	uint64_t number; /* the newest has the highest */
	uint64_t started_ns;
	uint64_t ready_ns; /* FLEET_NEVER: a failed start */
};

struct replica_list { /* oldest first */
	struct replica **at;
	size_t n, cap;
};

struct fleet {
	struct replica_list starting, rotation, leaving; /* own their replicas */
	struct draw start_draws;
	uint64_t started;
	uint64_t ready_due_ns; /* when the next is ready */
	size_t turn;           /* in rotation, among equals */
	uint32_t least;        /* none in rotation has fewer requests */

	uint64_t counted_ns; /* how far the next two are counted */
	double replica_sec, ready_sec;
};

/* ${replicas} that are in rotation at time 0.  ${start_draws} is for starts that fail. */
void fleet_init(struct fleet *, const struct draw *start_draws, int replicas);
void fleet_free(struct fleet *);

/* Have ${replicas}, 0 to MESSAGE_COUNT_MAX, those leaving apart: start more, ready in ${startup_ns}
 * but for ${failed_share} of them, which never are; or take the newest away, which are gone with
 * their last answer. */
void fleet_want(struct fleet *, int replicas, uint64_t now_ns, uint64_t startup_ns,
		double failed_share);

/* Have as many as before, but start those anew that were started ${older_ns} ago and are not ready;
 * the rest as fleet_want. */
void fleet_retry(struct fleet *, uint64_t now_ns, uint64_t older_ns, uint64_t startup_ns,
		 double failed_share);

/* Whoever is ready by ${now_ns} comes into rotation. */
void fleet_admit(struct fleet *, uint64_t now_ns);

/* The replica for the next request: least connections, round robin among equals.  NULL: none in
 * rotation. */
struct replica *fleet_choose(struct fleet *);

/* ${replica} has answered one of its requests; this may have been the last thing it did. */
void fleet_answered(struct fleet *, struct replica *replica, uint64_t now_ns);

/* Add the replicas' time up to ${now_ns} to replica_sec and ready_sec. */
void fleet_count_time(struct fleet *, uint64_t now_ns);

#endif
