/* Shell. The dashboard's HTTP side: the page, /api/state, /events, /healthz and /metrics. */
#ifndef DASHBOARD_SERVER_H
#define DASHBOARD_SERVER_H

#include "common/service.h"
#include "dashboard/state.h"

#include <stddef.h>

struct server;

struct server_options {
	const char *address;
	int port;
	const char *hosts, *password; /* of guard_init */
};

/* Serve ${state}, which must stay valid like the texts of ${options}.  0, or -errno. */
int server_open(struct service *, const struct state *, const struct server_options *options,
		struct server **ret);

/* Hand ${len} bytes of whole events to every open /events. */
void server_broadcast(struct server *, const char *events, size_t len);

/* Gone when its libuv handles have closed. */
void server_close(struct server *);

#endif
