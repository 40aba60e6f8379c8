/* Shell. What the unit tests of common/http_client share: a client, a scripted server on the same
 * loop, and what each call brought. */
#ifndef TESTS_HTTP_FIXTURE_H
#define TESTS_HTTP_FIXTURE_H

#include "common/http_client.h"

#include "common/mem.h"
#include "tests/unit/scripted.h"

#include <errno.h>
#include <unistd.h>

#define OK         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define SOCKET_MAX 64

/* What a call brought. */
struct outcome {
	struct fixture *f;
	bool done;
	int calls;
	int err;
	long status;
	char error[512];
	char body[256];
	size_t body_len;
	double connect_ms, total_ms;
	double retry_after_sec;
	void (*then)(struct outcome *);
	struct http_call *call;

	int opened;
	char data[256];
	int data_ret;
};

struct fixture {
	uv_loop_t loop;
	struct scripted server;
	struct http_client *client;
	char url[64];
	char directory[32];
	char socket[SOCKET_MAX];
};

static inline int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	uv_loop_init(&f->loop);
	strcpy(f->directory, "/tmp/test-http-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->socket, sizeof(f->socket), "%s/sock", f->directory);
	scripted_open(&f->server, &f->loop, f->socket);
	f->server.lines[0] = (struct scripted_line){.request = "", .reply = OK};
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d/x", f->server.port);
	assert_int_equal(http_client_open(&f->loop, &f->client), 0);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->client != NULL)
		http_client_close(f->client);
	scripted_close(&f->server);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	unlink(f->socket);
	rmdir(f->directory);
	free(f);
	return 0;
}

static inline void on_done(const struct http_result *result, void *cookie)
{
	struct outcome *o = cookie;

	o->done = true;
	o->calls++;
	o->err = result->err;
	o->status = result->status;
	o->body_len = result->body_len;
	o->connect_ms = result->connect_ms;
	o->total_ms = result->total_ms;
	o->retry_after_sec = result->retry_after_sec;
	snprintf(o->error, sizeof(o->error), "%s", result->error);
	snprintf(o->body, sizeof(o->body), "%s", result->body);
	if (o->then != NULL)
		o->then(o);
}

static inline void start(struct fixture *f, struct http_call_options options, struct outcome *o)
{
	o->f = f;
	if (options.method == NULL)
		options.method = "GET";
	if (options.url == NULL)
		options.url = f->url;
	o->call = http_call_start(f->client, &options, on_done, o);
	assert_non_null(o->call);
	assert_int_equal(o->calls, 0); /* never from inside */
}

static inline void call(struct fixture *f, struct http_call_options options, struct outcome *o)
{
	memset(o, 0, sizeof(*o));
	start(f, options, o);
	scripted_run(&f->loop, &o->done);
	assert_int_equal(o->calls, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
