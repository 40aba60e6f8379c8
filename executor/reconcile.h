/* Pure. The heart of the executor: from what is there and what is wanted to what is to be done
 * next. Level-triggered: every look starts from Docker's list, so a step that was lost, repeated or
 * overtaken does no harm, and a restarted executor goes on where the last one stopped. */
#ifndef EXECUTOR_RECONCILE_H
#define EXECUTOR_RECONCILE_H

#include "common/message.h"
#include "executor/fleet.h"
#include "executor/step.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECONCILE_CREATE_MAX      8 /* creations at once */
#define RECONCILE_STEPS_MAX       64
#define RECONCILE_UNREADY_MAX     8 /* named in one look */
#define RECONCILE_BACKOFF_BASE_MS 5000
#define RECONCILE_BACKOFF_MAX_MS  300000

struct reconcile_config {
	const char *target;
	int min_replicas, max_replicas;
	uint64_t drain_timeout_ms, stop_timeout_ms, ready_timeout_ms;
};

enum restart_news { RESTART_NO_NEWS, RESTART_DONE, RESTART_FAILED };

/* What one look comes to. */
struct reconcile_out {
	struct step steps[RECONCILE_STEPS_MAX];
	size_t steps_n;
	uint64_t look_in_ms; /* look again then at the latest; 0: nothing to wait for */
	int wanted;          /* the count that is kept now; -1: not known yet */
	int running;         /* the template counted */
	int leaving;
	bool settled;                  /* what is there is what is wanted */
	char reason[MESSAGE_TEXT_MAX]; /* why it is not settled; "" when it is */

	char unready[RECONCILE_UNREADY_MAX][REPLICA_NAME_MAX]; /* given up in this look: not in
								  rotation in time */
	size_t unready_n;
	enum restart_news restart;
	char restart_message[MESSAGE_TEXT_MAX];
};

struct reconcile;

/* ${config} is copied, its target must stay valid. */
struct reconcile *reconcile_new(const struct reconcile_config *);
void reconcile_free(struct reconcile *);

/* The count to keep, kept inside MIN_REPLICAS and MAX_REPLICAS; -1 while nobody has said it.  The
 * first look at a template then takes what is there, inside these bounds. */
void reconcile_want(struct reconcile *, int replicas);
int reconcile_wanted(const struct reconcile *);

/* One message of the watcher, oldest first.  Its servers move over. */
void reconcile_upstreams(struct reconcile *, struct message_upstreams *);

/* Look.  The fleet is valid until the next look. */
const struct fleet *reconcile_observe(struct reconcile *, const struct fleet_view *);

/* Decide on what was observed at ${view}. */
void reconcile_decide(struct reconcile *, const struct fleet_view *view, struct reconcile_out *ret);

/* A step has ended: 0 or -errno, and for a failed restart the engine's words. */
void reconcile_outcome(struct reconcile *, const struct step *, int err, const char *error,
		       uint64_t now_ms, uint32_t random);

/* Restart what was observed last, one container at a time, the template last.  0; -EALREADY when
 * that is under way; -ENOTSUP where MAX_REPLICAS leaves no room for another to serve meanwhile. */
int reconcile_restart(struct reconcile *, uint64_t now_ms);
bool reconcile_restarting(const struct reconcile *);

/* Somebody else goes on: forget a restart under way.  What it left is found by looking. */
void reconcile_abandon(struct reconcile *);

#endif
