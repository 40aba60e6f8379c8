/* Shell. The loop of the executor: looks at what Docker has, has it decided what to do, does it,
 * and publishes what came of it. */
#ifndef EXECUTOR_CONDUCTOR_H
#define EXECUTOR_CONDUCTOR_H

#include "common/bus.h"
#include "common/docker.h"
#include "common/lease.h"
#include "common/message.h"
#include "common/metrics.h"
#include "executor/config.h"

#include <stdbool.h>
#include <stdint.h>

struct conductor;

struct conductor_options { /* all must outlive the conductor */
	const struct executor_config *config;
	struct docker *docker;
	struct bus *bus;
	struct lease *lease;
	struct metrics *metrics;
};

/* Nothing is done before conductor_live. */
struct conductor *conductor_open(uv_loop_t *, const struct conductor_options *);

/* Docker must have been closed before: steps under way are forgotten, the next executor finds what
 * they left.  Gone when its libuv handle has closed. */
void conductor_close(struct conductor *);

/* A plan that is no noop, heard at ${heard_sec} since 1970.  Its explain is freed. */
void conductor_plan(struct conductor *, struct message_plan *, double heard_sec);

/* A result, of interest while the past is read back, and while another executor acts: which plans
 * were answered, and how many replicas are wanted. */
void conductor_result(struct conductor *, const struct message_result *);

/* A message of the watcher.  Its servers may move over. */
void conductor_upstreams(struct conductor *, struct message_upstreams *);

/* Whether the bus is up, so that silence means something. */
void conductor_bus(struct conductor *, bool up);

/* Who holds the lease, when that changes. */
void conductor_lease(struct conductor *, const struct lease_news *);

/* The past has been read back: begin, or stand by while another executor acts. */
void conductor_live(struct conductor *);

/* Something happened to a container of the service, or events may have been missed. */
void conductor_event(struct conductor *);

#endif
