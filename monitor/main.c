/* Wiring. monitor: probes the service through the load balancer and publishes one window of latency
 * after the other on the channel "alerts". */
#include "common/log.h"
#include "common/mem.h"
#include "common/message.h"
#include "common/service.h"
#include "monitor/config.h"
#include "monitor/probe.h"
#include "monitor/replicas.h"
#include "monitor/window.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPSTREAMS_LOOKED_BACK 200 /* results read at the start to find the last "upstreams" */

struct monitor {
	struct monitor_config config;
	struct service *service;
	struct bus *bus;
	struct docker *docker;
	struct prober *prober;
	struct health *target_health;

	struct window_grid grid;
	struct window window;
	double *in_flight_ms; /* room for the ages of all probes in flight */
	size_t in_flight_max;
	uv_timer_t timer;

	int replicas; /* last known; 1 until Docker said otherwise */
	int ready;    /* -1 until the watcher said so */
	bool counting;

	struct {
		struct metric *windows, *dropped, *realigned, *malformed;
		struct metric *probes_ok, *probes_failed, *probes_missed;
		struct metric *p95, *success, *replicas;
	} metrics;
};

static void on_replicas(int err, const char *error, const struct docker_container *list, size_t n,
			void *cookie)
{
	struct monitor *m = cookie;

	(void)error; /* the service frame logs that Docker is away; the last count stands until it
			is back */
	m->counting = false;
	if (err == 0)
		m->replicas = replicas_running(list, n, m->config.target);
}

static void count_replicas(struct monitor *m)
{
	if (m->counting)
		return;
	m->counting = true;
	docker_list(m->docker, on_replicas, m);
}

static void on_results(const struct bus_message *message, void *cookie)
{
	struct monitor *m = cookie;
	struct message_result result;
	struct message_upstreams upstreams;
	struct message_error error;
	int kind = message_results_decode(message->text, message->len, m->config.target, &result,
					  &upstreams, &error);

	if (kind < 0) {
		metric_inc(m->metrics.malformed);
		log_debug("a message on results makes no sense, ignoring",
			  F_STR("error", error.text));
		return;
	}
	if (kind != RESULTS_UPSTREAMS)
		return;
	int ready = replicas_in_rotation(&upstreams, m->config.target);
	if (ready >= 0)
		m->ready = ready;
	message_upstreams_done(&upstreams);
}

static void publish(struct monitor *m, const struct window_summary *s)
{
	struct message_alert alert = {
		.window_sec = m->config.sample_interval_sec,
		.requests = s->requests,
		.success_rate = s->success_rate,
		.avg_ms = s->avg_ms,
		.p50_ms = s->p50_ms,
		.p95_ms = s->p95_ms,
		.p99_ms = s->p99_ms,
		.replicas = m->replicas,
		.ready = m->ready,
		.ts = service_wall_sec(),
	};

	bus_new_id(alert.id);
	snprintf(alert.target, sizeof(alert.target), "%s", m->config.target);
	snprintf(alert.endpoint, sizeof(alert.endpoint), "%s", m->config.target_url);

	char *text = message_alert_encode(&alert);

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
}

static void on_timer(uv_timer_t *timer);

static void arm_timer(struct monitor *m)
{
	uint64_t now_us = uv_hrtime() / 1000;
	uint64_t due_us = window_grid_next_us(&m->grid);
	uint64_t wait_ms = due_us > now_us ? (due_us - now_us + 999) / 1000 : 0;

	uv_update_time(m->timer.loop); /* the timer counts from the loop's idea of now */
	uv_timer_start(&m->timer, on_timer, wait_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct monitor *m = timer->data;
	uint64_t now_us = uv_hrtime() / 1000;

	if (window_grid_realign(&m->grid, now_us)) {
		metric_inc(m->metrics.realigned);
		log_warn("this process was stopped for longer than a window, starting a new one");
	}
	while (window_grid_next_us(&m->grid) <= now_us) {
		if (window_grid_close_due_us(&m->grid) <= window_grid_probe_due_us(&m->grid)) {
			m->grid.next_close++;
			close_window(m);
		} else {
			if (!prober_send(m->prober, window_grid_probe_due_us(&m->grid)))
				metric_inc(m->metrics.probes_missed);
			m->grid.next_probe++;
		}
	}
	arm_timer(m);
}

static void add_metrics(struct monitor *m)
{
	struct metrics *set = service_metrics(m->service);

	m->metrics.windows = metrics_add(set, METRIC_COUNTER, "agentic_monitor_windows_total", NULL,
					 "Windows measured");
	m->metrics.probes_ok = metrics_add(set, METRIC_COUNTER, "agentic_monitor_probes_total",
					   "result=\"ok\"", "Probes that ended");
	m->metrics.probes_failed = metrics_add(set, METRIC_COUNTER, "agentic_monitor_probes_total",
					       "result=\"failed\"", "Probes that ended");
	m->metrics.probes_missed = metrics_add(set, METRIC_COUNTER, "agentic_monitor_probes_total",
					       "result=\"missed\"", "Probes that ended");
	m->metrics.dropped =
		metrics_add(set, METRIC_COUNTER, "agentic_monitor_alerts_dropped_total", NULL,
			    "Windows given up because Redis was away too long");
	m->metrics.realigned = metrics_add(set, METRIC_COUNTER, "agentic_monitor_realigned_total",
					   NULL, "Times the process was stopped over a window");
	m->metrics.malformed = metrics_add(set, METRIC_COUNTER, "agentic_monitor_malformed_total",
					   NULL, "Messages on results that made no sense");
	m->metrics.p95 = metrics_add(set, METRIC_GAUGE, "agentic_monitor_p95_seconds", NULL,
				     "95th percentile of the last window");
	m->metrics.success = metrics_add(set, METRIC_GAUGE, "agentic_monitor_success_ratio", NULL,
					 "Share of 2xx answers in the last window");
	m->metrics.replicas = metrics_add(set, METRIC_GAUGE, "agentic_monitor_replicas", NULL,
					  "Running replicas, the template included");
}

static void open_parts(struct monitor *m)
{
	uv_loop_t *loop = service_loop(m->service);
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
	m->target_health = service_health(m->service, "target");
	m->bus = service_bus(m->service, &listen);
	m->docker = service_docker(m->service);
	m->in_flight_max = (size_t)monitor_in_flight(&m->config);
	m->in_flight_ms = xcalloc(m->in_flight_max, sizeof(*m->in_flight_ms));

	/* All that is in flight and a window's worth more may end in one window. */
	window_init(&m->window, 2 * m->in_flight_max);

	int err = prober_open(loop, m->config.target_url, (uint64_t)(m->config.timeout_sec * 1000),
			      m->in_flight_max, on_probe_ended, m, &m->prober);
	if (err < 0) {
		log_error("cannot set up probes", F_ERR("error", err));
		exit(1);
	}
	window_grid_start(&m->grid, uv_hrtime() / 1000,
			  (uint64_t)llround(m->config.sample_interval_sec * 1e6),
			  (uint64_t)m->config.probe_requests);
	uv_timer_init(loop, &m->timer);
	m->timer.data = m;
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
	add_metrics(&m);
	open_parts(&m);
	service_run(m.service);

	uv_close((uv_handle_t *)&m.timer, NULL);
	prober_close(m.prober);
	docker_close(m.docker);
	bus_close(m.bus);
	window_free(&m.window);
	free(m.in_flight_ms);
	return service_finish(m.service);
}
