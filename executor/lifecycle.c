/* Shell. Chains of calls to Docker.  Each step has a first call; each answer leads to the next.
 *
 * Containers are addressed by name: from the path alone the proxy between the executor and the
 * engine (nginx/docker-proxy.conf) sees whose they are.  Names of a service change only by renames
 * of its executor, and no two steps on one name are under way at once. */
#include "executor/lifecycle.h"

#include "common/json.h"
#include "common/mem.h"
#include "executor/clone.h"
#include "executor/privileges.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API_MANY_NETWORKS "1.44" /* from here on a container is created with all its networks */

enum {
	CALL_TIMEOUT_MS = 30000,
	START_TIMEOUT_MS = 120000, /* a runtime under load takes its time */
	STOP_SLACK_MS = 20000,     /* beyond the grace, until the engine must have killed it */
	STOP_MAX_SEC = 24 * 3600,
};

struct operation {
	struct lifecycle *owner;
	struct clone clone;    /* CREATE */
	bool renamed_template; /* CREATE: the template is sought under its name for a restart */
	int connected;         /* CREATE: further networks so far */
	int err;               /* CREATE: why it is being undone */
	char error[256];
};

struct lifecycle {
	struct docker *docker;
	const char *target;
	int stop_timeout_sec;
	bool allow_privileged;
	lifecycle_done *done;
	void *cookie;
	struct step steps[LIFECYCLE_STEPS_MAX]; /* under way, in step with operations */
	struct operation *operations[LIFECYCLE_STEPS_MAX];
	size_t n;
};

struct lifecycle *lifecycle_open(struct docker *docker, const struct executor_config *config,
				 lifecycle_done *done, void *cookie)
{
	struct lifecycle *l = xcalloc(1, sizeof(*l));

	l->docker = docker;
	l->target = config->target;
	l->stop_timeout_sec = config->stop_timeout_sec;
	l->allow_privileged = config->allow_privileged_template;
	l->done = done;
	l->cookie = cookie;
	return l;
}

static void free_operation(struct operation *op)
{
	clone_done(&op->clone);
	free(op);
}

void lifecycle_close(struct lifecycle *l)
{
	for (size_t i = 0; i < l->n; i++)
		free_operation(l->operations[i]);
	free(l);
}

size_t lifecycle_busy(const struct lifecycle *l, const struct step **ret)
{
	*ret = l->steps;
	return l->n;
}

static size_t index_of(const struct operation *op)
{
	size_t i = 0;

	while (op->owner->operations[i] != op)
		i++;
	return i;
}

static const struct step *step_of(const struct operation *op)
{
	return &op->owner->steps[index_of(op)];
}

static void finish(struct operation *op, int err, const char *error)
{
	struct lifecycle *l = op->owner;
	size_t i = index_of(op);
	struct step step = l->steps[i];
	char text[sizeof(op->error)];

	snprintf(text, sizeof(text), "%s", error);
	l->n--;
	l->steps[i] = l->steps[l->n];
	l->operations[i] = l->operations[l->n];
	free_operation(op);
	l->done(&step, err, text, l->cookie);
}

__attribute__((format(printf, 6, 7))) static void call(struct operation *op, const char *method,
						       const cJSON *json, uint64_t timeout_ms,
						       docker_done *done, const char *fmt, ...)
{
	char path[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	docker_call(op->owner->docker, method, path, json, timeout_ms, done, op);
}

/* Whether the container of ${id} no longer answers to the name that was inspected. */
static bool is_gone(const struct docker_reply *inspect, const char *id)
{
	const char *found = json_str(inspect->json, "Id");

	return inspect->err == -ENOENT ||
	       (inspect->err == 0 && (found == NULL || strcmp(found, id) != 0));
}

/* The end of every step but CREATE: a container that is gone needs nothing done. */
static void on_last(const struct docker_reply *r, void *cookie)
{
	finish(cookie, r->err == -ENOENT ? 0 : r->err, r->error);
}

/* Create: inspect the template, create, connect, start ---------------------------------------- */

static void on_undone(const struct docker_reply *r, void *cookie)
{
	struct operation *op = cookie;

	(void)r; /* what cannot be removed now is found by the next look */
	finish(op, op->err, op->error);
}

static void undo(struct operation *op, int err, const char *error)
{
	op->err = err;
	snprintf(op->error, sizeof(op->error), "%s", error);
	call(op, "DELETE", NULL, CALL_TIMEOUT_MS, on_undone, "/containers/%s?v=1",
	     step_of(op)->name);
}

static void on_started(const struct docker_reply *r, void *cookie)
{
	if (r->err < 0)
		undo(cookie, r->err, r->error);
	else
		finish(cookie, 0, "");
}

static void connect_next(struct operation *op);

static void on_connected(const struct docker_reply *r, void *cookie)
{
	struct operation *op = cookie;

	if (r->err < 0) {
		undo(op, r->err, r->error);
		return;
	}
	op->connected++;
	connect_next(op);
}

static void connect_next(struct operation *op)
{
	cJSON *connect = cJSON_GetArrayItem(op->clone.connects, op->connected);
	cJSON *body = cJSON_GetObjectItemCaseSensitive(connect, "body");
	struct buf network;
	int err;

	if (connect == NULL) {
		call(op, "POST", NULL, START_TIMEOUT_MS, on_started, "/containers/%s/start",
		     step_of(op)->name);
		return;
	}
	cJSON_AddStringToObject(body, "Container", step_of(op)->name);
	buf_init(&network, sizeof(op->error));
	err = buf_url(&network, json_str(connect, "network"));
	if (err < 0)
		undo(op, err, "the name of a network is too long");
	else
		call(op, "POST", body, CALL_TIMEOUT_MS, on_connected, "/networks/%s/connect",
		     buf_text(&network));
	buf_free(&network);
}

/* The name is taken.  By a replica of ours: a call was made twice or the list was old; the next
 * look sees it. */
static void on_existing(const struct docker_reply *r, void *cookie)
{
	struct operation *op = cookie;
	const char *of = json_str(json_path(r->json, "Config", "Labels", NULL), LABEL_REPLICA_OF);
	char text[128 + REPLICA_NAME_MAX];

	if (r->err < 0) {
		finish(op, r->err, r->error);
	} else if (of != NULL && strcmp(of, op->owner->target) == 0) {
		finish(op, 0, "");
	} else {
		snprintf(text, sizeof(text),
			 "the name %s is taken by a container that is not a replica of %s",
			 step_of(op)->name, op->owner->target);
		finish(op, -EEXIST, text);
	}
}

static void on_created(const struct docker_reply *r, void *cookie)
{
	struct operation *op = cookie;

	if (r->err == -EEXIST) {
		call(op, "GET", NULL, CALL_TIMEOUT_MS, on_existing, "/containers/%s/json",
		     step_of(op)->name);
	} else if (r->err < 0) {
		finish(op, r->err, r->error);
	} else {
		connect_next(op);
	}
}

static void inspect_template(struct operation *op);

static void on_template(const struct docker_reply *r, void *cookie)
{
	struct operation *op = cookie;
	struct lifecycle *l = op->owner;
	const struct step *s = step_of(op);
	bool many = docker_version_compare(docker_api_version(l->docker), API_MANY_NETWORKS) >= 0;
	struct clone_error why;
	int err;

	if (is_gone(r, s->id) && !op->renamed_template) {
		op->renamed_template = true;
		inspect_template(op);
		return;
	}
	if (is_gone(r, s->id)) {
		finish(op, -ENOENT, "the template went away meanwhile");
		return;
	}
	if (r->err < 0) {
		finish(op, r->err, r->error);
		return;
	}
	err = clone_make(r->json, l->target, s->n, many, &op->clone, &why);
	if (err == 0 && !l->allow_privileged)
		err = privileges_check(r->json, &why);
	if (err < 0)
		finish(op, err, why.text);
	else
		call(op, "POST", op->clone.body, CALL_TIMEOUT_MS, on_created,
		     "/containers/create?name=%s", s->name);
}

static void inspect_template(struct operation *op)
{
	char name[REPLICA_NAME_MAX];

	replica_format(op->owner->target, op->renamed_template ? REPLICA_DRAIN : REPLICA_TEMPLATE,
		       0, name);
	call(op, "GET", NULL, CALL_TIMEOUT_MS, on_template, "/containers/%s/json", name);
}

/* Stop and restart: with the container's own grace, else ours ---------------------------------- */

static void on_grace(const struct docker_reply *r, void *cookie)
{
	struct operation *op = cookie;
	const struct step *s = step_of(op);
	const char *verb = s->kind == STEP_STOP ? "stop" : "restart";
	int64_t own_sec, grace_sec = op->owner->stop_timeout_sec;
	char query[32];

	if (is_gone(r, s->id)) {
		finish(op, 0, "");
		return;
	}
	if (r->err < 0) {
		finish(op, r->err, r->error);
		return;
	}
	snprintf(query, sizeof(query), "?t=%d", op->owner->stop_timeout_sec);
	if (json_get_int(json_get(r->json, "Config"), "StopTimeout", 0, STOP_MAX_SEC, &own_sec) ==
	    0) {
		grace_sec = own_sec;
		query[0] = '\0';
	}
	call(op, "POST", NULL, (uint64_t)grace_sec * 1000 + STOP_SLACK_MS, on_last,
	     "/containers/%s/%s%s", s->name, verb, query);
}

/* -------------------------------------------------------------------------------------------- */

static void begin(struct operation *op, const struct step *s)
{
	switch (s->kind) {
	case STEP_CREATE:
		inspect_template(op);
		break;
	case STEP_RENAME:
		call(op, "POST", NULL, CALL_TIMEOUT_MS, on_last, "/containers/%s/rename?name=%s",
		     s->name, s->new_name);
		break;
	case STEP_STOP:
	case STEP_RESTART:
		call(op, "GET", NULL, CALL_TIMEOUT_MS, on_grace, "/containers/%s/json", s->name);
		break;
	case STEP_REMOVE:
		call(op, "DELETE", NULL, CALL_TIMEOUT_MS, on_last, "/containers/%s?v=1", s->name);
		break;
	}
}

int lifecycle_run(struct lifecycle *l, const struct step *s)
{
	struct operation *op;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->steps[i].name, s->name) == 0)
			return -EBUSY;
	if (l->n == LIFECYCLE_STEPS_MAX)
		return -ENOSPC;
	op = xcalloc(1, sizeof(*op));
	op->owner = l;
	l->steps[l->n] = *s;
	l->operations[l->n] = op;
	l->n++;
	begin(op, s);
	return 0;
}
