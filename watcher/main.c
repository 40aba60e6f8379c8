/* Wiring. watcher: keeps nginx's upstreams equal to the replicas that are ready, and says so on the
 * channel "results".  A second one with the same directory waits for the first to end. */
#include "common/bus.h"
#include "common/docker.h"
#include "common/http_client.h"
#include "common/log.h"
#include "common/service.h"
#include "watcher/config.h"
#include "watcher/keeper.h"
#include "watcher/turnstile.h"

#include <stdlib.h>

struct watcher {
	struct watcher_config config;
	struct service *sv;
	struct http_client *http;
	struct bus *bus;
	bool evicted;

	struct docker *docker; /* this and the next: NULL while another watcher works */
	struct keeper *keeper;
};

static void on_enter(void *cookie)
{
	struct watcher *w = cookie;
	const struct watcher_config *config = &w->config;

	w->docker = service_docker(w->sv);

	const struct keeper_options options = {
		.target = config->target,
		.lb_container = config->lb_container,
		.lb_url = config->lb_url,
		.conf_dir = config->conf_dir,
		.ready_path = config->ready_path,
		.app_port = config->app_port,
		.resync_ms = (uint64_t)config->resync_sec * 1000,
		.debounce_ms = (uint64_t)config->debounce_ms,
		.docker = w->docker,
		.http = w->http,
		.bus = w->bus,
		.health = service_health(w->sv, "nginx"),
		.metrics = service_metrics(w->sv),
	};

	w->keeper = keeper_open(service_loop(w->sv), &options);
}

static void on_leave(void *cookie)
{
	struct watcher *w = cookie;

	w->evicted = true;
	service_stop(w->sv);
}

int main(int argc, char **argv)
{
	static struct watcher w;
	const struct service_spec spec = {
		.name = "watcher",
		.summary = "keeps nginx's upstreams equal to the replicas that are ready",
		.uses = SERVICE_REDIS | SERVICE_DOCKER,
		.settings = watcher_settings,
		.config = &w.config,
		.check = watcher_config_check,
	};

	w.sv = service_start(&spec, argc, argv);

	const struct bus_options publisher = {0};
	const struct turnstile_options lock = {
		.conf_dir = w.config.conf_dir,
		.health = service_health(w.sv, "lock"),
		.enter = on_enter,
		.leave = on_leave,
		.cookie = &w,
	};
	struct turnstile *turnstile;
	int err = http_client_open(service_loop(w.sv), &w.http);

	if (err != 0) {
		log_error("cannot make an HTTP client", F_ERR("error", err));
		return EXIT_FAILURE;
	}
	w.bus = service_bus(w.sv, &publisher);
	service_heartbeat(w.sv, w.bus, w.config.target, NULL, NULL);
	turnstile = turnstile_open(service_loop(w.sv), &lock);

	service_run(w.sv);

	if (w.keeper != NULL) {
		keeper_close(w.keeper);
		docker_close(w.docker);
	}
	turnstile_close(turnstile);
	http_client_close(w.http);
	bus_close(w.bus);
	err = service_finish(w.sv);
	return w.evicted ? EXIT_FAILURE : err;
}
