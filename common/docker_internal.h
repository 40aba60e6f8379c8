/* Shell. What the parts of common/docker share: requests and the handle itself. */
#ifndef COMMON_DOCKER_INTERNAL_H
#define COMMON_DOCKER_INTERNAL_H

#include "common/docker.h"
#include "common/http_client.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct docker_follow;
struct docker_op;

struct docker {
	uv_loop_t *loop;
	struct http_client *http;
	char *socket; /* NULL: TCP */
	char *base;   /* "http://host:port" */
	char version[16];
	bool negotiating, closing;
	enum { DOCKER_UNKNOWN, DOCKER_UP, DOCKER_DOWN } health;
	docker_health_changed *on_health;
	void *cookie;
	const char *(*veto)(void *cookie); /* NULL: none */
	void *veto_cookie;
	struct docker_request *requests;
	unsigned requests_n;
	uv_idle_t turn;               /* refuses what is too much */
	struct docker_op *ops;        /* docker_ops.c */
	struct docker_follow *follow; /* docker_follow.c; NULL: does not follow */
};

struct docker_request_options {
	const char *method; /* must stay valid */
	const char *path;   /* behind the version */
	const cJSON *json;
	uint64_t timeout_ms; /* 0: 30 s */
	docker_done *done;
	void *cookie;

	/* Of a stream: see struct http_call_options. */
	void (*on_open)(void *cookie);
	int (*on_data)(const char *bytes, size_t len, void *cookie);
};

/* docker_call, with the hooks of a stream. */
void docker_request_start(struct docker *, const struct docker_request_options *);

/* An answer came (${error} NULL), or none did: tell the owner when that is news. */
void docker_health_note(struct docker *, const char *error);

/* For docker_close: forget what is under way. */
void docker_ops_close(struct docker *);
void docker_follow_close(struct docker *);

#endif
