/* Shell. The dashboard's HTTP side: the page, /api/state, /events, /healthz and /metrics. */
#ifndef DASHBOARD_SERVER_H
#define DASHBOARD_SERVER_H

#include "common/service.h"
#include "dashboard/state.h"

#include <stddef.h>

struct server;

/* Serve ${state}, which must stay valid, on ${address} and ${port}.  0, or -errno. */
int server_open(struct service *, const struct state *, const char *address, int port,
		struct server **ret);

/* Hand ${len} bytes of whole events to every open /events. */
void server_broadcast(struct server *, const char *events, size_t len);

/* Gone when its libuv handles have closed. */
void server_close(struct server *);

#endif
