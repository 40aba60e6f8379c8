/* Wiring. The demo service: a web service that gets slow when more requests come than it has slots
 * for, so that load shows in its latency and replicas help. */
#include "app/record.h"
#include "app/work.h"
#include "common/http_server.h"
#include "common/log.h"
#include "common/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define DRAIN_MS        30000 /* for requests under way after SIGTERM */
#define CONNECTIONS_MAX 16384
#define DESCRIPTORS_OWN 64 /* kept for what is no connection */

struct config {
	int port;
	char *bind;
	int extra_delay_ms;
	int concurrency;
	char *record_file;
};

static const struct setting settings[] = {
	{.name = "PORT",
	 .type = SETTING_INT,
	 .offset = offsetof(struct config, port),
	 .def = "8080",
	 .min = 1,
	 .max = 65535,
	 .help = "Port to serve on"},
	{.name = "BIND",
	 .type = SETTING_STR,
	 .offset = offsetof(struct config, bind),
	 .def = "0.0.0.0",
	 .min = 1,
	 .max = 45,
	 .help = "Address to serve on"},
	{.name = "EXTRA_DELAY_MS",
	 .type = SETTING_INT,
	 .offset = offsetof(struct config, extra_delay_ms),
	 .def = "0",
	 .unit = "ms",
	 .min = 0,
	 .max = WORK_MS_MAX,
	 .help = "How long every request holds its slot at least"},
	{.name = "APP_CONCURRENCY",
	 .type = SETTING_INT,
	 .offset = offsetof(struct config, concurrency),
	 .def = "8",
	 .unit = "requests",
	 .min = 1,
	 .max = 1024,
	 .help = "Requests served at a time; others queue"},
	{.name = "RECORD_FILE",
	 .type = SETTING_STR,
	 .offset = offsetof(struct config, record_file),
	 .help = "File to which the X-Request-Id of every request is appended, for tests"},
	{.name = NULL},
};

static int check(const void *config, struct buf *errors)
{
	const struct config *c = config;

	if (http_server_bind_valid(c->bind))
		return 0;
	buf_printf(errors, "BIND=%s: must be a numeric address\n", c->bind);
	return 1;
}

static void where_healthz_is(const void *config, const char **ret_bind, int *ret_port)
{
	const struct config *c = config;

	*ret_bind = c->bind;
	*ret_port = c->port;
}

struct app {
	struct config config;
	struct service *sv;
	struct work *work;
	struct record *record; /* NULL without RECORD_FILE */
	struct http_server *http;
	uv_timer_t drain_limit;
};

static void on_health(struct http_request *req, void *cookie)
{
	static const char body[] = "{\"status\":\"ok\"}";

	(void)cookie;
	http_reply(req, 200, "application/json", body, sizeof(body) - 1);
}

static void on_healthz(struct http_request *req, void *cookie)
{
	struct app *app = cookie;

	service_reply_healthz(app->sv, req);
}

static void on_root(struct http_request *req, void *cookie)
{
	struct app *app = cookie;

	record_add(app->record, req);
	work_take(app->work, req, "delay_ms", NULL);
}

static void on_work(struct http_request *req, void *cookie)
{
	struct app *app = cookie;

	record_add(app->record, req);
	work_take(app->work, req, "delay_ms", "ms");
}

static const struct http_route routes[] = {
	{"GET", "/", on_root},           {"GET", "/work", on_work}, {"GET", "/health", on_health},
	{"GET", "/healthz", on_healthz}, {NULL, NULL, NULL},
};

static void on_drained(void *cookie)
{
	struct app *app = cookie;

	service_stop(app->sv);
}

static void on_drain_limit(uv_timer_t *timer)
{
	struct app *app = timer->data;

	log_warn("requests are left unanswered", F_INT("waited_ms", DRAIN_MS));
	service_stop(app->sv);
}

static void on_stop(void *cookie)
{
	struct app *app = cookie;

	uv_timer_start(&app->drain_limit, on_drain_limit, DRAIN_MS, 0);
	http_server_drain(app->http, on_drained, app);
}

/* How many connections the descriptors allow, after asking for more of them. */
static unsigned connections_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 512;
	if (limit.rlim_cur < CONNECTIONS_MAX + DESCRIPTORS_OWN) {
		limit.rlim_cur = limit.rlim_max < CONNECTIONS_MAX + DESCRIPTORS_OWN
					 ? limit.rlim_max
					 : CONNECTIONS_MAX + DESCRIPTORS_OWN;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur >= CONNECTIONS_MAX + DESCRIPTORS_OWN)
		return CONNECTIONS_MAX;
	return (unsigned)limit.rlim_cur > 2 * DESCRIPTORS_OWN
		       ? (unsigned)limit.rlim_cur - DESCRIPTORS_OWN
		       : DESCRIPTORS_OWN;
}

static void open_record(struct app *app)
{
	const char *path = app->config.record_file;
	int err = path != NULL ? record_open(path, &app->record) : 0;

	if (err == 0)
		return;
	log_error("cannot write", F_STR("RECORD_FILE", path), F_ERR("error", err));
	exit(1);
}

static void serve(struct app *app)
{
	const struct http_server_options options = {
		.bind = app->config.bind,
		.port = app->config.port,
		.connections_max = connections_max(),
		.idle_timeout_sec = 75,
		.routes = routes,
		.cookie = app,
	};
	int err = http_server_open(service_loop(app->sv), &options, &app->http);

	if (err == 0)
		return;
	log_error("cannot listen", F_STR("BIND", app->config.bind), F_INT("PORT", app->config.port),
		  F_ERR("error", err));
	exit(1);
}

int main(int argc, char **argv)
{
	static struct app app;
	const struct service_spec spec = {
		.name = "app",
		.summary = "The demo service: / (?delay_ms=), /work (?ms= of CPU), /health.",
		.settings = settings,
		.config = &app.config,
		.check = check,
		.healthcheck = where_healthz_is,
	};
	char threads[16];

	app.sv = service_start(&spec, argc, argv);
	snprintf(threads, sizeof(threads), "%d", app.config.concurrency);
	setenv("UV_THREADPOOL_SIZE", threads, 1); /* read by libuv when it starts the first */
	app.work = work_open(service_loop(app.sv), service_metrics(app.sv), app.config.concurrency,
			     app.config.extra_delay_ms);
	uv_timer_init(service_loop(app.sv), &app.drain_limit);
	app.drain_limit.data = &app;
	open_record(&app);
	serve(&app);
	service_on_stop(app.sv, on_stop, &app);

	service_run(app.sv);

	http_server_close(app.http);
	uv_close((uv_handle_t *)&app.drain_limit, NULL);
	work_close(app.work);
	record_close(app.record);
	return service_finish(app.sv);
}
