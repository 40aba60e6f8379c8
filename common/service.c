/* Shell. The life of a daemon: start, run until told to stop, close everything. */
#include "common/service.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/service_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define FINISH_MS 2000 /* for handles to close after SIGTERM */

uint64_t service_wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

double service_wall_sec(void)
{
	return (double)service_wall_ms() / 1000.0;
}

uint32_t service_random(void)
{
	uint32_t bits = 0;

	/* Never short below 256 bytes; only a signal before the kernel is seeded makes it fail. */
	while (getrandom(&bits, sizeof(bits), 0) < 0 && errno == EINTR)
		;
	return bits;
}

uv_loop_t *service_loop(struct service *sv)
{
	return &sv->loop;
}

struct metrics *service_metrics(struct service *sv)
{
	return sv->metrics;
}

static void on_signal(uv_signal_t *handle, int signum)
{
	struct service *sv = handle->data;

	if (sv->stopping)
		_exit(128 + signum);
	log_info("stopping", F_STR("signal", signum == SIGTERM ? "SIGTERM" : "SIGINT"));
	sv->stopping = true;
	notify_stopping(sv->notify);
	if (sv->on_stop != NULL)
		sv->on_stop(sv->on_stop_cookie);
	else
		uv_stop(&sv->loop);
}

static void watch_signal(struct service *sv, uv_signal_t *handle, int signum)
{
	uv_signal_init(&sv->loop, handle);
	handle->data = sv;
	uv_signal_start(handle, on_signal, signum);
	uv_unref((uv_handle_t *)handle); /* it must not keep service_finish waiting */
}

static void open_notify(struct service *sv)
{
	int err = notify_open(&sv->loop, &sv->notify_environment, &sv->notify);

	if (err != 0)
		log_warn("cannot tell the supervisor anything",
			 F_STR("NOTIFY_SOCKET", sv->notify_environment.socket),
			 F_ERR("error", err));
}

struct service *service_start(const struct service_spec *spec, int argc, char **argv)
{
	struct service *sv;
	int err;

	mem_init();
	signal(SIGPIPE, SIG_IGN);
	log_init(spec->name, LOG_INFO);

	sv = xcalloc(1, sizeof(*sv));
	sv->spec = spec;
	sv->metrics = metrics_new();
	service_options(sv, argc, argv);
	log_init(spec->name, (enum log_level)sv->common.log_level);

	err = uv_loop_init(&sv->loop);
	if (err != 0) {
		log_error("cannot make an event loop", F_ERR("error", err));
		exit(1);
	}
	watch_signal(sv, &sv->sigterm, SIGTERM);
	watch_signal(sv, &sv->sigint, SIGINT);
	open_notify(sv);
	sv->started_ms = uv_now(&sv->loop);
	sv->started_sec = service_wall_sec();
	return sv;
}

static void serve_http(struct service *sv)
{
	const struct http_server_options options = {
		.bind = sv->common.http_bind,
		.port = sv->common.http_port,
		.connections_max = 32,
		.idle_timeout_sec = 75,
		.client_timeout_sec = 15,
		.routes = service_routes,
		.cookie = sv,
	};
	int err;

	if (sv->common.http_port == 0)
		return;
	err = http_server_open(&sv->loop, &options, &sv->http);
	if (err == 0)
		return;
	log_error("cannot listen for HTTP", F_STR("HTTP_BIND", sv->common.http_bind),
		  F_INT("HTTP_PORT", sv->common.http_port), F_ERR("error", err));
	exit(1);
}

static void tell_ready(struct service *sv)
{
	char line[SERVICE_LINE_MAX];
	int err;

	service_health_line(sv, line, sizeof(line));
	err = notify_ready(sv->notify, line);
	if (err != 0)
		log_warn("cannot tell the supervisor that this runs",
			 F_STR("NOTIFY_SOCKET", sv->notify_environment.socket),
			 F_ERR("error", err));
}

void service_run(struct service *sv)
{
	serve_http(sv);
	log_info("started", F_STR("version", VERSION), F_INT("http_port", sv->common.http_port));
	tell_ready(sv);

	/* The signal handles are not counted as alive, so that a daemon with nothing else open must
	 * be kept waiting for them here. */
	uv_ref((uv_handle_t *)&sv->sigterm);
	if (!sv->stopping || sv->on_stop != NULL)
		uv_run(&sv->loop, UV_RUN_DEFAULT);
	uv_unref((uv_handle_t *)&sv->sigterm);
}

void service_stop(struct service *sv)
{
	sv->stopping = true;
	notify_stopping(sv->notify);
	sv->on_stop = NULL;
	uv_stop(&sv->loop);
}

void service_on_stop(struct service *sv, void (*on_stop)(void *cookie), void *cookie)
{
	sv->on_stop = on_stop;
	sv->on_stop_cookie = cookie;
}

static void on_finish_timeout(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Run until all that others opened has closed, or time is up. */
static void run_out(struct service *sv)
{
	bool late = false;
	uv_timer_t timer;

	uv_update_time(&sv->loop);
	uv_timer_init(&sv->loop, &timer);
	timer.data = &late;
	uv_timer_start(&timer, on_finish_timeout, FINISH_MS, 0);
	uv_unref((uv_handle_t *)&timer);
	while (!late && uv_loop_alive(&sv->loop))
		uv_run(&sv->loop, UV_RUN_ONCE);
	if (late)
		log_warn("stopped before everything had closed", F_INT("waited_ms", FINISH_MS));

	uv_close((uv_handle_t *)&timer, NULL);
	notify_close(sv->notify);
	uv_close((uv_handle_t *)&sv->sigterm, NULL);
	uv_close((uv_handle_t *)&sv->sigint, NULL);
	uv_run(&sv->loop, UV_RUN_NOWAIT); /* which is when they are gone */
}

int service_finish(struct service *sv)
{
	struct health *next;

	sv->stopping = true;
	notify_stopping(sv->notify);
	if (sv->heartbeat != NULL)
		uv_close((uv_handle_t *)&sv->heartbeat->timer, NULL);
	http_server_close(sv->http);
	run_out(sv);
	if (uv_loop_close(&sv->loop) != 0)
		return 0; /* late: what is still open may be in use, and the process ends anyway */

	for (struct health *h = sv->healths; h != NULL; h = next) {
		next = h->next;
		free(h);
	}
	metrics_free(sv->metrics);
	service_options_free(sv);
	free(sv->bus_hook);
	free(sv->lease_hook);
	free(sv->heartbeat);
	free(sv);
	return 0;
}
