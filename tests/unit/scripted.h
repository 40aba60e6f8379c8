/* Shell. A server for unit tests, on the loop of the test: it answers each request with the first
 * line of its script that fits, and remembers what it was asked.  For what a real server cannot be
 * made to do: cut replies, silence, odd bytes. */
#ifndef TESTS_SCRIPTED_H
#define TESTS_SCRIPTED_H

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct scripted_line {
	const char *request; /* how its first line begins; NULL ends the script */
	const char *reply;   /* all bytes of it; NULL: silence */
	size_t len;          /* 0: strlen(reply) */
	bool close;          /* behind the reply */
	int times;           /* then the line does not fit any more; 0: for ever */
};

struct scripted {
	uv_loop_t *loop;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
	int port;
	struct scripted_line lines[16];
	int requests_n, connections_n, open_n;
	uv_stream_t *newest; /* connection; NULL: it is closed */
	char last[8192];     /* the newest request */
	char log[8192];      /* "METHOD /path\n" of each */
};

struct scripted_connection {
	struct scripted *server;
	union {
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} u;
	char in[8192];
	size_t in_len;
};

static inline void scripted_gone(uv_handle_t *handle)
{
	struct scripted_connection *c = handle->data;

	c->server->open_n--;
	if (c->server->newest == &c->u.stream)
		c->server->newest = NULL;
	free(c);
}

static inline void scripted_drop(struct scripted_connection *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->u.stream))
		uv_close((uv_handle_t *)&c->u.stream, scripted_gone);
}

static inline void scripted_answer(struct scripted_connection *c)
{
	struct scripted *s = c->server;
	size_t log_len = strlen(s->log);

	memcpy(s->last, c->in, c->in_len + 1);
	snprintf(s->log + log_len, sizeof(s->log) - log_len, "%.*s\n",
		 (int)(strcspn(c->in, "\r") - strlen(" HTTP/1.1")), c->in);
	s->requests_n++;
	c->in_len = 0;
	for (struct scripted_line *line = s->lines; line->request != NULL; line++) {
		if (strncmp(c->in, line->request, strlen(line->request)) != 0 || line->times < 0)
			continue;
		if (line->times > 0 && --line->times == 0)
			line->times = -1;
		if (line->reply != NULL) {
			size_t len = line->len > 0 ? line->len : strlen(line->reply);
			uv_buf_t buf = uv_buf_init((char *)(uintptr_t)line->reply, (unsigned)len);

			assert_int_equal(uv_try_write(&c->u.stream, &buf, 1), len);
		}
		if (line->close)
			scripted_drop(c);
		return;
	}
	fail_msg("no line of the script fits: %s", c->in);
}

/* A request is whole when its head is, and its Content-Length with it. */
static inline bool scripted_whole(const struct scripted_connection *c)
{
	const char *end = strstr(c->in, "\r\n\r\n");
	const char *length = strstr(c->in, "Content-Length: ");

	if (end == NULL)
		return false;
	return length == NULL || strlen(end + 4) >= (size_t)atoi(length + 16);
}

static inline void scripted_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct scripted_connection *c = handle->data;

	(void)suggested;
	*ret = uv_buf_init(c->in + c->in_len, (unsigned)(sizeof(c->in) - 1 - c->in_len));
}

static inline void scripted_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct scripted_connection *c = stream->data;

	(void)buf;
	if (n < 0) {
		scripted_drop(c);
		return;
	}
	c->in_len += (size_t)n;
	c->in[c->in_len] = '\0';
	if (scripted_whole(c))
		scripted_answer(c);
}

static inline void scripted_accept(uv_stream_t *listener, int status)
{
	struct scripted *s = listener->data;
	struct scripted_connection *c = calloc(1, sizeof(*c));

	assert_int_equal(status, 0);
	c->server = s;
	if (listener == (uv_stream_t *)&s->tcp)
		uv_tcp_init(s->loop, &c->u.tcp);
	else
		uv_pipe_init(s->loop, &c->u.pipe, 0);
	c->u.stream.data = c;
	s->connections_n++;
	s->newest = &c->u.stream;
	s->open_n++;
	assert_int_equal(uv_accept(listener, &c->u.stream), 0);
	uv_read_start(&c->u.stream, scripted_alloc, scripted_read);
}

/* Listen on any port of 127.0.0.1, and on the socket ${path} where that is not NULL.  It does not
 * keep the loop alive. */
static inline void scripted_open(struct scripted *s, uv_loop_t *loop, const char *path)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int len = sizeof(address);

	memset(s, 0, sizeof(*s));
	s->loop = loop;
	uv_tcp_init(loop, &s->tcp);
	uv_pipe_init(loop, &s->pipe, 0);
	s->tcp.data = s->pipe.data = s;
	assert_int_equal(uv_tcp_bind(&s->tcp, (struct sockaddr *)&address, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&s->tcp, 64, scripted_accept), 0);
	uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&address, &len);
	s->port = ntohs(address.sin_port);
	if (path != NULL) {
		assert_int_equal(uv_pipe_bind(&s->pipe, path), 0);
		assert_int_equal(uv_listen((uv_stream_t *)&s->pipe, 64, scripted_accept), 0);
	}
}

static inline void scripted_close_connection(uv_handle_t *handle, void *server)
{
	struct scripted *s = server;

	if ((handle->type == UV_TCP && handle != (uv_handle_t *)&s->tcp) ||
	    (handle->type == UV_NAMED_PIPE && handle != (uv_handle_t *)&s->pipe))
		scripted_drop(handle->data);
}

static inline void scripted_close(struct scripted *s)
{
	uv_close((uv_handle_t *)&s->tcp, NULL);
	uv_close((uv_handle_t *)&s->pipe, NULL);
	uv_walk(s->loop, scripted_close_connection, s);
}

static inline void scripted_late(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("nothing happened within 10 s");
}

/* Run the loop until ${done}, at most 10 s. */
static inline void scripted_run(uv_loop_t *loop, const bool *done)
{
	uv_timer_t late;

	uv_timer_init(loop, &late);
	uv_timer_start(&late, scripted_late, 10000, 0);
	while (!*done)
		uv_run(loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&late, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
}

#endif
