/* Shell. Unit tests of common/http_client: what callbacks may do, and many calls. */
#include "tests/unit/http_fixture.h"

static void start_another(struct outcome *o)
{
	o->then = NULL;
	o->calls = 0;
	o->done = false;
	start(o->f, (struct http_call_options){0}, o);
}

static void callbacks_may_start_calls(void **state)
{
	static const char *const urls[] = {NULL, "bad url", "http://127.0.0.1:1/"};
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		struct outcome o = {.then = start_another};

		start(f, (struct http_call_options){.url = urls[i]}, &o);
		scripted_run(&f->loop, &o.done);
		assert_int_equal(o.calls, 1);
		assert_string_equal(o.body, "ok");
	}
}

static struct outcome victims[3];

static void cancel_victims(struct outcome *o)
{
	(void)o;
	for (size_t i = 0; i < 3; i++)
		http_call_cancel(victims[i].call);
}

/* One not yet sent, one waiting for its answer, one whose end is there with ours. */
static void callbacks_may_cancel_calls(void **state)
{
	struct fixture *f = *state;
	struct outcome o = {.then = cancel_victims};

	memset(victims, 0, sizeof(victims));
	f->server.lines[0] = (struct scripted_line){.request = "GET /silent"};
	f->server.lines[1] = (struct scripted_line){.request = "", .reply = OK};
	char silent[80];
	snprintf(silent, sizeof(silent), "http://127.0.0.1:%d/silent", f->server.port);
	start(f, (struct http_call_options){.url = silent}, &victims[0]);
	start(f, (struct http_call_options){.url = "bad url"}, &o);
	start(f, (struct http_call_options){.url = "bad url"}, &victims[1]);
	start(f, (struct http_call_options){0}, &victims[2]);
	scripted_run(&f->loop, &o.done);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	while (f->server.open_n > 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(victims[i].calls, 0);
}

static void close_client(struct outcome *o)
{
	http_client_close(o->f->client);
	o->f->client = NULL;
}

static void a_callback_may_close_the_client(void **state)
{
	struct fixture *f = *state;
	struct outcome o = {.then = close_client};

	memset(victims, 0, sizeof(victims));
	for (size_t i = 0; i < 3; i++)
		start(f, (struct http_call_options){0}, &victims[i]);
	start(f, (struct http_call_options){.url = "bad url"}, &o);
	scripted_run(&f->loop, &o.done);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(victims[i].calls, 0);
}

static void too_many_calls_fail(void **state)
{
	enum { MANY = 1030 };
	struct fixture *f = *state;
	struct outcome *o = xcalloc(MANY, sizeof(*o));
	int busy = 0, cancelled = 0;

	f->server.lines[0] = (struct scripted_line){.request = ""};
	for (int i = 0; i < MANY; i++)
		start(f, (struct http_call_options){.unix_socket = "/tmp/no/such"}, &o[i]);
	scripted_run(&f->loop, &o[MANY - 1].done);
	for (int i = 0; i < MANY; i++) {
		busy += o[i].err == -EBUSY;
		cancelled += o[i].err == -ECONNREFUSED || !o[i].done;
	}
	assert_int_equal(busy, 6);
	assert_int_equal(cancelled, 1024);
	close_client(&o[0]);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	free(o);
}

/* Descriptors come and go with the same numbers: none may stay watched behind libcurl's back. */
static void many_fresh_calls(void **state)
{
	enum { ROUNDS = 30, AT_ONCE = 20 };
	struct fixture *f = *state;
	struct outcome o[AT_ONCE];

	for (int round = 0; round < ROUNDS; round++) {
		memset(o, 0, sizeof(o));
		for (int i = 0; i < AT_ONCE; i++)
			start(f,
			      (struct http_call_options){.fresh_connection = true,
							 .timeout_ms = 5000},
			      &o[i]);
		for (int i = 0; i < AT_ONCE; i++) {
			scripted_run(&f->loop, &o[i].done);
			assert_int_equal(o[i].err, 0);
		}
	}
	assert_int_equal(f->server.connections_n, ROUNDS * AT_ONCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(callbacks_may_start_calls),
		TEST(callbacks_may_cancel_calls),
		TEST(a_callback_may_close_the_client),
		TEST(too_many_calls_fail),
		TEST(many_fresh_calls),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
