/* Wiring. watcher: keeps nginx's upstreams equal to the replicas that are ready, and says so on the
 * channel "results". */
#include "common/bus.h"
#include "common/docker.h"
#include "common/http_client.h"
#include "common/log.h"
#include "common/service.h"
#include "watcher/config.h"
#include "watcher/keeper.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
	struct watcher_config config = {0};
	const struct service_spec spec = {
		.name = "watcher",
		.summary = "keeps nginx's upstreams equal to the replicas that are ready",
		.uses = SERVICE_REDIS | SERVICE_DOCKER,
		.settings = watcher_settings,
		.config = &config,
		.check = watcher_config_check,
	};
	struct service *sv = service_start(&spec, argc, argv);
	struct http_client *http;
	int err = http_client_open(service_loop(sv), &http);

	if (err != 0) {
		log_error("cannot make an HTTP client", F_ERR("error", err));
		return EXIT_FAILURE;
	}

	const struct bus_options publisher = {0};
	const struct keeper_options options = {
		.target = config.target,
		.lb_container = config.lb_container,
		.lb_url = config.lb_url,
		.conf_dir = config.conf_dir,
		.ready_path = config.ready_path,
		.app_port = config.app_port,
		.resync_ms = (uint64_t)config.resync_sec * 1000,
		.debounce_ms = (uint64_t)config.debounce_ms,
		.docker = service_docker(sv),
		.http = http,
		.bus = service_bus(sv, &publisher),
		.health = service_health(sv, "nginx"),
		.metrics = service_metrics(sv),
	};
	struct keeper *keeper = keeper_open(service_loop(sv), &options);

	service_run(sv);

	keeper_close(keeper);
	docker_close(options.docker);
	http_client_close(http);
	bus_close(options.bus);
	return service_finish(sv);
}
