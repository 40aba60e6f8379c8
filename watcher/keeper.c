/* Shell. Whatever happens (a list, an answered knock, a finished reload) ends in turn(), which does
 * the next step, if none is under way. */
#include "watcher/keeper.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/message.h"
#include "watcher/bulletin.h"
#include "watcher/drains.h"
#include "watcher/follow.h"
#include "watcher/knock.h"
#include "watcher/nginx.h"
#include "watcher/readiness.h"
#include "watcher/rollout.h"
#include "watcher/tally.h"
#include "watcher/upstreams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_EVERY_MS = 200, GRACE_MS = KNOCK_TIMEOUT_MS };

struct file { /* what an upstream file holds */
	char *text;
	int generation;
	struct upstreams servers;
};

struct keeper {
	struct keeper_options options;
	struct follow *follow;
	struct knock *knock;
	struct nginx *nginx;
	uv_timer_t look;  /* at nginx's workers, while a container waits for them */
	uv_timer_t grace; /* runs after the start, and when the load balancer is another one: the
			     servers of the file keep their place until they had time to answer */
	int open_handles;
	bool looking;
	bool blind; /* Docker could not list them; not tried again before the next resync */

	struct readiness readiness;
	struct drains drains;
	struct upstreams ready;
	char lb_id[DOCKER_ID_MAX]; /* "" while it does not run */

	struct file file;    /* the last good one, as it is on disk when nothing is under way */
	struct file next;    /* the one that nginx is being given */
	int last_generation; /* numbers are not used twice, not even those of refused files */
	enum rollout_answer answer;
	bool doubt; /* ask nginx again */
	bool busy;  /* a reload or check is under way */
	bool failed;
	struct upstreams failed_with; /* these replicas ready */

	bool confirmed_once;
	struct upstreams running; /* the last confirmed list, and its generation */
	int running_generation;
	struct bulletin bulletin;

	struct tally tally;
	uint64_t reload_began_ns;
};

static void turn(struct keeper *k);

/* ---- what others are told ---- */

static void tell(struct keeper *k, enum message_status status, const char *message)
{
	struct upstreams drained = {0};
	const struct bulletin_news news = {
		.generation = k->running_generation,
		.servers = &k->running,
		.drained = &drained,
		.status = status,
		.message = message,
	};

	drains_done(&k->drains, &drained);
	bulletin_tell(&k->bulletin, &news);
	upstreams_free(&drained);
	metric_set(k->tally.servers, (double)k->running.n);
	metric_set(k->tally.generation, k->running_generation);
}

static void fail(struct keeper *k, const char *message)
{
	k->failed = true;
	metric_inc(k->tally.failures);
	upstreams_copy(&k->failed_with, &k->ready);
	health_set(k->options.health, false, message);
	tell(k, STATUS_ERROR, message);
}

/* ---- nginx's workers ---- */

static void on_workers(const struct drains_workers *workers, const char *error, void *cookie)
{
	struct keeper *k = cookie;

	k->looking = false;
	if (!workers) {
		if (!k->blind)
			log_warn("cannot see nginx's workers: no replica is reported drained",
				 F_STR("error", error));
		k->blind = true;
		return;
	}
	k->blind = false;
	if (!k->busy && drains_look(&k->drains, workers))
		turn(k);
}

static void on_look(uv_timer_t *timer)
{
	struct keeper *k = timer->data;

	if (k->busy || k->blind || k->looking)
		return;
	if (!drains_waiting(&k->drains)) {
		uv_timer_stop(timer);
		return;
	}
	k->looking = true;
	nginx_workers(k->nginx, on_workers, k);
}

/* ---- giving nginx its file ---- */

static void file_free(struct file *file)
{
	free(file->text);
	upstreams_free(&file->servers);
	*file = (struct file){0};
}

static void prepare(struct keeper *k, const struct upstreams *servers)
{
	struct buf text;

	file_free(&k->next);
	buf_init(&text, UPSTREAMS_FILE_MAX);
	upstreams_copy(&k->next.servers, servers);
	k->next.generation = ++k->last_generation;
	upstreams_render(k->next.generation, servers, &text);
	k->next.text = buf_steal(&text);
}

/* The next file is the file now. */
static void adopt(struct keeper *k)
{
	file_free(&k->file);
	k->file = k->next;
	k->next = (struct file){0};
}

/* Put ${file} on disk; false, and reported, when that fails. */
static bool write_file(struct keeper *k, const struct file *file)
{
	char message[MESSAGE_TEXT_MAX];
	int err = nginx_file_write(k->nginx, file->text);

	if (err == 0)
		return true;
	snprintf(message, sizeof(message), "cannot write the upstream file in %s: %s",
		 k->options.conf_dir, strerror(-err));
	fail(k, message);
	return false;
}

/* nginx may start anew at any time: what somebody else did to the file is undone. */
static bool mend_file(struct keeper *k)
{
	return nginx_file_holds(k->nginx, k->file.text) || write_file(k, &k->file);
}

/* After a reload or a check: what the answer says about the file that is on disk by now. */
static void on_answer(struct keeper *k, const struct nginx_result *result)
{
	static const enum rollout_answer answers[] = {
		[NGINX_CONFIRMED] = ROLLOUT_CONFIRMED, [NGINX_OTHER] = ROLLOUT_OTHER,
		[NGINX_REFUSED] = ROLLOUT_OTHER,       [NGINX_FAILED] = ROLLOUT_OTHER,
		[NGINX_SILENT] = ROLLOUT_OTHER,
	};

	k->busy = false;
	k->answer = answers[result->outcome];
	if (result->outcome == NGINX_REFUSED)
		metric_inc(k->tally.refused);
	if (result->outcome == NGINX_CONFIRMED)
		k->failed = false;
	else if (result->outcome != NGINX_OTHER && !k->doubt) /* else nginx is another by now */
		fail(k, result->message);
}

static void on_reloaded(const struct nginx_result *result, void *cookie)
{
	struct keeper *k = cookie;

	if (result->outcome == NGINX_CONFIRMED) {
		drains_retire(&k->drains, k->file.generation, result->before);
		metric_observe(k->tally.reload_times,
			       (double)(uv_hrtime() - k->reload_began_ns) / 1e9);
	}
	on_answer(k, result);
	turn(k);
}

static void on_changed(const struct nginx_result *result, void *cookie)
{
	struct keeper *k = cookie;
	bool was_running = k->answer == ROLLOUT_CONFIRMED;

	if (result->outcome != NGINX_REFUSED && result->outcome != NGINX_FAILED) {
		adopt(k);
		on_reloaded(result, k);
		return;
	}
	on_answer(k, result);
	(void)write_file(k, &k->file);
	/* a refused file was never run: what ran before still does */
	k->answer = ROLLOUT_UNKNOWN;
	if (was_running && result->outcome == NGINX_REFUSED)
		k->answer = ROLLOUT_CONFIRMED;
	turn(k);
}

static void on_checked(const struct nginx_result *result, void *cookie)
{
	struct keeper *k = cookie;

	on_answer(k, result);
	turn(k);
}

static void reload(struct keeper *k, int generation, nginx_done *done)
{
	k->busy = true;
	k->reload_began_ns = uv_hrtime();
	metric_inc(k->tally.reloads);
	nginx_reload(k->nginx, generation, done, k);
}

static void change(struct keeper *k)
{
	prepare(k, &k->ready);
	if (write_file(k, &k->next))
		reload(k, k->next.generation, on_changed);
}

static void write_only(struct keeper *k)
{
	prepare(k, &k->ready);
	if (!write_file(k, &k->next))
		return;
	adopt(k);
	k->answer = ROLLOUT_UNKNOWN;
	turn(k);
}

/* nginx runs something else: perhaps the file is not what was written, either. */
static void reload_again(struct keeper *k)
{
	if (write_file(k, &k->file))
		reload(k, k->file.generation, on_reloaded);
}

static void check(struct keeper *k)
{
	k->busy = true;
	nginx_check(k->nginx, k->file.generation, !k->confirmed_once, on_checked, k);
}

/* ---- the next step ---- */

static bool undecided(const struct keeper *k)
{
	return uv_is_active((const uv_handle_t *)&k->grace) &&
	       upstreams_undecided(&k->file.servers, &k->readiness);
}

/* nginx runs the file: say so, and see to what leaves. */
static void settle_confirmed(struct keeper *k)
{
	k->confirmed_once = true;
	upstreams_copy(&k->running, &k->file.servers);
	k->running_generation = k->file.generation;
	drains_confirmed(&k->drains, k->running_generation, &k->running);
	if (k->ready.n == 0) {
		health_set(k->options.health, false, "no replica is ready");
		tell(k, STATUS_ERROR, "no replica is ready: the last ones stay");
	} else {
		health_set(k->options.health, true, "");
		tell(k, STATUS_OK, "");
	}
	if (drains_waiting(&k->drains) && !uv_is_active((uv_handle_t *)&k->look))
		uv_timer_start(&k->look, on_look, 0, LOOK_EVERY_MS);
}

/* Nothing to do now: say where things stand. */
static void settle(struct keeper *k)
{
	char detail[MESSAGE_TEXT_MAX];

	if (k->lb_id[0] == '\0') {
		snprintf(detail, sizeof(detail), "container %s does not run",
			 k->options.lb_container);
		health_set(k->options.health, false, detail);
	} else if (k->failed) {
		return; /* and said so when it failed */
	} else if (k->file.servers.n == 0) {
		health_set(k->options.health, false, "no replica is ready yet");
	} else if (!undecided(k)) {
		settle_confirmed(k);
	}
}

static void turn(struct keeper *k)
{
	static void (*const steps[])(struct keeper *) = {
		[ROLLOUT_REST] = settle, [ROLLOUT_WRITE] = write_only,    [ROLLOUT_CHANGE] = change,
		[ROLLOUT_CHECK] = check, [ROLLOUT_RELOAD] = reload_again,
	};
	struct rollout_facts facts;

	knock_update(k->knock, &k->readiness);
	if (k->busy)
		return;
	if (k->doubt) {
		k->answer = ROLLOUT_UNKNOWN;
		k->failed = k->blind = false;
		k->doubt = !mend_file(k);
	}
	if (k->doubt)
		return;
	upstreams_ready(&k->readiness, &k->ready);
	if (!upstreams_equal(&k->ready, &k->failed_with))
		k->failed = false;
	facts = (struct rollout_facts){
		.lb_running = k->lb_id[0] != '\0',
		.undecided = undecided(k),
		.ready = k->ready.n > 0,
		.kept = k->file.servers.n > 0,
		.in_file = upstreams_same_file(&k->ready, &k->file.servers),
		.failed = k->failed,
		.answer = k->answer,
	};
	if (facts.in_file) /* perhaps in other containers, which nginx need not know */
		upstreams_copy(&k->file.servers, &k->ready);
	steps[rollout_next(&facts)](k);
}

static void on_grace_over(uv_timer_t *timer)
{
	turn(timer->data);
}

/* ---- what happens ---- */

static enum follow_haste on_event(const struct docker_event *event, void *cookie)
{
	static const enum follow_haste hastes[] = {
		[READINESS_IGNORE] = FOLLOW_IGNORE,
		[READINESS_LOOK] = FOLLOW_SOON,
		[READINESS_HURRY] = FOLLOW_NOW,
	};
	struct keeper *k = cookie;
	enum readiness_interest interest =
		readiness_event(&k->readiness, k->options.lb_container, event);

	/* an answer from a process that died is not one of its successor */
	knock_update(k->knock, &k->readiness);
	if (strcmp(event->name, k->options.lb_container) == 0)
		k->doubt = true;
	return hastes[interest];
}

static void on_list(const struct docker_container *list, size_t n, bool resync, void *cookie)
{
	struct keeper *k = cookie;
	const struct docker_container *lb = NULL;
	const char *lb_id = "";

	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, k->options.lb_container) == 0)
			lb = &list[i];
	if (lb && lb->state == DOCKER_RUNNING)
		lb_id = lb->id;
	if (strcmp(lb_id, k->lb_id) != 0) {
		uv_timer_start(&k->grace, on_grace_over, GRACE_MS, 0);
		nginx_hurry(k->nginx);
		k->doubt = true;
	}
	if (resync)
		k->doubt = true;
	snprintf(k->lb_id, sizeof(k->lb_id), "%s", lb_id);
	readiness_list(&k->readiness, list, n, lb);
	drains_list(&k->drains, k->options.target, list, n);
	turn(k);
}

static void on_answered(const char *id, const char *address, void *cookie)
{
	struct keeper *k = cookie;

	readiness_answered(&k->readiness, id, address);
	turn(k);
}

/* ---- start and end ---- */

/* Take up where the file on disk stands; write the placeholder where there is none. */
static void take_up_file(struct keeper *k)
{
	char *text;

	if (nginx_file_read(k->nginx, &text) == 0) {
		if (upstreams_parse(text, &k->file.generation, &k->file.servers) == 0) {
			k->file.text = text;
			k->last_generation = k->running_generation = k->file.generation;
			upstreams_copy(&k->running, &k->file.servers);
			return;
		}
		free(text);
	}
	k->last_generation = -1;
	prepare(k, &k->ready);
	if (write_file(k, &k->next))
		log_info("wrote an upstream file without replicas",
			 F_STR("CONF_DIR", k->options.conf_dir));
	adopt(k);
}

struct keeper *keeper_open(uv_loop_t *loop, const struct keeper_options *options)
{
	struct keeper *k = xcalloc(1, sizeof(*k));
	const struct nginx_options nginx = {
		.conf_dir = options->conf_dir,
		.container = options->lb_container,
		.url = options->lb_url,
	};
	const struct follow_options follow = {
		.resync_ms = options->resync_ms,
		.debounce_ms = options->debounce_ms,
		.on_event = on_event,
		.on_list = on_list,
		.cookie = k,
	};

	k->options = *options;
	tally_init(&k->tally, options->metrics);
	readiness_init(&k->readiness, options->target, options->ready_path != NULL,
		       options->app_port);
	k->bulletin = (struct bulletin){.bus = options->bus, .target = options->target};
	uv_timer_init(loop, &k->look);
	uv_timer_init(loop, &k->grace);
	k->look.data = k->grace.data = k;
	k->open_handles = 2;
	k->nginx = nginx_open(loop, options->docker, options->http, &nginx);
	k->knock = knock_open(loop, options->http, options->ready_path, on_answered, k);
	take_up_file(k);
	k->follow = follow_open(loop, options->docker, &follow);
	return k;
}

static void closed(uv_handle_t *handle)
{
	struct keeper *k = handle->data;

	if (--k->open_handles > 0)
		return;
	readiness_free(&k->readiness);
	drains_free(&k->drains);
	upstreams_free(&k->ready);
	upstreams_free(&k->failed_with);
	upstreams_free(&k->running);
	bulletin_done(&k->bulletin);
	file_free(&k->file);
	file_free(&k->next);
	free(k);
}

void keeper_close(struct keeper *k)
{
	follow_close(k->follow);
	knock_close(k->knock);
	nginx_close(k->nginx);
	uv_close((uv_handle_t *)&k->look, closed);
	uv_close((uv_handle_t *)&k->grace, closed);
}
