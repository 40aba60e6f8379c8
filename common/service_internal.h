/* Shell. What the files of the service frame share; nobody else includes it. */
#ifndef COMMON_SERVICE_INTERNAL_H
#define COMMON_SERVICE_INTERNAL_H

#include "common/http_server.h"
#include "common/message.h"
#include "common/service.h"
#include "common/service_notify.h"
#include "common/service_settings.h"

#include <signal.h>

#define SERVICE_LINE_MAX 400                  /* bytes of service_health_line */
#define SERVICE_BODY_MAX ((size_t)256 * 1024) /* bytes of a /metrics or /healthz answer */

struct health {
	struct service *service;
	const char *name;
	bool up;
	bool reported; /* was set at least once, so the state is more than a guess */
	double since_sec;
	char detail[256];
	struct health *next;
};

/* What stands between a bus and the callbacks of the daemon that uses it (service_bus). */
struct service_bus_hook {
	struct bus_options options; /* the daemon's own callbacks and cookie */
	struct health *health;
	bool refusal_told; /* of an announcement */
};

/* Likewise of a lease (service_lease). */
struct service_lease_hook {
	lease_changed *on_change;
	void *cookie;
	struct health *health;
};

/* What a heartbeat is made of (service_heartbeat). */
struct service_heartbeat_hook {
	uv_timer_t timer;
	const struct service *service;
	struct bus *bus;
	const char *target;
	service_heartbeat_describe *describe;
	void *cookie;
};

struct service {
	const struct service_spec *spec;
	struct service_common common;
	struct setting common_table[SERVICE_ROWS_N + 1]; /* those that spec->uses asks for */

	uv_loop_t loop;
	uv_signal_t sigterm, sigint;
	bool stopping; /* a signal came, or service_stop was called */
	void (*on_stop)(void *cookie);
	void *on_stop_cookie;

	struct health *healths;
	struct metrics *metrics;
	struct http_server *http; /* NULL where HTTP_PORT is 0 */
	struct notify_environment notify_environment;
	struct notify *notify; /* NULL where no supervisor listens */
	struct service_bus_hook *bus_hook;
	struct service_lease_hook *lease_hook;
	struct service_heartbeat_hook *heartbeat; /* NULL: it has none */
	uint64_t started_ms;                      /* loop time */
	double started_sec;                       /* since 1970 */
};

/* Read command line and environment into the configuration, ->common and ->notify_environment;
 * exits where they ask for it or are wrong. */
void service_options(struct service *, int argc, char **argv);
void service_options_free(struct service *);

/* Ask http://${bind}:${port}/healthz, say in one line what came of it, and return the exit status.
 * Blocks, at most a few seconds. */
int service_healthcheck(const char *daemon, const char *bind, int port);

/* In a line, which dependencies are down, for whoever started the daemon. */
void service_health_line(const struct service *, char *ret, size_t size);

/* The routes of HTTP_PORT; the cookie is the service. */
extern const struct http_route service_routes[];

#endif
