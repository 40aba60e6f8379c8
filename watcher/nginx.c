/* Shell. A reload as a chain of callbacks: (list workers | nginx -t) -> nginx -s reload -> ask for
 * the generation until it stands. */
#include "watcher/nginx.h"

#include "common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POLL_MS = 20, ANSWER_MAX_MS = 1000, TOP_MAX_MS = 5000 };

struct nginx {
	struct docker *docker;
	struct http_client *http;
	struct nginx_options options;
	char *file, *temporary; /* paths */
	char *generation_url, *top_path;
	uv_timer_t poll;

	/* of the reload or check under way */
	nginx_done *done;
	void *cookie;
	struct nginx_result result;
	struct rollout_watch watch;
	struct drains_workers before;
	int waiting_for; /* of the two calls that a reload begins with */

	nginx_workers_done *workers_done;
	void *workers_cookie;
};

struct nginx *nginx_open(uv_loop_t *loop, struct docker *docker, struct http_client *http,
			 const struct nginx_options *options)
{
	struct nginx *ng = xcalloc(1, sizeof(*ng));
	const char *dir = options->conf_dir, *url = options->url;
	size_t url_len = strlen(url);

	while (url_len > 0 && url[url_len - 1] == '/')
		url_len--;
	ng->docker = docker;
	ng->http = http;
	ng->options = *options;
	ng->file = xasprintf("%s/agentic-upstreams.conf", dir);
	/* nginx.conf includes agentic-*.conf: this is not one of them */
	ng->temporary = xasprintf("%s/.agentic-upstreams.conf.tmp", dir);
	ng->generation_url = xasprintf("%.*s/generation", (int)url_len, url);
	ng->top_path = xasprintf("/containers/%s/top?ps_args=-eo%%20pid,args", options->container);
	uv_timer_init(loop, &ng->poll);
	ng->poll.data = ng;
	return ng;
}

static void closed(uv_handle_t *handle)
{
	struct nginx *ng = handle->data;

	drains_workers_free(&ng->before);
	free(ng->file);
	free(ng->temporary);
	free(ng->generation_url);
	free(ng->top_path);
	free(ng);
}

void nginx_close(struct nginx *ng)
{
	if (ng)
		uv_close((uv_handle_t *)&ng->poll, closed);
}

int nginx_file_read(const struct nginx *ng, char **ret_text)
{
	char *text;
	size_t len;
	FILE *file = fopen(ng->file, "re");

	if (!file)
		return -errno;
	text = xcalloc(UPSTREAMS_FILE_MAX + 1, 1);
	len = fread(text, 1, UPSTREAMS_FILE_MAX, file);
	fclose(file);
	*ret_text = xreallocarray(text, len + 1, 1);
	return 0;
}

bool nginx_file_holds(const struct nginx *ng, const char *text)
{
	char *there = NULL; /* stays so where there is none */
	bool same;

	(void)nginx_file_read(ng, &there);
	same = there && strcmp(there, text) == 0;
	free(there);
	return same;
}

static int write_all(int fd, const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			left -= (size_t)n;
		}
	}
	return fsync(fd) == 0 ? 0 : -errno;
}

int nginx_file_write(const struct nginx *ng, const char *text)
{
	int err, fd = open(ng->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	err = write_all(fd, text);
	close(fd);
	if (err == 0 && rename(ng->temporary, ng->file) < 0)
		err = -errno;
	if (err != 0)
		unlink(ng->temporary);
	return err;
}

static void finish(struct nginx *ng, enum nginx_outcome outcome)
{
	nginx_done *done = ng->done;

	ng->result.outcome = outcome;
	ng->result.before = &ng->before;
	ng->done = NULL;
	done(&ng->result, ng->cookie);
}

/* ---- does the generation answer? ---- */

static void ask(uv_timer_t *timer);

/* Why ${http}, the last answer, leaves generation unconfirmed. */
static void explain(struct nginx *ng, const struct http_result *http, int generation)
{
	char why[128];

	if (http->err != 0)
		snprintf(why, sizeof(why), "%s", http->error);
	else if (generation >= 0)
		snprintf(why, sizeof(why), "it is %d", generation);
	else
		snprintf(why, sizeof(why), "HTTP status %ld", http->status);
	snprintf(ng->result.message, sizeof(ng->result.message),
		 "nginx does not run generation %d (%s): %s", ng->watch.generation,
		 ng->generation_url, why);
}

static void answered(const struct http_result *http, void *cookie)
{
	static const enum nginx_outcome outcomes[] = {
		[ROLLOUT_YES] = NGINX_CONFIRMED,
		[ROLLOUT_NO] = NGINX_OTHER,
		[ROLLOUT_TIMEOUT] = NGINX_SILENT,
	};
	struct nginx *ng = cookie;
	int generation = http->status == 200 ? rollout_generation(http->body) : -1;
	enum rollout_verdict verdict =
		rollout_answered(&ng->watch, uv_now(ng->poll.loop), generation);

	if (verdict == ROLLOUT_MORE) {
		uv_timer_start(&ng->poll, ask, POLL_MS, 0);
		return;
	}
	if (verdict != ROLLOUT_YES)
		explain(ng, http, generation);
	finish(ng, outcomes[verdict]);
}

static void ask(uv_timer_t *timer)
{
	struct nginx *ng = timer->data;
	const struct http_call_options call = {
		.method = "GET",
		.url = ng->generation_url,
		.timeout_ms = ANSWER_MAX_MS,
		.connect_timeout_ms = ANSWER_MAX_MS,
		.body_max = 64,
		.fresh_connection = true, /* a kept one leads to the worker that had it before */
	};

	http_call_start(ng->http, &call, answered, ng);
}

static void watch(struct nginx *ng)
{
	ng->watch.start_ms = uv_now(ng->poll.loop);
	ask(&ng->poll);
}

static void begin(struct nginx *ng, int generation, nginx_done *done, void *cookie)
{
	ng->done = done;
	ng->cookie = cookie;
	ng->result = (struct nginx_result){.outcome = NGINX_CONFIRMED};
	ng->watch = (struct rollout_watch){.generation = generation};
	drains_workers_free(&ng->before);
}

void nginx_check(struct nginx *ng, int generation, bool reloading, nginx_done *done, void *cookie)
{
	begin(ng, generation, done, cookie);
	ng->watch.limit_ms = NGINX_CHECK_MAX_MS;
	ng->watch.stable_ms = reloading ? ROLLOUT_STABLE_MS : 0;
	watch(ng);
}

void nginx_hurry(struct nginx *ng)
{
	ng->watch.limit_ms = 0;
}

/* ---- reload ---- */

static void reloaded(int err, const char *error, int exit_code, const char *output, void *cookie)
{
	struct nginx *ng = cookie;

	if (err == 0 && exit_code == 0) {
		watch(ng);
		return;
	}
	if (err != 0)
		snprintf(ng->result.message, sizeof(ng->result.message), "cannot reload: %s",
			 error);
	else
		rollout_refusal(output, ng->result.message, sizeof(ng->result.message));
	finish(ng, NGINX_FAILED);
}

/* One of the two calls is back; with both, go on. */
static void go_on(struct nginx *ng)
{
	static const char *const argv[] = {"nginx", "-s", "reload", NULL};

	if (--ng->waiting_for > 0)
		return;
	if (ng->result.outcome != NGINX_CONFIRMED)
		finish(ng, ng->result.outcome);
	else
		docker_exec(ng->docker, ng->options.container, argv, reloaded, ng);
}

static void tested(int err, const char *error, int exit_code, const char *output, void *cookie)
{
	struct nginx *ng = cookie;

	if (err != 0) {
		ng->result.outcome = NGINX_FAILED;
		snprintf(ng->result.message, sizeof(ng->result.message), "cannot run nginx -t: %s",
			 error);
	} else if (exit_code != 0) {
		ng->result.outcome = NGINX_REFUSED;
		rollout_refusal(output, ng->result.message, sizeof(ng->result.message));
	}
	go_on(ng);
}

static void seen_before(const struct docker_reply *reply, void *cookie)
{
	struct nginx *ng = cookie;

	if (reply->err == 0)
		(void)drains_workers_decode(reply->json, &ng->before);
	go_on(ng);
}

void nginx_reload(struct nginx *ng, int generation, nginx_done *done, void *cookie)
{
	static const char *const argv[] = {"nginx", "-t", NULL};

	begin(ng, generation, done, cookie);
	ng->watch.may_come = true;
	ng->watch.limit_ms = NGINX_RELOAD_MAX_MS;
	ng->watch.stable_ms = ROLLOUT_STABLE_MS;
	ng->waiting_for = 2;
	docker_call(ng->docker, "GET", ng->top_path, NULL, TOP_MAX_MS, seen_before, ng);
	docker_exec(ng->docker, ng->options.container, argv, tested, ng);
}

/* ---- workers ---- */

static void listed(const struct docker_reply *reply, void *cookie)
{
	struct nginx *ng = cookie;
	struct drains_workers workers = {0};
	int err = reply->err ? reply->err : drains_workers_decode(reply->json, &workers);

	if (err)
		ng->workers_done(NULL, reply->err ? reply->error : "no process list",
				 ng->workers_cookie);
	else
		ng->workers_done(&workers, "", ng->workers_cookie);
	drains_workers_free(&workers);
}

void nginx_workers(struct nginx *ng, nginx_workers_done *done, void *cookie)
{
	ng->workers_done = done;
	ng->workers_cookie = cookie;
	docker_call(ng->docker, "GET", ng->top_path, NULL, TOP_MAX_MS, listed, ng);
}
