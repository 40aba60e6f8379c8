/* Wiring. dashboard: listens to all channels, fills itself from the streams at start, and shows the
 * service on a page that follows live. */
#include "common/http_server.h"
#include "common/log.h"
#include "common/service.h"
#include "common/service_malformed.h"
#include "dashboard/config.h"
#include "dashboard/render.h"
#include "dashboard/server.h"
#include "dashboard/state.h"

#include <stdlib.h>

#define LOOK_BACK_MAX 2000 /* messages of a channel read at the start */

struct dashboard {
	struct dashboard_config config;
	struct service *sv;
	struct state *state;
	struct server *server;
	struct bus *bus;
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
	struct buf events;
	int changed = state_fold(d->state, m->channel, m->text, m->len, (double)m->time_ms / 1000.0,
				 &error);

	if (changed < 0) {
		malformed_skip(&d->malformed, m, error.text);
		return;
	}
	if (!d->live || changed == 0)
		return;
	buf_init(&events, RENDER_BYTES_MAX);
	render_events(d->state, changed, &events);
	server_broadcast(d->server, buf_text(&events), events.len);
	buf_free(&events);
}

/* Pages that came while the past was being read have missed what was in it. */
static void on_live(void *cookie)
{
	struct dashboard *d = cookie;
	struct buf event;

	d->live = true;
	buf_init(&event, 256);
	render_reset(d->state, &event);
	server_broadcast(d->server, buf_text(&event), event.len);
	buf_free(&event);
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
		.channels = {CHANNEL_ALERTS, CHANNEL_ACTIONS, CHANNEL_RESULTS},
		.channels_n = 3,
		.replay_since_ms = 1,
		.replay_max = LOOK_BACK_MAX,
		.on_message = on_message,
		.on_live = on_live,
		.cookie = &d,
	};

	d.sv = service_start(&spec, argc, argv);
	d.malformed.count = metrics_add(service_metrics(d.sv), METRIC_COUNTER,
					"agentic_dashboard_malformed_total", NULL,
					"Messages that could not be used");
	d.state = state_new(d.config.target);
	serve(&d);
	d.bus = service_bus(d.sv, &bus);

	service_run(d.sv);

	bus_close(d.bus);
	server_close(d.server);
	state_free(d.state);
	return service_finish(d.sv);
}
