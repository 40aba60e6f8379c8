/* Shell. The dashboard's HTTP side: the page, /api/state, /api/history, /events, /healthz and
 * /metrics. */
#ifndef DASHBOARD_SERVER_H
#define DASHBOARD_SERVER_H

#include "common/service.h"
#include "dashboard/state.h"

struct server;

struct server_options {
	const char *address;
	int port;
	const char *hosts, *password; /* of guard_init */
};

/* Serve ${state}, which must stay valid like the texts of ${options}.  0, or -errno. */
int server_open(struct service *, const struct state *, const struct server_options *options,
		struct server **ret);

/* Tell every open /events what changed in the state: bits of enum state_change. */
void server_tell(struct server *, int changed);

/* Tell them that all is different. */
void server_reset(struct server *);

/* Gone when its libuv handles have closed. */
void server_close(struct server *);

#endif
