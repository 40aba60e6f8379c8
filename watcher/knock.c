/* Shell. A door per replica, each with at most one caller before it; a clock for all of them. */
#include "watcher/knock.h"

#include "common/mem.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct knock {
	uv_loop_t *loop;
	struct http_client *http;
	const char *path;
	knock_answered *on_answer;
	void *cookie;
	uv_timer_t clock;
	struct door *doors;
};

struct door {
	struct knock *knock;
	struct door *prev, *next;
	struct message_server server;
	struct http_call *call; /* under way, with a path */
	struct caller *caller;  /* under way, without one */
	bool wanted;            /* used while an update is taken in */
};

/* A TCP connection in the making.  It outlives its door by the time libuv takes to close it. */
struct caller {
	uv_tcp_t tcp;
	uv_connect_t request;
	struct door *door; /* NULL: nobody waits for it any more */
	uint64_t start_ms;
};

static void caller_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void dismiss(struct caller *caller)
{
	caller->door->caller = NULL;
	caller->door = NULL;
	uv_close((uv_handle_t *)&caller->tcp, caller_closed);
}

static void answered(struct door *door)
{
	struct message_server server = door->server; /* the callback may take the door away */
	struct knock *k = door->knock;

	k->on_answer(server.id, server.address, k->cookie);
}

static void http_done(const struct http_result *result, void *cookie)
{
	struct door *door = cookie;

	door->call = NULL;
	if (result->err == 0 && result->status >= 200 && result->status < 300)
		answered(door);
}

static void tcp_done(uv_connect_t *request, int status)
{
	struct caller *caller = request->data;
	struct door *door = caller->door;

	if (!door)
		return;
	dismiss(caller);
	if (status == 0)
		answered(door);
}

/* Split "IP:port" or "[IP]:port". */
static int socket_address(const char *text, struct sockaddr_storage *ret)
{
	char host[READINESS_ADDRESS_MAX];
	const char *colon = strrchr(text, ':');
	bool v6 = text[0] == '[';
	size_t len;
	int port;

	if (!colon || colon - text < 3)
		return UV_EINVAL;
	port = (int)strtol(colon + 1, NULL, 10);
	len = (size_t)(colon - text) - (v6 ? 2 : 0);
	memcpy(host, text + (v6 ? 1 : 0), len);
	host[len] = '\0';
	return v6 ? uv_ip6_addr(host, port, (struct sockaddr_in6 *)ret)
		  : uv_ip4_addr(host, port, (struct sockaddr_in *)ret);
}

static void knock_tcp(struct door *door)
{
	struct sockaddr_storage address;
	struct caller *caller;

	if (socket_address(door->server.address, &address) != 0)
		return;
	caller = xcalloc(1, sizeof(*caller));
	uv_tcp_init(door->knock->loop, &caller->tcp);
	caller->tcp.data = caller->request.data = caller;
	caller->door = door;
	caller->start_ms = uv_now(door->knock->loop);
	door->caller = caller;
	if (uv_tcp_connect(&caller->request, &caller->tcp, (struct sockaddr *)&address, tcp_done) !=
	    0)
		dismiss(caller);
}

static void knock_http(struct door *door)
{
	char *url = xasprintf("http://%s%s", door->server.address, door->knock->path);
	const struct http_call_options call = {
		.method = "GET",
		.url = url,
		.timeout_ms = KNOCK_TIMEOUT_MS,
		.connect_timeout_ms = KNOCK_TIMEOUT_MS,
		.fresh_connection = true,
		.discard_body = true,
	};

	door->call = http_call_start(door->knock->http, &call, http_done, door);
	free(url);
}

static void knock_at(struct door *door)
{
	struct knock *k = door->knock;

	if (door->caller && uv_now(k->loop) - door->caller->start_ms >= KNOCK_TIMEOUT_MS)
		dismiss(door->caller);
	if (door->call || door->caller)
		return;
	if (k->path)
		knock_http(door);
	else
		knock_tcp(door);
}

static void tick(uv_timer_t *clock)
{
	struct knock *k = clock->data;
	struct door *door;

	DL_FOREACH(k->doors, door)
	{
		knock_at(door);
	}
}

struct knock *knock_open(uv_loop_t *loop, struct http_client *http, const char *path,
			 knock_answered *on_answer, void *cookie)
{
	struct knock *k = xcalloc(1, sizeof(*k));

	k->loop = loop;
	k->http = http;
	k->path = path;
	k->on_answer = on_answer;
	k->cookie = cookie;
	uv_timer_init(loop, &k->clock);
	k->clock.data = k;
	return k;
}

static void leave(struct door *door)
{
	DL_DELETE(door->knock->doors, door);
	if (door->call)
		http_call_cancel(door->call);
	if (door->caller)
		dismiss(door->caller);
	free(door);
}

static void closed(uv_handle_t *handle)
{
	free(handle->data);
}

void knock_close(struct knock *k)
{
	if (!k)
		return;
	while (k->doors)
		leave(k->doors);
	uv_close((uv_handle_t *)&k->clock, closed);
}

static struct door *door_of(struct knock *k, const struct message_server *server)
{
	struct door *door;

	DL_FOREACH(k->doors, door)
	{
		if (strcmp(door->server.id, server->id) == 0 &&
		    strcmp(door->server.address, server->address) == 0)
			return door;
	}
	door = xcalloc(1, sizeof(*door));
	door->knock = k;
	door->server = *server;
	DL_APPEND(k->doors, door);
	knock_at(door);
	return door;
}

void knock_update(struct knock *k, const struct readiness *r)
{
	struct door *door, *next;

	DL_FOREACH(k->doors, door)
	{
		door->wanted = false;
	}
	for (size_t i = 0; i < r->n; i++)
		if (r->replicas[i].state == READINESS_KNOCKING)
			door_of(k, &r->replicas[i].server)->wanted = true;
	DL_FOREACH_SAFE(k->doors, door, next)
	{
		if (!door->wanted)
			leave(door);
	}
	if (!k->doors)
		uv_timer_stop(&k->clock);
	else if (!uv_is_active((uv_handle_t *)&k->clock))
		uv_timer_start(&k->clock, tick, KNOCK_EVERY_MS, KNOCK_EVERY_MS);
}
