/* Wiring. monitor: probes the service through the load balancer and publishes one window of latency
 * after the other on the channel "alerts", with what nginx says of real traffic, and on the channel
 * "results" what that traffic met while a plan was carried out. */
#include "common/log.h"
#include "common/mem.h"
#include "common/message.h"
#include "common/service.h"
#include "common/service_malformed.h"
#include "monitor/clerk.h"
#include "monitor/config.h"
#include "monitor/probe.h"
#include "monitor/replicas.h"
#include "monitor/report.h"
#include "monitor/telemetry.h"
#include "monitor/window.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#define RELIST_MS 100 /* from a change of the rotation to a look at the containers behind it */

#define UPSTREAMS_LOOKED_BACK 200 /* results read at the start to find the last "upstreams" */

struct monitor {
	struct monitor_config config;
	struct service *service;
	struct bus *bus;
	struct docker *docker;
	struct prober *prober;
	struct telemetry *telemetry;
	struct clerk *clerk;
	struct health *target_health;

	struct window_grid grid;
	struct window window;
	double *in_flight_ms; /* room for the ages of all probes in flight */
	size_t in_flight_max;
	uv_timer_t timer;

	int replicas; /* last known; 1 until Docker said otherwise */
	struct message_container containers[MESSAGE_CONTAINERS_MAX]; /* likewise; none until then */
	size_t containers_n;
	struct message_upstreams upstreams; /* last heard; none until ready >= 0 */
	int ready;                          /* of these; -1 until the watcher said so */
	bool counting, listing;
	uv_timer_t relist;
	struct malformed malformed;

	struct {
		struct metric *windows, *dropped, *realigned;
		struct metric *probes_ok, *probes_failed, *probes_missed, *probe_times;
		struct metric *p95, *success, *replicas;
	} metrics;
};

static void on_replicas(int err, const char *error, const struct docker_container *list, size_t n,
			void *cookie)
{
	struct monitor *m = cookie;

	(void)error; /* the service frame logs that Docker is away; the last list stands until it
			is back */
	m->counting = false;
	if (err != 0)
		return;
	m->replicas = replicas_running(list, n, m->config.target);
	m->containers_n = replicas_list(list, n, m->config.target, m->containers);
}

static void count_replicas(struct monitor *m)
{
	if (m->counting)
		return;
	m->counting = true;
	docker_list(m->docker, on_replicas, m);
}

/* A list is a window old when it is told of.  Where the rotation has changed since, a replica that
 * came would not be in it, and one that leaves would look like one that starts.  Only the
 * containers are taken from this one: the count is of the end of a window, whatever is in it. */
static void on_containers(int err, const char *error, const struct docker_container *list, size_t n,
			  void *cookie)
{
	struct monitor *m = cookie;

	(void)error;
	m->listing = false;
	if (err == 0)
		m->containers_n = replicas_list(list, n, m->config.target, m->containers);
}

static void on_relist(uv_timer_t *timer)
{
	struct monitor *m = timer->data;

	if (m->listing)
		return;
	m->listing = true;
	docker_list(m->docker, on_containers, m);
}

/* Takes ${upstreams} over. */
static void on_upstreams(struct monitor *m, const struct message_upstreams *upstreams,
			 uint64_t time_ms)
{
	int ready = replicas_in_rotation(upstreams, m->config.target);
	struct message_upstreams old = ready < 0 ? *upstreams : m->upstreams;

	if (ready >= 0) {
		m->upstreams = *upstreams;
		m->ready = ready;
		clerk_rotation(m->clerk, ready, time_ms);
		if (!uv_is_active((uv_handle_t *)&m->relist))
			uv_timer_start(&m->relist, on_relist, RELIST_MS, 0);
	}
	message_upstreams_done(&old);
}

static void on_results(const struct bus_message *message, void *cookie)
{
	struct monitor *m = cookie;
	struct message_result result;
	struct message_upstreams upstreams;
	struct message_receipt receipt;
	struct message_error error;
	int kind = message_results_decode(message->text, message->len, m->config.target, &result,
					  &upstreams, &receipt, &error);

	if (kind < 0)
		malformed_skip(&m->malformed, message, error.text);
	else if (kind == RESULTS_UPSTREAMS)
		on_upstreams(m, &upstreams, message->time_ms);
	else if (kind == RESULTS_RECEIPT)
		clerk_receipt(m->clerk, &receipt);
	else
		clerk_result(m->clerk, &result);
}

static void publish(struct monitor *m, const struct window_summary *probes)
{
	const struct report report = {
		.probes = probes,
		.traffic = telemetry_take(m->telemetry),
		.upstreams = &m->upstreams,
		.replicas = m->replicas,
		.ready = m->ready,
		.containers = m->containers,
		.containers_n = m->containers_n,
	};
	struct message_alert alert;
	char *text;

	report_alert(&m->config, &report, &alert);
	bus_new_id(alert.id);
	alert.ts = service_wall_sec();
	text = message_alert_encode(&alert);
	metric_add(m->metrics.dropped, bus_publish(m->bus, CHANNEL_ALERTS, text));
	free(text);
}

static void close_window(struct monitor *m)
{
	struct window_summary summary;
	size_t out = prober_in_flight_ms(m->prober, m->in_flight_ms, m->in_flight_max);

	window_close(&m->window, m->in_flight_ms, out, &summary);
	publish(m, &summary);
	if (summary.requests > 0)
		health_set(m->target_health, summary.success_rate > 0,
			   summary.success_rate > 0 ? "" : "every probe of the last window failed");
	metric_inc(m->metrics.windows);
	metric_set(m->metrics.p95, summary.p95_ms / 1000.0);
	metric_set(m->metrics.success, summary.success_rate);
	metric_set(m->metrics.replicas, m->replicas);
	count_replicas(m);
}

static void on_probe_ended(bool ok, double latency_ms, void *cookie)
{
	struct monitor *m = cookie;
	double timeout_ms = m->config.timeout_sec * 1000.0;

	if (!window_grid_trusts(&m->grid, latency_ms, timeout_ms)) {
		metric_inc(m->metrics.probes_missed);
		return;
	}
	window_add(&m->window, ok, latency_ms, timeout_ms);
	metric_inc(ok ? m->metrics.probes_ok : m->metrics.probes_failed);
	metric_observe(m->metrics.probe_times, (ok ? latency_ms : timeout_ms) / 1000);
}

static void send_probe(struct monitor *m, uint64_t due_us)
{
	if (!prober_send(m->prober, due_us))
		metric_inc(m->metrics.probes_missed);
}

static void on_timer(uv_timer_t *timer);

static void arm_timer(struct monitor *m)
{
	uint64_t now_us = uv_hrtime() / 1000, due_us, wait_ms;

	window_grid_next(&m->grid, &due_us);
	wait_ms = due_us > now_us ? (due_us - now_us + 999) / 1000 : 0;
	uv_update_time(m->timer.loop); /* the timer counts from the loop's idea of now */
	uv_timer_start(&m->timer, on_timer, wait_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct monitor *m = timer->data;
	uint64_t now_us = uv_hrtime() / 1000, due_us;

	if (window_grid_realign(&m->grid, now_us)) {
		metric_inc(m->metrics.realigned);
		log_warn("this process was stopped for longer than a window, starting a new one");
	}
	for (;;) {
		enum window_event event = window_grid_next(&m->grid, &due_us);

		if (due_us > now_us)
			break;
		window_grid_pass(&m->grid, event);
		if (event == WINDOW_PROBE)
			send_probe(m, due_us);
		else if (event == WINDOW_READ)
			telemetry_read(m->telemetry);
		else
			close_window(m);
	}
	arm_timer(m);
}

#define AT(member)  offsetof(struct monitor, member)
#define PROBES      "agentic_monitor_probes_total"
#define PROBES_HELP "Probes that ended"

static const struct metric_row metric_table[] = {
	{METRIC_COUNTER, "agentic_monitor_windows_total", NULL, "Windows measured",
	 AT(metrics.windows)},
	{METRIC_COUNTER, PROBES, "result=\"ok\"", PROBES_HELP, AT(metrics.probes_ok)},
	{METRIC_COUNTER, PROBES, "result=\"failed\"", PROBES_HELP, AT(metrics.probes_failed)},
	{METRIC_COUNTER, PROBES, "result=\"missed\"", PROBES_HELP, AT(metrics.probes_missed)},
	{METRIC_HISTOGRAM_MS, "agentic_monitor_probe_duration_seconds", NULL,
	 "Time from when a probe was due to its answer; a failed one counts as TIMEOUT_S",
	 AT(metrics.probe_times)},
	{METRIC_COUNTER, "agentic_monitor_messages_dropped_total", NULL,
	 "Messages given up because Redis was away too long", AT(metrics.dropped)},
	{METRIC_COUNTER, "agentic_monitor_realigned_total", NULL,
	 "Times the process was stopped over a window", AT(metrics.realigned)},
	{METRIC_COUNTER, "agentic_monitor_malformed_total", NULL,
	 "Messages on results that made no sense", AT(malformed.count)},
	{METRIC_GAUGE, "agentic_monitor_p95_seconds", NULL,
	 "95th percentile of the probes in the last window", AT(metrics.p95)},
	{METRIC_GAUGE, "agentic_monitor_success_ratio", NULL,
	 "Share of probes answered 2xx in the last window, 0 to 1", AT(metrics.success)},
	{METRIC_GAUGE, "agentic_monitor_replicas", NULL, "Running replicas, the template included",
	 AT(metrics.replicas)},
	{0},
};

static void die(const char *what, int err)
{
	log_error(what, F_ERR("error", err));
	exit(1);
}

/* What measures, and the grid by which it does. */
static void open_gauges(struct monitor *m)
{
	uv_loop_t *loop = service_loop(m->service);
	uint64_t window_us = (uint64_t)llround(m->config.sample_interval_sec * 1e6);
	struct telemetry_options telemetry = {
		.lb_url = m->config.lb_url,
		.accesslog_socket = m->config.accesslog_socket,
		.window_us = window_us,
		.receipts = clerk_receipts(m->clerk),
		.metrics = service_metrics(m->service),
	};
	int err;

	m->in_flight_max = (size_t)monitor_in_flight(&m->config);
	m->in_flight_ms = xcalloc(m->in_flight_max, sizeof(*m->in_flight_ms));

	/* All that is in flight and a window's worth more may end in one window. */
	window_init(&m->window, 2 * m->in_flight_max);

	err = prober_open(loop, m->config.target_url, (uint64_t)(m->config.timeout_sec * 1000),
			  m->in_flight_max, on_probe_ended, m, &m->prober);
	if (err < 0)
		die("cannot set up probes", err);
	telemetry.prober = m->prober;
	err = telemetry_open(loop, &telemetry, &m->telemetry);
	if (err < 0)
		die("cannot set up telemetry", err);
	window_grid_start(&m->grid, uv_hrtime() / 1000, window_us,
			  (uint64_t)m->config.probe_requests);
}

static void open_clerk(struct monitor *m)
{
	const struct clerk_options options = {
		.target = m->config.target,
		.bus = m->bus, /* calls back from the loop only */
		.metrics = service_metrics(m->service),
		.dropped = m->metrics.dropped,
	};

	m->clerk = clerk_open(service_loop(m->service), &options);
}

static void open_parts(struct monitor *m)
{
	struct bus_options listen = {
		.channels = {CHANNEL_RESULTS},
		.channels_n = 1,
		.replay_since_ms = 1,
		.replay_max = UPSTREAMS_LOOKED_BACK,
		.on_message = on_results,
		.cookie = m,
	};

	m->replicas = 1;
	m->ready = -1;
	metrics_add_table(service_metrics(m->service), metric_table, m);
	m->target_health = service_health(m->service, "target");
	m->bus = service_bus(m->service, &listen);
	service_heartbeat(m->service, m->bus, m->config.target, NULL, NULL);
	m->docker = service_docker(m->service);
	open_clerk(m);
	open_gauges(m);
	uv_timer_init(service_loop(m->service), &m->timer);
	uv_timer_init(service_loop(m->service), &m->relist);
	m->timer.data = m->relist.data = m;
	count_replicas(m);
	arm_timer(m);
}

int main(int argc, char **argv)
{
	static struct monitor m;
	struct service_spec spec = {
		.name = "monitor",
		.summary = "measures the service through the load balancer",
		.uses = SERVICE_REDIS | SERVICE_DOCKER,
		.settings = monitor_settings,
		.config = &m.config,
		.check = monitor_config_check,
	};

	m.service = service_start(&spec, argc, argv);
	open_parts(&m);
	service_run(m.service);

	uv_close((uv_handle_t *)&m.timer, NULL);
	uv_close((uv_handle_t *)&m.relist, NULL);
	telemetry_close(m.telemetry);
	clerk_close(m.clerk);
	prober_close(m.prober);
	docker_close(m.docker);
	bus_close(m.bus);
	message_upstreams_done(&m.upstreams);
	window_free(&m.window);
	free(m.in_flight_ms);
	return service_finish(m.service);
}
