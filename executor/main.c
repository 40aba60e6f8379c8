/* Wiring. executor: keeps as many replicas as the last plan asked for, inside its own bounds.
 * Plans, the watcher's messages and Docker's events all come to the same: look again. */
#include "common/mem.h"
#include "common/service.h"
#include "common/service_malformed.h"
#include "executor/conductor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_BACK = 1000 }; /* messages of each channel that are read at the start */

struct executor {
	struct executor_config config;
	struct lease *lease;
	struct conductor *conductor;
	struct malformed malformed;
};

static void on_action(struct executor *e, const struct bus_message *m)
{
	struct message_plan plan;
	struct message_error error;
	int err = message_plan_decode(m->text, m->len, e->config.target, &plan, &error);

	if (err == -ENOMSG)
		return; /* the planner says that it could not plan */
	if (err < 0) {
		malformed_skip(&e->malformed, m, error.text);
		return;
	}
	if (plan.action != ACTION_NOOP)
		conductor_plan(e->conductor, &plan, (double)m->time_ms / 1000);
	message_plan_done(&plan);
}

static void on_result(struct executor *e, const struct bus_message *m)
{
	struct message_result result;
	struct message_upstreams upstreams;
	struct message_error error;
	int kind = message_results_decode(m->text, m->len, e->config.target, &result, &upstreams,
					  NULL, &error);

	if (kind < 0) {
		malformed_skip(&e->malformed, m, error.text);
	} else if (kind == RESULTS_RESULT) {
		conductor_result(e->conductor, &result);
	} else if (kind == RESULTS_UPSTREAMS) {
		conductor_upstreams(e->conductor, &upstreams);
		message_upstreams_done(&upstreams);
	}
}

static void on_message(const struct bus_message *m, void *cookie)
{
	if (strcmp(m->channel, CHANNEL_ACTIONS) == 0)
		on_action(cookie, m);
	else
		on_result(cookie, m);
}

static void on_live(void *cookie)
{
	struct executor *e = cookie;

	conductor_live(e->conductor);
}

static void on_bus_health(bool up, const char *detail, void *cookie)
{
	struct executor *e = cookie;

	(void)detail; /* the frame logs it */
	conductor_bus(e->conductor, up);
}

static void on_lease(const struct lease_news *news, void *cookie)
{
	struct executor *e = cookie;

	conductor_lease(e->conductor, news);
}

/* Asked right before each call that changes something. */
static const char *objection(void *cookie)
{
	const struct executor *e = cookie;

	return lease_objection(e->lease);
}

static void on_event(const struct docker_event *event, void *cookie)
{
	struct executor *e = cookie;

	if (event == NULL || replica_parse(e->config.target, event->name, NULL) != REPLICA_NONE)
		conductor_event(e->conductor);
}

int main(int argc, char **argv)
{
	static struct executor e;
	const struct service_spec spec = {
		.name = "executor",
		.summary = "starts and stops replicas as the planner asks, within bounds",
		.uses = SERVICE_REDIS | SERVICE_DOCKER,
		.settings = executor_settings,
		.config = &e.config,
		.check = executor_config_check,
	};
	const struct bus_options listen = {
		.channels = {CHANNEL_ACTIONS, CHANNEL_RESULTS},
		.channels_n = 2,
		.replay_since_ms = 1,
		.replay_max = LOOK_BACK,
		.on_message = on_message,
		.on_live = on_live,
		.on_health = on_bus_health,
		.cookie = &e,
	};
	struct service *sv = service_start(&spec, argc, argv);
	char *lease_name = xasprintf("executor:%s", e.config.target);

	e.lease = service_lease(sv, lease_name, on_lease, &e); /* calls back from the loop only */
	free(lease_name);

	const struct conductor_options options = {
		.config = &e.config,
		.docker = service_docker(sv),
		.bus = service_bus(sv, &listen), /* likewise */
		.lease = e.lease,
		.metrics = service_metrics(sv),
	};

	e.malformed.count =
		metrics_add(options.metrics, METRIC_COUNTER, "agentic_executor_malformed_total",
			    NULL, "Messages that could not be used");
	e.conductor = conductor_open(service_loop(sv), &options);
	service_heartbeat(sv, options.bus, e.config.target, NULL, NULL);
	docker_guard(options.docker, objection, &e);
	docker_follow(options.docker, on_event, &e);
	service_run(sv);
	docker_close(options.docker); /* nothing is changed any more, so another may begin */
	lease_close(e.lease);
	bus_close(options.bus);
	conductor_close(e.conductor);
	return service_finish(sv);
}
