/* Shell. Unit tests of common/docker: list, exec and events. */
#include "tests/unit/docker_fixture.h"

/* ---- list, exec ---- */

static void list(void **state)
{
	struct fixture *f = *state;

	script(f, 1,
	       (struct scripted_line){
		       .request = "GET /v1.41/containers/json?all=1 ",
		       .reply = JSON("93", "[{\"Id\":\"" ID "\",\"Names\":[\"/app\"]}] "),
		       .times = 1,
	       });
	script(f, 2,
	       (struct scripted_line){.request = "GET /v1.41/containers/json",
				      .reply = JSON("8", "[{},{}] "),
				      .times = 1});
	script(f, 3,
	       (struct scripted_line){.request = "GET /v1.41/containers/json",
				      .reply = "HTTP/1.1 500 x\r\nContent-Length: 4\r\n\r\nboom"});
	docker_list(f->docker, on_list, f);
	run(f);
	assert_int_equal(f->err, 0);
	assert_string_equal(f->text, "app ");
	docker_list(f->docker, on_list, f);
	run(f);
	assert_int_equal(f->err, -EBADMSG);
	docker_list(f->docker, on_list, f);
	run(f);
	assert_int_equal(f->err, -EIO);
	assert_string_equal(f->error, "boom");
}

static void exec(void **state)
{
	static const char *const argv[] = {"nginx", "-t", NULL};
	static const char output[] =
		"HTTP/1.1 200 OK\r\n\r\n\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\3err";
	struct fixture *f = *state;

	script(f, 1,
	       (struct scripted_line){.request = "POST /v1.41/containers/lb/exec ",
				      .reply = JSON("12", "{\"Id\":\"e1f\"}")});
	script(f, 2,
	       (struct scripted_line){.request = "POST /v1.41/exec/e1f/start ",
				      .reply = output,
				      .len = sizeof(output) - 1,
				      .close = true});
	script(f, 3, /* the engine needs a moment */
	       (struct scripted_line){.request = "GET /v1.41/exec/e1f/json ",
				      .reply = JSON("33", "{\"Running\":true,\"ExitCode\":null} "),
				      .times = 2});
	script(f, 4,
	       (struct scripted_line){.request = "GET /v1.41/exec/e1f/json ",
				      .reply = JSON("31", "{\"Running\":false,\"ExitCode\":7} ")});
	docker_exec(f->docker, "lb", argv, on_exec, f);
	run(f);
	assert_int_equal(f->err, 0);
	assert_int_equal(f->exit_code, 7);
	assert_string_equal(f->text, "outerr");
	assert_string_equal(f->server.log, "GET /version\nPOST /v1.41/containers/lb/exec\n"
					   "POST /v1.41/exec/e1f/start\n"
					   "GET /v1.41/exec/e1f/json\nGET /v1.41/exec/e1f/json\n"
					   "GET /v1.41/exec/e1f/json\n");
}

static void exec_fails_at_each_step(void **state)
{
	static const char *const argv[] = {"true", NULL};
	static const char broken[] = "HTTP/1.1 200 OK\r\n\r\n\1\0\0\0\0\0\0\11out";
	struct fixture *f = *state;

	script(f, 1,
	       (struct scripted_line){
		       .request = "POST /v1.41/containers/lb/exec ",
		       .reply = "HTTP/1.1 409 x\r\nContent-Length: 6\r\n\r\npaused",
		       .times = 1,
	       });
	script(f, 2,
	       (struct scripted_line){.request = "POST /v1.41/containers/lb/exec ",
				      .reply = JSON("2", "{}"),
				      .times = 1});
	script(f, 3,
	       (struct scripted_line){.request = "POST /v1.41/containers/lb/exec ",
				      .reply = JSON("12", "{\"Id\":\"e1f\"}")});
	script(f, 4,
	       (struct scripted_line){.request = "POST /v1.41/exec/e1f/start ",
				      .reply = broken,
				      .len = sizeof(broken) - 1,
				      .close = true,
				      .times = 1});
	script(f, 5,
	       (struct scripted_line){.request = "POST /v1.41/exec/e1f/start ",
				      .reply = JSON("0", "")});
	script(f, 6,
	       (struct scripted_line){.request = "GET /v1.41/exec/e1f/json ",
				      .reply = JSON("2", "{}")});
	static const int errs[] = {-EEXIST, -EBADMSG, -EBADMSG, -EBADMSG};
	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		docker_exec(f->docker, "lb", argv, on_exec, f);
		run(f);
		assert_int_equal(f->err, errs[i]);
		assert_true(strlen(f->error) > 0);
	}
}

/* ---- events ---- */

static void follow(void **state)
{
	struct fixture *f = *state;
	char *chunked;

	/* an event, one of a network, one cut by the chunks, nonsense; then the engine dies */
	static const char *const chunks[] = {
		EVENT("start", "4000000000904726702"),
		"{\"Type\":\"network\"}\n{\"Type\":\"container\",\"Action\":\"die\",\"Act",
		("or\":{\"ID\":\"" ID "\",\"Attributes\":{\"name\":\"app\"}},"
		 "\"timeNano\":4000000000904726703}\nnonsense\n"),
	};

	chunked = xasprintf(STREAM "%zx\r\n%s\r\n%zx\r\n%s\r\n%zx\r\n%s\r\n", strlen(chunks[0]),
			    chunks[0], strlen(chunks[1]), chunks[1], strlen(chunks[2]), chunks[2]);
	script(f, 1,
	       (struct scripted_line){.request = "GET /v1.41/events",
				      .reply = chunked,
				      .close = true,
				      .times = 1});
	script(f, 2, (struct scripted_line){.request = "GET /v1.41/events", .reply = STREAM});
	docker_follow(f->docker, on_look, f);
	run_until_looks(f, 5);
	assert_string_equal(f->looks, "look\nstart app\ndie app\nlook\nlook\n");
	assert_non_null(strstr(f->server.last, "?since=4000000000.904726703&until="));
	assert_non_null(strstr(f->server.last, "&filters=%7B%22type%22%3A%5B%22container%22%5D"));
	free(chunked);
}

static void follow_comes_back(void **state)
{
	struct fixture *f = *state;

	f->server.lines[0] =
		(struct scripted_line){.request = "GET /version", .close = true, .times = 2};
	script(f, 1, (struct scripted_line){.request = "GET /version", .reply = VERSION_REPLY});
	script(f, 2,
	       (struct scripted_line){.request = "GET /v1.41/events",
				      .reply = "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n",
				      .times = 1});
	script(f, 3, (struct scripted_line){.request = "GET /v1.41/events", .reply = STREAM});
	docker_follow(f->docker, on_look, f);
	run_until_looks(f, 1);
	assert_string_equal(f->looks, "look\n");
}

/* More than a line may have, in pieces that fit into the socket's buffer. */
static void a_line_without_end_drops_the_stream(void **state)
{
	static char piece[64 * 1024];
	struct fixture *f = *state;
	size_t sent = 0;

	memset(piece, 'x', sizeof(piece));
	script(f, 1,
	       (struct scripted_line){.request = "GET /v1.41/events",
				      .reply = "HTTP/1.1 200 OK\r\n\r\n"});
	docker_follow(f->docker, on_look, f);
	run_until_looks(f, 1);
	while (f->server.newest != NULL && sent < 4 * 1024 * 1024) {
		uv_buf_t buf = uv_buf_init(piece, sizeof(piece));
		int n = uv_try_write(f->server.newest, &buf, 1);

		sent += n > 0 ? (size_t)n : 0;
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	run_until_looks(f, 2);
	assert_string_equal(f->looks, "look\nlook\n");
	assert_true(sent > 1024 * 1024);
}

static void look_may_close(void **state)
{
	struct fixture *f = *state;

	script(f, 1, (struct scripted_line){.request = "GET /v1.41/events", .reply = STREAM});
	f->close_in_callback = true;
	docker_follow(f->docker, on_look, f);
	run_until_looks(f, 1);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(f->looks_n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(list),
		TEST(exec),
		TEST(exec_fails_at_each_step),
		TEST(follow),
		TEST(follow_comes_back),
		TEST(a_line_without_end_drops_the_stream),
		TEST(look_may_close),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
