/* Shell. How long the HTTP server waits for its clients.  MHD's own timeout starts anew with every
 * byte, so that a client which sends one a minute keeps its connection for ever; here each part
 * that is the client's has an end. */
#include "common/http_server_internal.h"

#include <sys/socket.h>

#define LOOK_MS 1000 /* between two looks at the connections */

static void close_soon(struct http_connection *c)
{
	c->due_ms = 0;
	shutdown(MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
		 SHUT_RDWR); /* MHD sees its end, and closes it */
}

static void on_look(uv_timer_t *timer)
{
	struct http_server *server = timer->data;
	uint64_t now_ms = uv_now(server->loop);
	struct http_connection *c;

	for (c = LIST_FIRST(&server->connections); c != NULL; c = LIST_NEXT(c, link))
		if (c->due_ms != 0 && c->due_ms <= now_ms)
			close_soon(c);
}

static void make_room(struct http_server *server)
{
	struct http_connection *c, *slowest = NULL;

	for (c = LIST_FIRST(&server->connections); c != NULL; c = LIST_NEXT(c, link))
		if (c->due_ms != 0 && !c->asked &&
		    (slowest == NULL || c->due_ms <= slowest->due_ms))
			slowest = c;
	if (slowest != NULL)
		close_soon(slowest);
}

void http_patience_came(struct http_connection *c)
{
	struct http_server *server = c->server;

	server->connections_n++;
	if (server->client_timeout_sec == 0)
		return;
	http_patience_await(c, false);
	if (server->connections_n == 1)
		uv_timer_start(&server->patience, on_look, LOOK_MS, LOOK_MS);
	if (server->connections_n >= server->connections_max)
		make_room(server);
}

void http_patience_went(struct http_connection *c)
{
	if (--c->server->connections_n == 0)
		uv_timer_stop(&c->server->patience);
}

void http_patience_await(struct http_connection *c, bool answer)
{
	const struct http_server *server = c->server;

	c->asked = answer;
	if (server->client_timeout_sec > 0)
		c->due_ms = uv_now(server->loop) + server->client_timeout_sec * UINT64_C(1000);
}

void http_patience_rest(struct http_connection *c)
{
	c->asked = true;
	c->due_ms = 0;
}
