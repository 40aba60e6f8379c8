/* Shell. The Docker Engine's API: the connection's settings, the version spoken, requests and what
 * their answers mean.  Lists and exec are in docker_ops.c, the event stream in docker_follow.c.
 *
 * The version is negotiated when a request needs it and none is known; requests wait meanwhile.  It
 * is forgotten when the engine could not be reached, since the next one there may be another. */
#include "common/docker.h"

#include "common/docker_internal.h"
#include "common/json.h"
#include "common/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define REQUESTS_MAX         256 /* under way; more are refused */
#define CALL_TIMEOUT_MS      30000
#define NEGOTIATE_TIMEOUT_MS 10000
#define BODY_MAX_BYTES       ((size_t)16 * 1024 * 1024) /* a list of some thousand containers */
#define SOCKET_PATH_MAX      108                        /* sun_path, the NUL counted */
#define ERROR_MAX            512

struct docker_request {
	struct docker *docker;
	struct docker_request *prev, *next;
	bool sent;
	bool refused;
	const char *method;
	char *path;
	char *body; /* or NULL */
	uint64_t timeout_ms;
	docker_done *done;
	void (*on_open)(void *cookie);
	int (*on_data)(const char *bytes, size_t len, void *cookie);
	void *cookie;
};

/* ---- what an answer means ---- */

static int status_err(long status)
{
	static const struct {
		long status;
		int err;
	} known[] = {{304, 0}, {404, -ENOENT}, {409, -EEXIST}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].status == status)
			return known[i].err;
	}
	if (status >= 200 && status < 300)
		return 0;
	if (status >= 400 && status < 500)
		return -EINVAL;
	return status >= 500 ? -EIO : -EBADMSG;
}

/* The engine's {"message":…}; else its first line, since some errors are plain text. */
static void error_text(const struct http_result *result, char ret[ERROR_MAX])
{
	size_t line = strcspn(result->body, "\r\n");
	int err = -EBADMSG;
	cJSON *root;

	if (json_parse(result->body, result->body_len, &root) == 0) {
		err = json_get_text(root, "message", ret, ERROR_MAX);
		cJSON_Delete(root);
	}
	if (err != 0 && line > 0)
		snprintf(ret, ERROR_MAX, "%.*s", line < ERROR_MAX ? (int)line : ERROR_MAX,
			 result->body);
	else if (err != 0)
		snprintf(ret, ERROR_MAX, "the engine answered %ld", result->status);
}

/* Fill ${ret} from ${result}; ${text} is where its error text goes, if it needs one.  The tree that
 * ${ret} refers to, for the caller to delete; or NULL. */
static cJSON *reply_decode(const struct http_result *result, struct docker_reply *ret,
			   char text[ERROR_MAX])
{
	cJSON *root = NULL;

	*ret = (struct docker_reply){
		.err = result->err,
		.status = result->status,
		.error = result->error,
		.body = result->body,
		.body_len = result->body_len,
	};
	if (result->err != 0)
		return NULL;
	ret->err = status_err(result->status);
	if (ret->err != 0) {
		error_text(result, text);
		ret->error = text;
	} else if (result->body_len > 0 &&
		   json_parse_exact(result->body, result->body_len, &root) == 0) {
		ret->json = root;
	}
	return root;
}

void docker_health_note(struct docker *d, const char *error)
{
	int now = error == NULL ? DOCKER_UP : DOCKER_DOWN;

	if (d->closing || (int)d->health == now)
		return;
	d->health = now;
	if (d->on_health != NULL)
		d->on_health(now == DOCKER_UP, error == NULL ? "" : error, d->cookie);
}

/* An engine that went away, or was replaced by one that refuses the version, is asked anew. */
static void note_reply(struct docker *d, const struct docker_reply *reply)
{
	docker_health_note(d, reply->status > 0 ? NULL : reply->error);
	if (reply->status == 0 ||
	    (reply->status == 400 && strstr(reply->error, "client version") != NULL))
		d->version[0] = '\0';
}

/* ---- requests ---- */

static void request_free(struct docker_request *request)
{
	free(request->path);
	free(request->body);
	free(request);
}

static void request_finish(struct docker_request *request, const struct docker_reply *reply)
{
	struct docker *d = request->docker;

	if (!d->closing)
		request->done(reply, request->cookie);
	DL_DELETE(d->requests, request);
	d->requests_n--;
	request_free(request);
}

static void request_answered(const struct http_result *result, void *cookie)
{
	struct docker_request *request = cookie;
	struct docker_reply reply;
	char text[ERROR_MAX];
	cJSON *root = reply_decode(result, &reply, text);

	if (reply.err != -EPERM) /* which says nothing of the engine */
		note_reply(request->docker, &reply);
	request_finish(request, &reply);
	cJSON_Delete(root);
}

static void request_opened(void *cookie)
{
	struct docker_request *request = cookie;

	docker_health_note(request->docker, NULL);
	if (!request->docker->closing)
		request->on_open(request->cookie);
}

static int request_data(const char *bytes, size_t len, void *cookie)
{
	struct docker_request *request = cookie;

	return request->on_data(bytes, len, request->cookie);
}

static void request_send(struct docker_request *request)
{
	static const char *const json_headers[] = {"Content-Type: application/json", NULL};
	struct docker *d = request->docker;
	char *url = xasprintf("%s/v%s%s", d->base, d->version, request->path);
	bool changes = strcmp(request->method, "GET") != 0;
	struct http_call_options o = {
		.method = request->method,
		.url = url,
		.unix_socket = d->socket,
		.timeout_ms = request->timeout_ms,
		.body_max = BODY_MAX_BYTES,
		/* libcurl repeats a request whose reused connection was dead: harmless for a GET
		 * only */
		.fresh_connection = changes,
		.veto = changes ? d->veto : NULL,
		.veto_cookie = d->veto_cookie,
		.on_open = request->on_open == NULL ? NULL : request_opened,
		.on_data = request->on_data == NULL ? NULL : request_data,
	};

	if (request->body != NULL) {
		o.headers = json_headers;
		o.body = request->body;
		o.body_len = strlen(request->body);
	}
	request->sent = true;
	http_call_start(d->http, &o, request_answered, request);
	free(url);
}

/* ---- negotiation ---- */

/* Send what waits, or fail it.  Callbacks only append to the list, and what they append waits for
 * the next negotiation. */
static void negotiated(struct docker *d, const struct docker_reply *reply)
{
	struct docker_request *request = d->requests, *next;

	d->negotiating = false;
	for (unsigned left = d->requests_n; left > 0 && !d->closing; left--, request = next) {
		next = request->next;
		if (request->sent || request->refused)
			continue;
		if (reply->err == 0)
			request_send(request);
		else
			request_finish(request, reply);
	}
}

static void version_decode(struct docker *d, struct docker_reply *reply, char text[ERROR_MAX])
{
	char min[16], max[16];

	if (json_get_str(reply->json, "MinAPIVersion", min, sizeof(min)) != 0 ||
	    json_get_str(reply->json, "ApiVersion", max, sizeof(max)) != 0) {
		reply->err = -EBADMSG;
		reply->error = "the answer to GET /version is not a Docker Engine's";
	} else if (docker_version_choose(min, max, d->version) != 0) {
		reply->err = -EPROTONOSUPPORT;
		snprintf(text, ERROR_MAX, "the engine speaks API %s to %s, this program %s to %s",
			 min, max, DOCKER_API_MIN, DOCKER_API_MAX);
		reply->error = text;
	}
}

static void version_answered(const struct http_result *result, void *cookie)
{
	struct docker *d = cookie;
	struct docker_reply reply;
	char text[ERROR_MAX];
	cJSON *root = reply_decode(result, &reply, text);

	if (reply.err == 0)
		version_decode(d, &reply, text);
	reply.json = NULL;
	docker_health_note(d, reply.err == 0 ? NULL : reply.error);
	negotiated(d, &reply);
	cJSON_Delete(root);
}

static void negotiate(struct docker *d)
{
	char *url = xasprintf("%s/version", d->base);
	const struct http_call_options o = {
		.method = "GET",
		.url = url,
		.unix_socket = d->socket,
		.timeout_ms = NEGOTIATE_TIMEOUT_MS,
	};

	d->negotiating = true;
	http_call_start(d->http, &o, version_answered, d);
	free(url);
}

/* ---- calls ---- */

static void on_turn(uv_idle_t *turn)
{
	static const struct docker_reply too_many = {
		.err = -EBUSY,
		.error = "too many calls to the engine are under way",
		.body = "",
	};
	struct docker *d = turn->data;
	struct docker_request *request = d->requests, *next;

	uv_idle_stop(turn);
	for (unsigned left = d->requests_n; left > 0 && !d->closing; left--, request = next) {
		next = request->next;
		if (request->refused)
			request_finish(request, &too_many);
	}
}

void docker_request_start(struct docker *d, const struct docker_request_options *o)
{
	struct docker_request *request = xcalloc(1, sizeof(*request));

	request->docker = d;
	request->method = o->method;
	request->path = xstrdup(o->path);
	request->body = o->json == NULL ? NULL : json_print(o->json);
	request->timeout_ms = o->timeout_ms == 0 ? CALL_TIMEOUT_MS : o->timeout_ms;
	request->done = o->done;
	request->on_open = o->on_open;
	request->on_data = o->on_data;
	request->cookie = o->cookie;
	DL_APPEND(d->requests, request);
	if (++d->requests_n > REQUESTS_MAX) {
		request->refused = true;
		uv_idle_start(&d->turn, on_turn);
	} else if (d->version[0] != '\0') {
		request_send(request);
	} else if (!d->negotiating) {
		negotiate(d);
	}
}

void docker_call(struct docker *d, const char *method, const char *path, const cJSON *json,
		 uint64_t timeout_ms, docker_done *done, void *cookie)
{
	docker_request_start(d, &(struct docker_request_options){
					.method = method,
					.path = path,
					.json = json,
					.timeout_ms = timeout_ms,
					.done = done,
					.cookie = cookie,
				});
}

void docker_guard(struct docker *d, const char *(*veto)(void *cookie), void *cookie)
{
	d->veto = veto;
	d->veto_cookie = cookie;
}

const char *docker_api_version(const struct docker *d)
{
	return d->version;
}

/* ---- the handle ---- */

/* Split "unix:///path" or "tcp://host:port". */
static int parse_host(const char *host, char **ret_socket, char **ret_base)
{
	static const char unix_scheme[] = "unix://", tcp_scheme[] = "tcp://";
	const char *rest, *port;

	if (strncmp(host, unix_scheme, strlen(unix_scheme)) == 0) {
		rest = host + strlen(unix_scheme);
		if (rest[0] != '/' || strlen(rest) >= SOCKET_PATH_MAX)
			return -EINVAL;
		*ret_socket = xstrdup(rest);
		*ret_base = xstrdup("http://docker");
		return 0;
	}
	if (strncmp(host, tcp_scheme, strlen(tcp_scheme)) != 0)
		return -EINVAL;
	rest = host + strlen(tcp_scheme);
	port = strrchr(rest, ':');
	if (port == NULL || port == rest || strpbrk(rest, "/?#@ \t\r\n") != NULL)
		return -EINVAL;
	if (strlen(port + 1) == 0 || strspn(port + 1, "0123456789") != strlen(port + 1))
		return -EINVAL;
	*ret_socket = NULL;
	*ret_base = xasprintf("http://%s", rest);
	return 0;
}

int docker_open(uv_loop_t *loop, const char *host, docker_health_changed *on_health, void *cookie,
		struct docker **ret)
{
	struct docker *d = xcalloc(1, sizeof(*d));
	int err = parse_host(host, &d->socket, &d->base);

	if (err != 0)
		goto err0;
	err = http_client_open(loop, &d->http);
	if (err != 0)
		goto err1;
	d->loop = loop;
	d->on_health = on_health;
	d->cookie = cookie;
	uv_idle_init(loop, &d->turn);
	d->turn.data = d;
	*ret = d;
	return 0;
err1:
	free(d->socket);
	free(d->base);
err0:
	free(d);
	return err;
}

static void docker_closed(uv_handle_t *handle)
{
	struct docker *d = handle->data;
	struct docker_request *request, *next;

	DL_FOREACH_SAFE(d->requests, request, next)
	{
		request_free(request);
	}
	free(d->socket);
	free(d->base);
	free(d);
}

/* Whoever called this may stand on a callback of ours: what it stands on is freed when the handles
 * have closed. */
void docker_close(struct docker *d)
{
	d->closing = true;
	http_client_close(d->http);
	docker_follow_close(d);
	docker_ops_close(d);
	uv_close((uv_handle_t *)&d->turn, docker_closed);
}
