/* Shell. The frame of every daemon: settings and options, loop, signals, log, health and metrics
 * over HTTP.  A main() is four steps:
 *
 *	struct service *sv = service_start(&spec, argc, argv);  handles --help, --check …
 *	open what the daemon needs on service_loop(sv)
 *	service_run(sv);                                        until SIGTERM or SIGINT
 *	close it all, return service_finish(sv);                until all has closed */
#ifndef COMMON_SERVICE_H
#define COMMON_SERVICE_H

#include "common/bus.h"
#include "common/docker.h"
#include "common/lease.h"
#include "common/metrics.h"
#include "common/settings.h"

#include <uv.h>

struct service;

enum {
	SERVICE_REDIS = 1,
	SERVICE_DOCKER = 2
}; /* which common settings the daemon has beside its own */

struct service_spec {
	const char *name;
	const char *summary; /* one line for --help */
	unsigned uses;       /* SERVICE_REDIS | SERVICE_DOCKER */
	const struct setting *settings;
	void *config; /* zeroed; filled from the environment */

	/* What one row cannot say (MIN_REPLICAS over MAX_REPLICAS): add lines to ${errors}, return
	 * how many.  May be NULL. */
	int (*check)(const void *config, struct buf *errors);

	/* Command line options of its own (subscriber): called first for each argument at argv[*i];
	 * returns true when it took it (advancing *i over a value), false for the frame to look at
	 * it.  May be NULL. */
	bool (*option)(int argc, char **argv, int *i, void *config);
	const char *options_help; /* lines for --help, or NULL */

	/* Where --healthcheck asks when /healthz is on a port of the daemon's own (dashboard);
	 * NULL: HTTP_BIND and HTTP_PORT. */
	void (*healthcheck)(const void *config, const char **ret_bind, int *ret_port);
};

/* Read the options and the environment, set up memory, log, loop and signals.  --help, --check,
 * --version, --healthcheck and --env-example print and exit here; a bad setting is named on
 * standard error and exits 2, a bad option likewise. */
struct service *service_start(const struct service_spec *, int argc, char **argv);

uv_loop_t *service_loop(struct service *);
struct metrics *service_metrics(struct service *);

/* One thing this daemon depends on, for /healthz and the log.  ${name} must stay valid.  It starts
 * as "down" without a word; each change is logged once. */
struct health;
struct health *service_health(struct service *, const char *name);
void health_set(struct health *, bool up, const char *detail);

/* Of the common settings, to be called once each: a bus with host and credentials filled in, with
 * its health registered as "redis"; ${options} needs only what it listens to.  Likewise the Docker
 * Engine, as "docker". */
struct bus *service_bus(struct service *, const struct bus_options *options);
struct docker *service_docker(struct service *);

/* Likewise a lease, in the same Redis, as "lease": healthy, whoever has it.  ${name} is
 * copied. */
struct lease *service_lease(struct service *, const char *name, lease_changed *, void *cookie);

/* Announce on ${bus} every 2 s that the daemon lives and what it lacks, while Redis is there; to be
 * called once.  ${target} must stay valid.  ${describe} (or NULL) adds what only the daemon knows.
 */
struct message_heartbeat;
typedef void service_heartbeat_describe(struct message_heartbeat *, void *cookie);
void service_heartbeat(struct service *, struct bus *bus, const char *target,
		       service_heartbeat_describe *describe, void *cookie);

/* Serve /healthz and /metrics (where HTTP_PORT is not 0), tell the supervisor (NOTIFY_SOCKET) that
 * this runs, and run the loop until SIGTERM or SIGINT, or until service_stop.  An HTTP_PORT that
 * cannot be bound is fatal: a line that says so, exit 1. */
void service_run(struct service *);
void service_stop(struct service *);

/* Have ${on_stop} called at the first signal instead of ending service_run at once: the daemon
 * finishes what it has, then calls service_stop itself.  A second signal still ends the process. */
void service_on_stop(struct service *, void (*on_stop)(void *cookie), void *cookie);

/* Called by an own HTTP server (dashboard) to answer like /healthz and /metrics. */
struct http_request;
void service_reply_healthz(struct service *, struct http_request *);
void service_reply_health(struct service *, struct http_request *); /* no more than ok, or not */
void service_reply_metrics(struct service *, struct http_request *);

/* Run the loop until every handle has closed, at most 2 s, and free everything, the configuration
 * included. The exit status: 0. */
int service_finish(struct service *);

/* Clocks: wall, in ms and s since 1970 (for messages only); 32 random bits (for jitter). */
uint64_t service_wall_ms(void);
double service_wall_sec(void);
uint32_t service_random(void);

#endif
