/* Shell. GET requests over connections of its own: idle ones wait in a stack, so that few stay
 * warm; busy ones stand in the order they were due, which is the order of their deadlines. */
#include "load/client.h"

#include "common/mem.h"
#include "load/reply.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define DEADLINE_CHECK_MS 10
#define READ_BUFFER_BYTES ((size_t)64 * 1024)

struct connection {
	struct load_client *client;
	struct connection *prev, *next; /* in idle or busy */
	bool busy;
	size_t phase;
	uint64_t due_ns;
	struct load_reply reply;
	uv_tcp_t tcp;
	uv_connect_t connect;
};

struct load_client {
	uv_loop_t *loop;
	const struct load_options *options;
	load_client_done *done;
	void *cookie;
	char *request;
	struct connection *idle, *busy;
	unsigned busy_n;
	uint64_t timeout_ns;
	uv_timer_t deadlines;
	char buffer[READ_BUFFER_BYTES]; /* each read is used up before the next */
};

static enum load_outcome error_outcome(int uv_err)
{
	switch (uv_err) {
	case UV_ECONNREFUSED:
		return LOAD_REFUSED;
	case UV_ECONNRESET:
	case UV_EPIPE:
	case UV_ECONNABORTED:
	case UV_EOF:
		return LOAD_RESET;
	default:
		return LOAD_OTHER;
	}
}

static enum load_outcome status_outcome(int status)
{
	if (status < 300)
		return LOAD_OK;
	if (status < 400)
		return LOAD_STATUS_3XX;
	return status < 500 ? LOAD_STATUS_4XX : LOAD_STATUS_5XX;
}

static void connection_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void connection_drop(struct connection *c)
{
	struct load_client *client = c->client;

	if (c->busy) {
		DL_DELETE(client->busy, c);
		client->busy_n--;
	} else {
		DL_DELETE(client->idle, c);
	}
	uv_close((uv_handle_t *)&c->tcp, connection_closed);
}

/* The end of the request on ${c}, which must be busy.  The connection is kept or closed first: what
 * ${done} starts may then use it. */
static void request_end(struct connection *c, enum load_outcome outcome, bool reusable)
{
	struct load_client *client = c->client;
	size_t phase = c->phase;
	uint64_t due_ns = c->due_ns;

	if (reusable) {
		DL_DELETE(client->busy, c);
		client->busy_n--;
		c->busy = false;
		DL_PREPEND(client->idle, c);
	} else {
		connection_drop(c);
	}
	client->done(phase, due_ns, uv_hrtime(), outcome, client->cookie);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct connection *c = handle->data;

	(void)suggested;
	*ret = uv_buf_init(c->client->buffer, sizeof(c->client->buffer));
}

/* An idle connection that ends, or says something unasked, is not used again; no request was on
 * it. */
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct connection *c = stream->data;
	size_t used;
	int done;

	if (n == 0)
		return;
	if (!c->busy) {
		connection_drop(c);
		return;
	}
	if (n < 0) {
		request_end(c,
			    n == UV_EOF && load_reply_eof(&c->reply)
				    ? status_outcome(c->reply.status)
				    : error_outcome((int)n),
			    false);
		return;
	}
	done = load_reply_feed(&c->reply, buf->base, (size_t)n, &used);
	if (done < 0)
		request_end(c, LOAD_MALFORMED, false);
	else if (done > 0)
		request_end(c, status_outcome(c->reply.status),
			    c->reply.reusable && used == (size_t)n &&
				    c->client->options->keepalive);
}

static void on_write(uv_write_t *write, int status)
{
	struct connection *c = write->data;

	free(write);
	if (status < 0 && status != UV_ECANCELED && c->busy)
		request_end(c, error_outcome(status), false);
}

/* A write of its own for each request: the callback of one may come after its whole reply. */
static void connection_send(struct connection *c)
{
	uv_buf_t buf = uv_buf_init(c->client->request, (unsigned)strlen(c->client->request));
	uv_write_t *write = xcalloc(1, sizeof(*write));
	int err;

	write->data = c;
	err = uv_write(write, (uv_stream_t *)&c->tcp, &buf, 1, on_write);
	if (err != 0) {
		free(write);
		request_end(c, error_outcome(err), false);
	}
}

static void on_connect(uv_connect_t *connect, int status)
{
	struct connection *c = connect->data;

	if (status == UV_ECANCELED)
		return; /* closed by its deadline */
	if (status == 0)
		status = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
	if (status != 0)
		request_end(c, error_outcome(status), false);
	else
		connection_send(c);
}

static void busy_append(struct connection *c, size_t phase, uint64_t due_ns)
{
	c->phase = phase;
	c->due_ns = due_ns;
	c->busy = true;
	load_reply_init(&c->reply);
	DL_APPEND(c->client->busy, c);
	c->client->busy_n++;
}

static void connection_open(struct load_client *client, size_t phase, uint64_t due_ns)
{
	struct connection *c = xcalloc(1, sizeof(*c));
	int err;

	c->client = client;
	uv_tcp_init(client->loop, &c->tcp);
	c->tcp.data = c->connect.data = c;
	uv_tcp_nodelay(&c->tcp, 1);
	busy_append(c, phase, due_ns);
	err = uv_tcp_connect(&c->connect, &c->tcp,
			     (const struct sockaddr *)&client->options->address, on_connect);
	if (err != 0)
		request_end(c, error_outcome(err), false);
}

void load_client_get(struct load_client *client, size_t phase, uint64_t due_ns)
{
	struct connection *c = client->idle;

	if (client->busy_n >= client->options->in_flight_max) {
		client->done(phase, due_ns, uv_hrtime(), LOAD_OVERRUN, client->cookie);
	} else if (c != NULL) {
		DL_DELETE(client->idle, c);
		busy_append(c, phase, due_ns);
		connection_send(c);
	} else {
		connection_open(client, phase, due_ns);
	}
}

static void on_deadlines(uv_timer_t *timer)
{
	struct load_client *client = timer->data;
	uint64_t now_ns = uv_hrtime();

	while (client->busy != NULL && client->busy->due_ns + client->timeout_ns <= now_ns)
		request_end(client->busy, LOAD_TIMEOUT, false);
}

unsigned load_client_in_flight(const struct load_client *client)
{
	return client->busy_n;
}

struct load_client *load_client_open(uv_loop_t *loop, const struct load_options *options,
				     load_client_done *done, void *cookie)
{
	struct load_client *client = xcalloc(1, sizeof(*client));

	client->loop = loop;
	client->options = options;
	client->done = done;
	client->cookie = cookie;
	client->timeout_ns = (uint64_t)(options->timeout_sec * 1e9);
	client->request = xasprintf("GET %s HTTP/1.1\r\nHost: %s\r\n"
				    "User-Agent: agentic-autoscaler-load/" VERSION "\r\n"
				    "Accept: */*\r\n%s\r\n",
				    options->path, options->authority,
				    options->keepalive ? "" : "Connection: close\r\n");
	uv_timer_init(loop, &client->deadlines);
	client->deadlines.data = client;
	uv_timer_start(&client->deadlines, on_deadlines, DEADLINE_CHECK_MS, DEADLINE_CHECK_MS);
	return client;
}

static void client_closed(uv_handle_t *handle)
{
	struct load_client *client = handle->data;

	free(client->request);
	free(client);
}

void load_client_close(struct load_client *client)
{
	while (client->busy != NULL)
		connection_drop(client->busy);
	while (client->idle != NULL)
		connection_drop(client->idle);
	uv_close((uv_handle_t *)&client->deadlines, client_closed);
}
