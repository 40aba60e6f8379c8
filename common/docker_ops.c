/* Shell. The Docker Engine's API, what takes more than one plain call: the decoded list, and exec,
 * which is create, start, inspect. */
#include "common/docker.h"

#include "common/docker_internal.h"
#include "common/json.h"
#include "common/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define EXEC_OUTPUT_MAX_BYTES ((size_t)64 * 1024)
#define EXEC_EXIT_WAIT_MS     20  /* between two looks for the exit code */
#define EXEC_EXIT_LOOKS_MAX   250 /* then it counts as not to be had */

/* One list or exec under way. */
struct docker_op {
	struct docker *docker;
	struct docker_op *prev, *next;
	docker_list_done *list_done;
	docker_exec_done *exec_done;
	void *cookie;

	/* of an exec */
	char *exec_id;
	struct buf output;
	int looks;
	uv_timer_t timer;
};

static struct docker_op *op_start(struct docker *d, void *cookie)
{
	struct docker_op *op = xcalloc(1, sizeof(*op));

	op->docker = d;
	op->cookie = cookie;
	buf_init(&op->output, EXEC_OUTPUT_MAX_BYTES);
	uv_timer_init(d->loop, &op->timer);
	op->timer.data = op;
	DL_APPEND(d->ops, op);
	return op;
}

static void op_closed(uv_handle_t *handle)
{
	struct docker_op *op = handle->data;

	buf_free(&op->output);
	free(op->exec_id);
	free(op);
}

static void op_end(struct docker_op *op)
{
	DL_DELETE(op->docker->ops, op);
	uv_close((uv_handle_t *)&op->timer, op_closed);
}

void docker_ops_close(struct docker *d)
{
	struct docker_op *op, *next;

	DL_FOREACH_SAFE(d->ops, op, next)
	{
		op_end(op);
	}
}

/* ---- list ---- */

static void list_answered(const struct docker_reply *reply, void *cookie)
{
	struct docker_op *op = cookie;
	docker_list_done *done = op->list_done;
	void *done_cookie = op->cookie;
	struct docker_container *list = NULL;
	const char *error = reply->error;
	int err = reply->err;
	size_t n = 0;

	if (err == 0) {
		err = docker_list_decode(reply->json, &list, &n);
		if (err != 0)
			error = "the engine's list of containers cannot be read";
	}
	op_end(op);
	done(err, error, list, n, done_cookie);
	free(list);
}

void docker_list(struct docker *d, docker_list_done *done, void *cookie)
{
	struct docker_op *op = op_start(d, cookie);

	op->list_done = done;
	docker_call(d, "GET", "/containers/json?all=1", NULL, 0, list_answered, op);
}

/* ---- exec ---- */

static void exec_finish(struct docker_op *op, int err, const char *error, int exit_code)
{
	docker_exec_done *done = op->exec_done;
	void *done_cookie = op->cookie;
	char *output = xstrdup(buf_text(&op->output));

	op_end(op);
	done(err, error, exit_code, output, done_cookie);
	free(output);
}

static void exec_look(struct docker_op *op);

static void exec_timer(uv_timer_t *timer)
{
	exec_look(timer->data);
}

/* The output ends a moment before the engine knows that the program has. */
static void exec_inspected(const struct docker_reply *reply, void *cookie)
{
	struct docker_op *op = cookie;
	bool running = false;
	int64_t exit_code = 0;

	if (reply->err != 0) {
		exec_finish(op, reply->err, reply->error, -1);
	} else if (json_get_bool(reply->json, "Running", &running) != 0) {
		exec_finish(op, -EBADMSG, "the engine's word on the exec cannot be read", -1);
	} else if (running && op->looks < EXEC_EXIT_LOOKS_MAX) {
		uv_timer_start(&op->timer, exec_timer, EXEC_EXIT_WAIT_MS, 0);
	} else if (json_get_int(reply->json, "ExitCode", INT32_MIN, INT32_MAX, &exit_code) != 0) {
		exec_finish(op, -EBADMSG, "the engine gives no exit code", -1);
	} else {
		exec_finish(op, 0, "", (int)exit_code);
	}
}

static void exec_look(struct docker_op *op)
{
	char *path = xasprintf("/exec/%s/json", op->exec_id);

	op->looks++;
	docker_call(op->docker, "GET", path, NULL, 0, exec_inspected, op);
	free(path);
}

static void exec_ran(const struct docker_reply *reply, void *cookie)
{
	struct docker_op *op = cookie;

	if (reply->err != 0) {
		exec_finish(op, reply->err, reply->error, -1);
		return;
	}
	if (docker_frames_decode(reply->body, reply->body_len, &op->output) == -EBADMSG) {
		exec_finish(op, -EBADMSG, "the output of the exec came in broken frames", -1);
		return;
	}
	exec_look(op);
}

static void exec_created(const struct docker_reply *reply, void *cookie)
{
	struct docker_op *op = cookie;
	char id[DOCKER_ID_MAX];
	cJSON *body;
	char *path;

	if (reply->err != 0) {
		exec_finish(op, reply->err, reply->error, -1);
		return;
	}
	if (json_get_str(reply->json, "Id", id, sizeof(id)) != 0) {
		exec_finish(op, -EBADMSG, "the engine gave the exec no id", -1);
		return;
	}
	op->exec_id = xstrdup(id);
	body = cJSON_CreateObject();
	cJSON_AddFalseToObject(body, "Detach");
	cJSON_AddFalseToObject(body, "Tty");
	path = xasprintf("/exec/%s/start", id);
	docker_call(op->docker, "POST", path, body, 0, exec_ran, op);
	free(path);
	cJSON_Delete(body);
}

void docker_exec(struct docker *d, const char *container, const char *const *argv,
		 docker_exec_done *done, void *cookie)
{
	struct docker_op *op = op_start(d, cookie);
	cJSON *body = cJSON_CreateObject();
	cJSON *cmd = cJSON_AddArrayToObject(body, "Cmd");
	char *path = xasprintf("/containers/%s/exec", container);

	op->exec_done = done;
	for (size_t i = 0; argv[i] != NULL; i++)
		cJSON_AddItemToArray(cmd, cJSON_CreateString(argv[i]));
	cJSON_AddTrueToObject(body, "AttachStdout");
	cJSON_AddTrueToObject(body, "AttachStderr");
	docker_call(d, "POST", path, body, 0, exec_created, op);
	free(path);
	cJSON_Delete(body);
}
