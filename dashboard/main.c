/* Wiring. dashboard: listens to all channels, fills itself from the streams at start, and shows the
 * service on a page that follows live. */
#include "common/http_server.h"
#include "common/log.h"
#include "common/service.h"
#include "common/service_malformed.h"
#include "dashboard/config.h"
#include "dashboard/server.h"
#include "dashboard/state.h"

#include <stdlib.h>

#define LOOK_MS 250 /* between two looks for daemons that have become silent */

struct dashboard {
	struct dashboard_config config;
	struct service *sv;
	struct state *state;
	struct server *server;
	struct bus *bus;
	uv_timer_t look;
	struct malformed malformed;
	bool live; /* the past has been read */
};

static int check(const void *config, struct buf *errors)
{
	const struct dashboard_config *c = config;
	int n = dashboard_config_check(c, errors);

	if (http_server_bind_valid(c->bind))
		return n;
	buf_printf(errors, "DASHBOARD_BIND=%s: must be a numeric address\n", c->bind);
	return n + 1;
}

static void where_healthz_is(const void *config, const char **ret_bind, int *ret_port)
{
	const struct dashboard_config *c = config;

	*ret_bind = c->bind;
	*ret_port = c->port;
}

static void on_message(const struct bus_message *m, void *cookie)
{
	struct dashboard *d = cookie;
	struct message_error error;
	int changed = state_fold(d->state, m->channel, m->text, m->len, (double)m->time_ms / 1000.0,
				 &error);

	if (changed < 0)
		malformed_skip(&d->malformed, m, error.text);
	else if (d->live && changed != 0)
		server_tell(d->server, changed);
}

/* Pages that came while the past was being read have missed what was in it. */
static void on_live(void *cookie)
{
	struct dashboard *d = cookie;

	d->live = true;
	server_reset(d->server);
}

static void on_health(bool up, const char *detail, void *cookie)
{
	struct dashboard *d = cookie;
	int changed = state_set_redis(d->state, up, detail, service_wall_sec());

	if (changed != 0)
		server_tell(d->server, changed);
}

static void on_look(uv_timer_t *timer)
{
	struct dashboard *d = timer->data;
	int changed = state_look(d->state, service_wall_sec());

	if (changed != 0)
		server_tell(d->server, changed);
}

static void serve(struct dashboard *d)
{
	const struct server_options options = {
		.address = d->config.bind,
		.port = d->config.port,
		.hosts = d->config.hosts,
		.password = d->config.password,
	};
	int err = server_open(d->sv, d->state, &options, &d->server);

	if (err == 0)
		return;
	log_error("cannot listen", F_STR("DASHBOARD_BIND", d->config.bind),
		  F_INT("DASHBOARD_PORT", d->config.port), F_ERR("error", err));
	exit(1);
}

int main(int argc, char **argv)
{
	static struct dashboard d;
	const struct service_spec spec = {
		.name = "dashboard",
		.summary = "Shows latency, replicas and decisions on a page, live.",
		.uses = SERVICE_REDIS,
		.settings = dashboard_settings,
		.config = &d.config,
		.check = check,
		.healthcheck = where_healthz_is,
	};
	const struct bus_options bus = {
		.channels = {CHANNEL_ALERTS, CHANNEL_ACTIONS, CHANNEL_RESULTS, CHANNEL_ADVICE,
			     CHANNEL_HEARTBEATS},
		.channels_n = 5,
		.unrecorded_n = 1,
		.replay_since_ms = 1,
		.on_health = on_health,
		.on_message = on_message,
		.on_live = on_live,
		.cookie = &d,
	};

	d.sv = service_start(&spec, argc, argv);
	d.malformed.count = metrics_add(service_metrics(d.sv), METRIC_COUNTER,
					"agentic_dashboard_malformed_total", NULL,
					"Messages that could not be used");
	d.state = state_new(d.config.target, service_wall_sec());
	serve(&d);
	d.bus = service_bus(d.sv, &bus);
	uv_timer_init(service_loop(d.sv), &d.look);
	d.look.data = &d;
	uv_timer_start(&d.look, on_look, LOOK_MS, LOOK_MS);

	service_run(d.sv);

	uv_close((uv_handle_t *)&d.look, NULL);
	bus_close(d.bus);
	server_close(d.server);
	state_free(d.state);
	return service_finish(d.sv);
}
