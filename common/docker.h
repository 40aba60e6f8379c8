/* Shell. The Docker Engine API over its unix socket (or TCP, for a proxy): version negotiated, one
 * answer a call, an event stream that comes back by itself. */
#ifndef COMMON_DOCKER_H
#define COMMON_DOCKER_H

#include "common/docker_codec.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct docker;

struct docker_reply {
	int err;     /* 0 for 2xx and 304; -ENOENT 404, -EEXIST 409, -EINVAL other 4xx, -EIO 5xx;
		      * -ECONNREFUSED, -ETIMEDOUT, -EBADMSG … where no usable reply came */
	long status; /* 0 when no reply came */
	const char *error; /* the engine's own message, or a sentence; "" when err is 0 */
	const cJSON *json; /* the body (numbers kept exact, see json_parse_exact), or NULL; valid
			      during the callback */
	const char *body;  /* the body as it came */
	size_t body_len;
};
typedef void docker_done(const struct docker_reply *, void *cookie);

/* Told on every change of whether the engine answers; ${detail} is "" or a sentence. */
typedef void docker_health_changed(bool up, const char *detail, void *cookie);

/* ${host} is "unix:///path" or "tcp://host:port".  0, or -EINVAL.  Connects when first used; every
 * failed call is the caller's to repeat. */
int docker_open(uv_loop_t *, const char *host, docker_health_changed *, void *cookie,
		struct docker **ret);

/* Cancel everything (no callback is called any more) and close; gone when its libuv handles have
 * closed. */
void docker_close(struct docker *);

/* The negotiated version ("1.41"), or "" before the first answer. */
const char *docker_api_version(const struct docker *);

/* ${path} begins behind the version: "/containers/json?all=1".  ${json} (may be NULL) is only read.
 * ${timeout_ms} 0 means 30 s.  ${done} is called exactly once, never from inside. Calls that change
 * something are never repeated by the library underneath. */
void docker_call(struct docker *, const char *method, const char *path, const cJSON *json,
		 uint64_t timeout_ms, docker_done *done, void *cookie);

/* From now on have ${veto} asked about every call but GET, when it is about to be sent: NULL, or
 * why it must not be; the call then ends with -EPERM, and nothing was changed by it. */
void docker_guard(struct docker *, const char *(*veto)(void *cookie), void *cookie);

/* GET /containers/json?all=1 of the whole engine, decoded.  ${list} is valid during the callback.
 */
typedef void docker_list_done(int err, const char *error, const struct docker_container *list,
			      size_t n, void *cookie);
void docker_list(struct docker *, docker_list_done *, void *cookie);

/* Run ${argv} (ended by NULL) in ${container}.  err as in docker_reply; else the exit code and what
 * it printed (standard output and error, at most 64 KiB). */
typedef void docker_exec_done(int err, const char *error, int exit_code, const char *output,
			      void *cookie);
void docker_exec(struct docker *, const char *container, const char *const *argv,
		 docker_exec_done *, void *cookie);

/* Follow container events (create, start, die, destroy, rename, pause, unpause, health_status)
 * until docker_close. Reconnects with capped, jittered backoff.  ${look} is called after every
 * (re)connect, when the stream is open, and after every event (${event} NULL for the former):
 * events are hints, the list is the truth.  One stream per handle. */
typedef void docker_look(const struct docker_event *event, void *cookie);
void docker_follow(struct docker *, docker_look *look, void *cookie);

#endif
