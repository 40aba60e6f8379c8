/* Shell. libmicrohttpd on a libuv loop.  MHD keeps its sockets in an epoll descriptor of its own;
 * the loop polls that descriptor, runs MHD when it is ready and keeps MHD's next timeout in a
 * timer. A request that cannot be answered at once is suspended: MHD then forgets its socket, and
 * a uv_poll on it takes over to notice a client that leaves. */
#include "common/http_server.h"

#include "common/http_server_internal.h"
#include "common/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTION_MEMORY_BYTES (16 * 1024) /* all headers of one request */
#define SEND_BUFFER_BYTES       (64 * 1024) /* the kernel would keep megabytes for a slow reader */

static void on_timer(uv_timer_t *);

static void run_soon(struct http_server *server)
{
	server->run_again =
		true; /* turn() looks at it, too: it may be under way and set the timer */
	uv_timer_start(&server->timer, on_timer, 0, 0);
}

/* --- connections and requests --- */

void http_request_drop(struct http_request *req)
{
	void (*gone)(void *) = req->gone;

	req->dropped = true;
	req->gone = NULL;
	if (req->stream != NULL)
		http_stream_end(req->stream);
	else if (gone != NULL)
		gone(req->data);
	http_connection_resume(req->connection);
}

static void on_leave(uv_poll_t *poll, int status, int events)
{
	struct http_connection *c = poll->data;

	(void)status; /* an error on the socket is a client that left, too */
	(void)events;
	http_request_drop(c->request);
}

static void watch_leave(struct http_connection *c)
{
	const union MHD_ConnectionInfo *info;

	if (!c->leave_ready) {
		info = MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
		if (uv_poll_init(c->server->loop, &c->leave, info->connect_fd) != 0)
			return; /* out of kernel memory: its leaving is seen when it is answered */
		c->leave.data = c;
		c->leave_ready = true;
	}
	uv_poll_start(&c->leave, UV_DISCONNECT, on_leave);
}

void http_connection_suspend(struct http_connection *c)
{
	MHD_suspend_connection(c->mhd);
	c->suspended = true;
	if (c->request->gone != NULL || c->request->stream != NULL)
		watch_leave(c);
}

void http_connection_resume(struct http_connection *c)
{
	if (!c->suspended)
		return;
	c->suspended = false;
	if (c->leave_ready)
		uv_poll_stop(&c->leave);
	MHD_resume_connection(c->mhd);
	run_soon(c->server); /* nothing makes MHD's descriptor ready for it */
}

void http_request_watch(struct http_request *req, void (*gone)(void *data), void *data)
{
	req->gone = gone;
	req->data = data;
	if (req->connection->suspended && gone != NULL)
		watch_leave(req->connection);
}

static struct http_request *request_new(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_connection *c = info->socket_context;
	struct http_request *req = xcalloc(1, sizeof(*req));

	req->connection = c;
	c->request = req;
	c->server->requests++;
	return req;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **con_cls,
			 enum MHD_RequestTerminationCode code)
{
	struct http_server *server = cls;
	struct http_request *req = *con_cls;

	(void)mhd;
	(void)code;
	if (req == NULL)
		return;
	if (req->gone != NULL)
		req->gone(req->data);
	if (req->stream != NULL)
		http_stream_free(req->stream);
	if (req->response != NULL)
		MHD_destroy_response(req->response);
	req->connection->request = NULL;
	http_patience_await(req->connection, false);
	server->reply_bytes -= req->reply_bytes;
	server->requests--;
	free(req);
	*con_cls = NULL;
}

static void free_connection(uv_handle_t *leave)
{
	free(leave->data);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http_connection *c = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		c = xcalloc(1, sizeof(*c));
		c->server = cls;
		c->mhd = mhd;
		LIST_INSERT_HEAD(&c->server->connections, c, link);
		*socket_context = c;
		http_patience_came(c);
		return;
	}
	if (c->server->connections_n == c->server->connections_max)
		run_soon(c->server); /* only then does MHD see that it may listen again */
	http_patience_went(c);
	LIST_REMOVE(c, link);
	*socket_context = NULL;
	if (c->leave_ready)
		uv_close((uv_handle_t *)&c->leave, free_connection);
	else
		free(c);
}

/* --- routes --- */

static void reply_wrong_method(struct http_request *req, const char *path)
{
	struct buf allow;

	buf_init(&allow, 256);
	for (const struct http_route *r = req->connection->server->routes; r->path != NULL; r++) {
		if (strcmp(r->path, path) != 0)
			continue;
		buf_puts(&allow, allow.len > 0 ? ", " : "");
		buf_puts(&allow, strcmp(r->method, "GET") == 0 ? "GET, HEAD" : r->method);
	}
	if (allow.len > 0)
		http_reply_text(req, MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed",
				(struct http_header){MHD_HTTP_HEADER_ALLOW, buf_text(&allow)});
	else
		http_reply_text(req, MHD_HTTP_NOT_FOUND, "not found", (struct http_header){0});
	buf_free(&allow);
}

static void handle(struct http_request *req, const char *path, const char *method)
{
	const struct http_server *server = req->connection->server;

	if (server->gate != NULL && !server->gate(req, path, server->cookie))
		return;
	req->head = strcmp(method, "HEAD") == 0;
	if (req->head)
		method = "GET"; /* MHD leaves the body out by itself */
	for (const struct http_route *r = server->routes; r->path != NULL; r++) {
		if (strcmp(r->path, path) == 0 && strcmp(r->method, method) == 0) {
			r->handler(req, server->cookie);
			return;
		}
	}
	reply_wrong_method(req, path);
}

/* MHD calls this when the headers are there, for each piece of a body, when all has been read, and
 * again after a suspended connection was resumed. */
static enum MHD_Result on_access(void *cls, struct MHD_Connection *mhd, const char *path,
				 const char *method, const char *version, const char *upload,
				 size_t *upload_len, void **con_cls)
{
	struct http_server *server = cls;
	struct http_request *req = *con_cls;

	(void)version;
	(void)upload;
	if (req == NULL) {
		*con_cls = request_new(mhd);
		return MHD_YES;
	}
	if (*upload_len != 0) {
		*upload_len = 0;
		return MHD_YES;
	}
	if (!req->handled && !server->closing) {
		req->handled = true;
		http_patience_rest(req->connection);
		handle(req, path, method);
	}
	if (req->dropped || server->closing)
		return MHD_NO;
	if (req->response != NULL)
		return http_request_queue(req);
	http_connection_suspend(req->connection);
	return MHD_YES;
}

/* --- the daemon --- */

static void on_handle_closed(uv_handle_t *handle)
{
	struct http_server *server = handle->data;

	if (--server->handles_open == 0)
		free(server);
}

static void stop_listening(struct http_server *server)
{
	int fd = MHD_quiesce_daemon(server->mhd);

	if (fd >= 0)
		close(fd);
}

static void close_now(struct http_server *server)
{
	struct http_connection *c;

	stop_listening(server);
	for (c = LIST_FIRST(&server->connections); c != NULL; c = LIST_NEXT(c, link))
		if (c->request != NULL)
			http_request_drop(c->request); /* MHD must not stop with any suspended */
	uv_poll_stop(&server->poll);
	MHD_stop_daemon(server->mhd);
	uv_close((uv_handle_t *)&server->poll, on_handle_closed);
	uv_close((uv_handle_t *)&server->timer, on_handle_closed);
	uv_close((uv_handle_t *)&server->patience, on_handle_closed);
}

void http_server_close(struct http_server *server)
{
	if (server == NULL || server->closing)
		return;
	server->closing = true;
	if (!server->running)
		close_now(server);
}

static void arm_timer(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	if (server->run_again)
		run_soon(server);
	else if (MHD_get_timeout(server->mhd, &wait_ms) == MHD_YES)
		uv_timer_start(&server->timer, on_timer, wait_ms, 0);
	else
		uv_timer_stop(&server->timer);
}

static void tell_drained(struct http_server *server)
{
	void (*drained)(void *) = server->drained;

	if (drained == NULL || server->requests > 0)
		return;
	server->drained = NULL;
	drained(server->drained_cookie);
}

/* Let MHD do what there is to do. */
static void turn(struct http_server *server)
{
	server->running = true;
	server->run_again = false;
	MHD_run(server->mhd);
	server->running = false;
	if (server->closing) {
		close_now(server);
		return;
	}
	arm_timer(server);
	tell_drained(server); /* last: it may close the server */
}

static void on_timer(uv_timer_t *timer)
{
	turn(timer->data);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	turn(poll->data);
}

void http_server_drain(struct http_server *server, void (*drained)(void *cookie), void *cookie)
{
	struct http_stream *s;

	stop_listening(server);
	server->draining = true;
	server->drained = drained;
	server->drained_cookie = cookie;
	for (s = LIST_FIRST(&server->streams); s != NULL; s = LIST_NEXT(s, link))
		http_stream_end(s);
	run_soon(server); /* nothing may be under way as it is */
}

union address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
};

/* 0, or -EINVAL. */
static int parse_address(const char *text, int port, union address *ret)
{
	if (uv_ip4_addr(text, port, &ret->ip4) == 0 || uv_ip6_addr(text, port, &ret->ip6) == 0)
		return 0;
	return -EINVAL;
}

bool http_server_bind_valid(const char *text)
{
	union address address;

	return parse_address(text, 0, &address) == 0;
}

/* The descriptor, or -errno. */
static int listen_on(const char *bind_address, int port)
{
	union address address = {0};
	const int on = 1;
	int fd, err = parse_address(bind_address, port, &address);

	if (err != 0)
		return err;
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, &address.any, sizeof(address)) != 0 || listen(fd, SOMAXCONN) != 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int bound_port(int fd)
{
	union address address = {0};
	socklen_t len = sizeof(address);

	getsockname(fd, &address.any, &len);
	return ntohs(address.any.sa_family == AF_INET6 ? address.ip6.sin6_port
						       : address.ip4.sin_port);
}

/* MHD takes over ${fd}, and closes it when it fails. */
static struct MHD_Daemon *start_mhd(struct http_server *server, int fd,
				    const struct http_server_options *o)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access,
				server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED,
				on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
				server, MHD_OPTION_CONNECTION_LIMIT, o->connections_max,
				MHD_OPTION_CONNECTION_TIMEOUT, o->idle_timeout_sec,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
				MHD_OPTION_END);
}

int http_server_open(uv_loop_t *loop, const struct http_server_options *o, struct http_server **ret)
{
	const int send_bytes = SEND_BUFFER_BYTES;
	struct http_server *server;
	int fd = listen_on(o->bind, o->port), err;

	if (fd < 0)
		return fd;
	if (o->client_timeout_sec > 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes));
	server = xcalloc(1, sizeof(*server));
	server->loop = loop;
	server->routes = o->routes;
	server->headers = o->headers;
	server->gate = o->gate;
	server->cookie = o->cookie;
	server->connections_max = o->connections_max;
	server->client_timeout_sec = o->client_timeout_sec;
	server->reply_bytes_max = o->reply_bytes_max;
	server->port = bound_port(fd);
	LIST_INIT(&server->connections);
	LIST_INIT(&server->streams);
	server->mhd = start_mhd(server, fd, o);
	if (server->mhd == NULL) {
		free(server);
		return -ENOMEM;
	}
	fd = MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	err = uv_poll_init(loop, &server->poll, fd);
	if (err != 0) {
		MHD_stop_daemon(server->mhd);
		free(server);
		return err;
	}
	uv_timer_init(loop, &server->timer);
	uv_timer_init(loop, &server->patience);
	server->poll.data = server->timer.data = server->patience.data = server;
	server->handles_open = 3;
	uv_poll_start(&server->poll, UV_READABLE, on_ready);
	*ret = server;
	return 0;
}

int http_server_port(const struct http_server *server)
{
	return server->port;
}
