/* Shell. What the unit tests of common/docker share: a handle, a scripted engine on the same loop
 * for what a real one does only on bad days, and what was answered. */
#ifndef TESTS_DOCKER_FIXTURE_H
#define TESTS_DOCKER_FIXTURE_H

#include "common/docker.h"

#include "common/json.h"
#include "common/mem.h"
#include "tests/unit/scripted.h"

#include <errno.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define VERSION_REPLY                                                                              \
	JSON("58", "{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\",\"x\":\"0123456\"}")
#define JSON(len, text)                                                                            \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " len "\r\n\r"       \
	"\n" text
#define STREAM "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define EVENT(action, time)                                                                        \
	"{\"Type\":\"container\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"" ID                \
	"\",\"Attributes\":{\"name\":\"app\"}},\"timeNano\":" time "}\n"

struct fixture {
	uv_loop_t loop;
	struct scripted server;
	struct docker *docker;
	char health[1024]; /* "up|down: detail\n" of each change */

	/* of the newest reply */
	bool done;
	int calls;
	int err;
	long status;
	char error[512];
	char text[256]; /* body, output, or "name" of each container */
	int exit_code;
	bool has_json;

	char looks[1024]; /* "open\n" or "action name\n" of each */
	int looks_n, looks_wanted;
	bool looked; /* as often as wanted */
	bool close_in_callback;
};

static inline void on_health(bool up, const char *detail, void *cookie)
{
	struct fixture *f = cookie;
	size_t at = strlen(f->health);

	snprintf(f->health + at, sizeof(f->health) - at, "%s%s%s\n", up ? "up" : "down",
		 detail[0] != '\0' ? ": " : "", detail);
}

static inline void engine_open(struct fixture *f)
{
	char host[64];

	snprintf(host, sizeof(host), "tcp://127.0.0.1:%d", f->server.port);
	assert_int_equal(docker_open(&f->loop, host, on_health, f, &f->docker), 0);
}

static inline int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	uv_loop_init(&f->loop);
	scripted_open(&f->server, &f->loop, NULL);
	f->server.lines[0] =
		(struct scripted_line){.request = "GET /version ", .reply = VERSION_REPLY};
	engine_open(f);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->docker != NULL)
		docker_close(f->docker);
	scripted_close(&f->server);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

static inline void script(struct fixture *f, int i, struct scripted_line line)
{
	f->server.lines[i] = line;
}

static inline void note(struct fixture *f, int err, const char *error)
{
	f->done = true;
	f->calls++;
	f->err = err;
	snprintf(f->error, sizeof(f->error), "%s", error);
	if (f->close_in_callback) {
		docker_close(f->docker);
		f->docker = NULL;
	}
}

static inline void on_reply(const struct docker_reply *reply, void *cookie)
{
	struct fixture *f = cookie;

	f->status = reply->status;
	f->has_json = reply->json != NULL;
	snprintf(f->text, sizeof(f->text), "%s", reply->body);
	note(f, reply->err, reply->error);
}

static inline void on_list(int err, const char *error, const struct docker_container *list,
			   size_t n, void *cookie)
{
	struct fixture *f = cookie;

	f->text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		strcat(strcat(f->text, list[i].name), " ");
	note(f, err, error);
}

static inline void on_exec(int err, const char *error, int exit_code, const char *output,
			   void *cookie)
{
	struct fixture *f = cookie;

	f->exit_code = exit_code;
	snprintf(f->text, sizeof(f->text), "%s", output);
	note(f, err, error);
}

static inline void on_look(const struct docker_event *event, void *cookie)
{
	struct fixture *f = cookie;
	size_t at = strlen(f->looks);

	f->looks_n++;
	f->looked = f->looks_n >= f->looks_wanted;
	if (event == NULL)
		snprintf(f->looks + at, sizeof(f->looks) - at, "look\n");
	else
		snprintf(f->looks + at, sizeof(f->looks) - at, "%s %s\n", event->action,
			 event->name);
	if (f->close_in_callback) {
		docker_close(f->docker);
		f->docker = NULL;
	}
}

static inline void run(struct fixture *f)
{
	scripted_run(&f->loop, &f->done);
	f->done = false;
}

static inline void call(struct fixture *f, const char *method, const char *path)
{
	int calls = f->calls;

	docker_call(f->docker, method, path, NULL, 0, on_reply, f);
	assert_int_equal(f->calls, calls); /* never from inside */
	run(f);
	assert_int_equal(f->calls, calls + 1);
}

static inline void run_until_looks(struct fixture *f, int n)
{
	f->looks_wanted = n;
	scripted_run(&f->loop, &f->looked);
	f->looked = false;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
