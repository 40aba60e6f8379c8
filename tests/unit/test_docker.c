/* Shell. Unit tests of common/docker: versions and calls. */
#include "tests/unit/docker_fixture.h"

/* ---- hosts, versions ---- */

static void hosts(void **state)
{
	static const char *const bad[] = {
		"",
		"/var/run/docker.sock",
		"unix://",
		"unix://run/docker.sock",
		"tcp://",
		"tcp://host",
		"tcp://:2375",
		"tcp://host:",
		"tcp://host:http",
		"tcp://host:2375/x",
		"tcp://user@host:2375",
		"http://host:2375",
		("unix:///0123456789012345678901234567890123456789012345678901234567890123456789"
		 "01234567890123456789012345678901234567"),
	};
	struct fixture *f = *state;
	struct docker *d = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(docker_open(&f->loop, bad[i], NULL, NULL, &d), -EINVAL);
		assert_null(d);
	}
	assert_int_equal(docker_open(&f->loop, "unix:///run/docker.sock", NULL, NULL, &d), 0);
	docker_close(d);
}

static void version_is_asked_once(void **state)
{
	struct fixture *f = *state;

	script(f, 1, (struct scripted_line){.request = "GET /v1.41/a ", .reply = JSON("2", "{}")});
	assert_string_equal(docker_api_version(f->docker), "");
	docker_call(f->docker, "GET", "/a", NULL, 0, on_reply, f);
	docker_call(f->docker, "GET", "/a", NULL, 0, on_reply, f);
	run(f);
	while (f->calls < 2)
		uv_run(&f->loop, UV_RUN_ONCE);
	call(f, "GET", "/a");
	assert_int_equal(f->err, 0);
	assert_true(f->has_json);
	assert_string_equal(docker_api_version(f->docker), "1.41");
	assert_string_equal(f->server.log,
			    "GET /version\nGET /v1.41/a\nGET /v1.41/a\nGET /v1.41/a\n");
	assert_string_equal(f->health, "up\n");
}

static void version_that_cannot_be_agreed_on(void **state)
{
	static const struct {
		const char *reply, *error;
		int err;
	} cases[] = {
		{JSON("46", "{\"ApiVersion\":\"1.39\",\"MinAPIVersion\":\"1.12\"}  "),
		 "the engine speaks API 1.12 to 1.39, this program 1.40 to 1.44", -EPROTONOSUPPORT},
		{JSON("2", "{}"), "the answer to GET /version is not a Docker Engine's", -EBADMSG},
		{JSON("5", "<html"), "the answer to GET /version is not a Docker Engine's",
		 -EBADMSG},
		{"HTTP/1.1 403 No\r\nContent-Length: 11\r\n\r\nno\r\nentry\r\n", "no", -EINVAL},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f->server.lines[0].reply = cases[i].reply;
		call(f, "POST", "/a");
		assert_int_equal(f->err, cases[i].err);
		assert_string_equal(f->error, cases[i].error);
	}
	/* each call asked anew, none was sent, and the change was told once */
	assert_string_equal(f->server.log,
			    "GET /version\nGET /version\nGET /version\nGET /version\n");
	assert_string_equal(f->health, "down: the engine speaks API 1.12 to 1.39, this program "
				       "1.40 to 1.44\n");
}

static void all_that_waits_for_the_version_fails_with_it(void **state)
{
	struct fixture *f = *state;

	f->server.lines[0] = (struct scripted_line){.request = "GET /version", .close = true};
	for (int i = 0; i < 3; i++)
		docker_call(f->docker, "GET", "/a", NULL, 0, on_reply, f);
	run(f);
	assert_int_equal(f->calls, 3);
	assert_int_equal(f->err, -ECONNRESET);
	assert_memory_equal(f->health, "down: 127.0.0.1:", 16);
}

static void an_engine_that_was_replaced_is_asked_again(void **state)
{
	struct fixture *f = *state;

	script(f, 1,
	       (struct scripted_line){
		       .request = "GET /v1.41/a ",
		       .reply = "HTTP/1.1 400 Bad\r\nContent-Length: 76\r\n\r\n"
				"client version 1.41 is too old. Minimum supported API version is "
				"1.44"
				", sorry",
	       });
	script(f, 2, (struct scripted_line){.request = "GET /v1.44/a ", .reply = JSON("2", "{}")});
	call(f, "GET", "/a");
	assert_int_equal(f->err, -EINVAL);
	f->server.lines[0].reply =
		JSON("46", "{\"ApiVersion\":\"1.52\",\"MinAPIVersion\":\"1.44\"}  ");
	call(f, "GET", "/a");
	assert_int_equal(f->err, 0);
	assert_string_equal(docker_api_version(f->docker), "1.44");
}

/* ---- calls ---- */

static void statuses(void **state)
{
	static const struct {
		const char *reply;
		int err;
		const char *error;
	} cases[] = {
		{"HTTP/1.1 204 No Content\r\n\r\n", 0, ""},
		{"HTTP/1.1 304 Not Modified\r\n\r\n", 0, ""},
		{"HTTP/1.1 404 x\r\nContent-Length: 25\r\n\r\n{\"message\":\"No such one\"}",
		 -ENOENT, "No such one"},
		{"HTTP/1.1 409 x\r\nContent-Length: 22\r\n\r\n{\"message\":\"Conflict\"}", -EEXIST,
		 "Conflict"},
		{"HTTP/1.1 400 x\r\nContent-Length: 10\r\n\r\nplain text", -EINVAL, "plain text"},
		{"HTTP/1.1 400 x\r\nContent-Length: 13\r\n\r\n{\"message\":7}", -EINVAL,
		 "{\"message\":7}"},
		{"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n", -EIO, "the engine answered 500"},
		{"HTTP/1.1 301 x\r\nContent-Length: 0\r\n\r\n", -EBADMSG,
		 "the engine answered 301"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		script(f, 1,
		       (struct scripted_line){.request = "POST /v1.41/a ",
					      .reply = cases[i].reply});
		call(f, "POST", "/a");
		assert_int_equal(f->err, cases[i].err);
		assert_string_equal(f->error, cases[i].error);
		assert_false(f->has_json);
	}
	assert_string_equal(f->health, "up\n"); /* an error is an answer */
}

static void bodies_are_json_and_calls_are_fresh(void **state)
{
	struct fixture *f = *state;
	cJSON *body = cJSON_CreateObject();

	script(f, 1, (struct scripted_line){.request = "POST /v1.41/a ", .reply = JSON("2", "{}")});
	cJSON_AddStringToObject(body, "Image", "shop");
	docker_call(f->docker, "POST", "/a", body, 0, on_reply, f);
	cJSON_Delete(body);
	run(f);
	assert_non_null(strstr(f->server.last, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(f->server.last, "\r\n\r\n{\"Image\":\"shop\"}"));
	assert_int_equal(f->server.connections_n, 2);
	call(f, "POST", "/a");
	assert_null(strstr(f->server.last, "Content-Type"));
	assert_int_equal(f->server.connections_n, 3);
}

static void a_lost_answer_is_no_second_request(void **state)
{
	struct fixture *f = *state;

	script(f, 1, (struct scripted_line){.request = "POST /v1.41/a ", .close = true});
	call(f, "POST", "/a");
	assert_int_equal(f->err, -ECONNRESET);
	assert_string_equal(f->server.log, "GET /version\nPOST /v1.41/a\n");
}

static void silence_ends_in_a_timeout(void **state)
{
	struct fixture *f = *state;

	script(f, 1, (struct scripted_line){.request = "GET /v1.41/a "});
	docker_call(f->docker, "GET", "/a", NULL, 100, on_reply, f);
	run(f);
	assert_int_equal(f->err, -ETIMEDOUT);
	assert_int_equal(f->status, 0);
}

static void health_is_told_on_change(void **state)
{
	struct fixture *f = *state;

	script(f, 1, (struct scripted_line){.request = "GET /v1.41/a ", .close = true, .times = 2});
	script(f, 2, (struct scripted_line){.request = "GET /v1.41/a ", .reply = JSON("2", "{}")});
	for (int i = 0; i < 4; i++)
		call(f, "GET", "/a");
	for (char *p = strstr(f->health, "down: "); p != NULL; p = NULL)
		*strchr(p, ':') = '\0';
	assert_string_equal(f->health, "up\ndown");
	assert_int_equal(f->err, 0);
}

static void too_many_calls_are_refused(void **state)
{
	enum { MAX = 256 };
	struct fixture *f = *state;

	f->server.lines[0].reply = NULL;
	for (int i = 0; i < MAX + 3; i++)
		docker_call(f->docker, "GET", "/a", NULL, 0, on_reply, f);
	assert_int_equal(f->calls, 0);
	run(f);
	assert_int_equal(f->calls, 3);
	assert_int_equal(f->err, -EBUSY);
}

static void a_callback_may_close(void **state)
{
	struct fixture *f = *state;

	f->server.lines[0] = (struct scripted_line){.request = "GET /version", .close = true};
	f->close_in_callback = true;
	for (int i = 0; i < 3; i++)
		docker_call(f->docker, "GET", "/a", NULL, 0, on_reply, f);
	docker_list(f->docker, on_list, f);
	run(f);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(f->calls, 1);
}

/* The lease that a call is guarded by: it is lost after ${left} more looks at it. */
static const char *lost_after(void *cookie)
{
	int *left = cookie;

	return (*left)-- > 0 ? NULL : "somebody else acts";
}

static void a_guard_is_asked_before_each_call_that_changes_something(void **state)
{
	struct fixture *f = *state;
	char why[128];
	int left = 1;

	script(f, 1, (struct scripted_line){.request = "GET /v1.41/a ", .reply = JSON("2", "{}")});
	script(f, 2, (struct scripted_line){.request = "POST /v1.41/b ", .reply = JSON("2", "{}")});
	docker_guard(f->docker, lost_after, &left);
	call(f, "GET", "/a");
	assert_int_equal(left, 1);
	call(f, "POST", "/b");
	assert_int_equal(f->err, 0);
	assert_int_equal(left, 0);

	snprintf(why, sizeof(why), "127.0.0.1:%d was not called: somebody else acts",
		 f->server.port);
	call(f, "POST", "/b");
	assert_int_equal(f->err, -EPERM);
	assert_string_equal(f->error, why);
	call(f, "DELETE", "/c");
	assert_int_equal(f->err, -EPERM);
	call(f, "GET", "/a");
	assert_int_equal(f->err, 0);
	/* nothing else was sent, and the engine is none the worse */
	assert_string_equal(f->server.log,
			    "GET /version\nGET /v1.41/a\nPOST /v1.41/b\nGET /v1.41/a\n");
	assert_string_equal(f->health, "up\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hosts),
		TEST(version_is_asked_once),
		TEST(version_that_cannot_be_agreed_on),
		TEST(all_that_waits_for_the_version_fails_with_it),
		TEST(an_engine_that_was_replaced_is_asked_again),
		TEST(statuses),
		TEST(bodies_are_json_and_calls_are_fresh),
		TEST(a_lost_answer_is_no_second_request),
		TEST(silence_ends_in_a_timeout),
		TEST(health_is_told_on_change),
		TEST(too_many_calls_are_refused),
		TEST(a_callback_may_close),
		TEST(a_guard_is_asked_before_each_call_that_changes_something),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
