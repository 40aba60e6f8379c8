/* Shell. Keeps nginx's list of servers what Docker and the replicas say it should be, and tells the
 * others.  Decides nothing: readiness, upstreams, rollout and drains do. */
#ifndef WATCHER_KEEPER_H
#define WATCHER_KEEPER_H

#include "common/bus.h"
#include "common/docker.h"
#include "common/http_client.h"
#include "common/metrics.h"
#include "common/service.h"

#include <uv.h>

struct keeper;

struct keeper_options { /* all must stay valid */
	const char *target;
	const char *lb_container;
	const char *lb_url;
	const char *conf_dir;
	const char *ready_path; /* NULL: unset */
	int app_port;
	uint64_t resync_ms, debounce_ms;

	struct docker *docker;
	struct http_client *http;
	struct bus *bus;
	struct health *health; /* of nginx */
	struct metrics *metrics;
};

/* Write the placeholder at once where there is no upstream file, so that nginx can start; then keep
 * it up to date until closed. */
struct keeper *keeper_open(uv_loop_t *, const struct keeper_options *);

/* Stop.  Call it before http_client_close, and in the same turn of the loop as docker_close. */
void keeper_close(struct keeper *);

#endif
