/* Shell. Readings of stub_status and lines of the access log into traffic.c. */
#include "monitor/telemetry.h"

#include "common/http_client.h"
#include "common/log.h"
#include "common/mem.h"
#include "monitor/accesslog_socket.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
	READ_MAX_MS = 1000, /* an answer later than that is none */
	STATUS_BYTES_MAX = 1024,
	HEAD_BYTES = 200,     /* of a malformed datagram, to recognise its sender by */
	SPAN_MAX_WINDOWS = 3, /* a mean over more windows would pass for the last one */
	STATUS_CLASSES = 6,   /* by the first digit; 0: any other */
};

/* Whether one of the two sources gives something, as the log last said. */
struct source {
	const char *name;
	bool known, up;
};

struct telemetry {
	struct accesslog_socket *socket;
	struct http_client *http;
	const struct prober *prober;
	struct receipts *receipts;
	char *status_url, *socket_path;
	struct source accesslog, status;
	bool malformed_logged;

	struct traffic *traffic;
	struct traffic_figures figures;
	bool measured; /* figures are of the window that closes next */
	bool reading;  /* a read is out */
	bool late;     /* and the window closed meanwhile */
	uint64_t reads;

	struct {
		struct metric *lines[ACCESSLOG_KINDS], *lost, *malformed;
		struct metric *reads_ok, *reads_failed, *reads_late;
		struct metric *rps, *in_flight, *p95;
		struct metric *answers[STATUS_CLASSES], *request_times;
	} metrics;
};

#define AT(member) offsetof(struct telemetry, metrics.member)
#define LINES      "agentic_monitor_access_lines_total"
#define LINES_HELP "Lines of nginx's access log"
#define READS      "agentic_monitor_status_reads_total"
#define READS_HELP "Reads of nginx's stub_status"
#define ANSWERS    "agentic_monitor_requests_total"
#define ANSWERS_H  "Users' requests that ended, by class of status; 499, the client left, is a 4xx"

static const struct metric_row metric_table[] = {
	{METRIC_COUNTER, LINES, "kind=\"traffic\"", LINES_HELP, AT(lines[ACCESSLOG_TRAFFIC])},
	{METRIC_COUNTER, LINES, "kind=\"status\"", LINES_HELP, AT(lines[ACCESSLOG_STATUS])},
	{METRIC_COUNTER, LINES, "kind=\"probe\"", LINES_HELP, AT(lines[ACCESSLOG_PROBE])},
	{METRIC_COUNTER, "agentic_monitor_access_lines_lost_total", NULL,
	 "Requests that ended by stub_status and whose line never came", AT(lost)},
	{METRIC_COUNTER, "agentic_monitor_access_lines_malformed_total", NULL,
	 "Datagrams that are no line of the access log", AT(malformed)},
	{METRIC_COUNTER, ANSWERS, "code=\"1xx\"", ANSWERS_H, AT(answers[1])},
	{METRIC_COUNTER, ANSWERS, "code=\"2xx\"", ANSWERS_H, AT(answers[2])},
	{METRIC_COUNTER, ANSWERS, "code=\"3xx\"", ANSWERS_H, AT(answers[3])},
	{METRIC_COUNTER, ANSWERS, "code=\"4xx\"", ANSWERS_H, AT(answers[4])},
	{METRIC_COUNTER, ANSWERS, "code=\"5xx\"", ANSWERS_H, AT(answers[5])},
	{METRIC_COUNTER, ANSWERS, "code=\"other\"", ANSWERS_H, AT(answers[0])},
	{METRIC_HISTOGRAM_MS, "agentic_monitor_request_duration_seconds", NULL,
	 "Time from a user's request's first byte to its answer's last, whatever the status",
	 AT(request_times)},
	{METRIC_COUNTER, READS, "result=\"ok\"", READS_HELP, AT(reads_ok)},
	{METRIC_COUNTER, READS, "result=\"failed\"", READS_HELP, AT(reads_failed)},
	{METRIC_COUNTER, READS, "result=\"late\"", READS_HELP, AT(reads_late)},
	{METRIC_GAUGE, "agentic_monitor_arrivals_per_second", NULL,
	 "Real requests that began, in the last window", AT(rps)},
	{METRIC_GAUGE, "agentic_monitor_in_flight_requests", NULL,
	 "Real requests under way at the end of the last window", AT(in_flight)},
	{METRIC_GAUGE, "agentic_monitor_traffic_p95_seconds", NULL,
	 "95th percentile of real requests in the last window", AT(p95)},
	{0},
};

static void source_set(struct source *s, bool up, const char *detail)
{
	if (s->known && s->up == up)
		return;
	if (up)
		log_info("telemetry from nginx", F_STR("source", s->name), F_STR("from", detail));
	else
		log_warn("no telemetry from nginx, the probes alone tell", F_STR("source", s->name),
			 F_STR("detail", detail));
	s->known = true;
	s->up = up;
}

/* ---- access log ---- */

static void log_malformed(struct telemetry *t, const char *bytes, size_t len)
{
	char *head;

	if (t->malformed_logged)
		return;
	t->malformed_logged = true;
	head = xstrndup(bytes, len < HEAD_BYTES ? len : HEAD_BYTES);
	log_warn("a datagram is no line of the access log, not told again", F_STR("raw", head));
	free(head);
}

static void count(struct telemetry *t, const struct accesslog_line *line)
{
	int first = line->status / 100;

	metric_inc(t->metrics.lines[line->kind]);
	if (line->kind != ACCESSLOG_TRAFFIC)
		return;
	metric_inc(t->metrics.answers[first < STATUS_CLASSES ? first : 0]);
	metric_observe(t->metrics.request_times, (double)line->request_ms / 1000);
}

static void on_datagram(const char *bytes, size_t len, uint64_t age_us, void *cookie)
{
	struct telemetry *t = cookie;
	struct accesslog_line line;
	uint64_t now_us = uv_hrtime() / 1000;

	if (accesslog_parse(bytes, len, &line) < 0) {
		metric_inc(t->metrics.malformed);
		log_malformed(t, bytes, len);
		return;
	}
	count(t, &line);
	traffic_add(t->traffic, &line);
	receipts_ended(t->receipts, &line, age_us < now_us ? now_us - age_us : 0);
}

static void listen_to_lines(struct telemetry *t)
{
	int err = accesslog_socket_bind(t->socket);

	source_set(&t->accesslog, err == 0, err == 0 ? t->socket_path : strerror(-err));
}

/* ---- stub_status ---- */

/* The lines that belong to ${status} have been sent, so they are taken first. */
static void measure(struct telemetry *t, const struct stub_status *status)
{
	struct traffic_reading reading = {
		.status = *status,
		.at_us = uv_hrtime() / 1000,
		.reads = t->reads,
		.probes = prober_sent(t->prober),
		.probes_out = prober_out(t->prober),
	};

	accesslog_socket_drain(t->socket);
	t->measured = traffic_close(t->traffic, &reading, &t->figures);
	if (t->measured)
		metric_add(t->metrics.lost, (double)t->figures.lines_lost);
	receipts_measured(t->receipts, reading.at_us, t->measured, t->figures.lines_lost);
}

static void on_status(const struct http_result *result, void *cookie)
{
	struct telemetry *t = cookie;
	struct stub_status status;
	const char *fault = result->error;

	t->reading = false;
	if (result->err == 0 &&
	    (result->status != 200 || stub_status_parse(result->body, &status) < 0))
		fault = "the answer is no page of stub_status";
	source_set(&t->status, fault[0] == '\0', fault[0] == '\0' ? t->status_url : fault);
	if (fault[0] != '\0') {
		metric_inc(t->metrics.reads_failed);
	} else if (t->late) {
		metric_inc(t->metrics.reads_late);
	} else {
		metric_inc(t->metrics.reads_ok);
		measure(t, &status);
	}
}

void telemetry_read(struct telemetry *t)
{
	const struct http_call_options call = {
		.method = "GET",
		.url = t->status_url,
		.timeout_ms = READ_MAX_MS,
		.connect_timeout_ms = READ_MAX_MS,
		.body_max = STATUS_BYTES_MAX,
		.fresh_connection = true, /* so that no reload of nginx breaks it off */
	};

	if (t->reading)
		return;
	t->reading = true;
	t->late = false;
	t->reads++;
	http_call_start(t->http, &call, on_status, t);
}

/* ---- a window ---- */

struct traffic_figures *telemetry_take(struct telemetry *t)
{
	bool measured = t->measured;
	const struct message_traffic *total = &t->figures.total;

	listen_to_lines(t);
	t->measured = false;
	t->late = t->reading;
	metric_set(t->metrics.rps, measured ? total->rps : NAN);
	metric_set(t->metrics.in_flight, measured ? total->in_flight : NAN);
	metric_set(t->metrics.p95, measured ? total->p95_ms / 1000 : NAN);
	return measured ? &t->figures : NULL;
}

int telemetry_open(uv_loop_t *loop, const struct telemetry_options *o, struct telemetry **ret)
{
	struct telemetry *t = xcalloc(1, sizeof(*t));
	int url_len = (int)strlen(o->lb_url);
	int err = http_client_open(loop, &t->http);

	if (err < 0) {
		free(t);
		return err;
	}
	while (url_len > 0 && o->lb_url[url_len - 1] == '/')
		url_len--;
	t->status_url = xasprintf("%.*s/stub_status", url_len, o->lb_url);
	t->socket_path = xstrdup(o->accesslog_socket);
	t->accesslog.name = "access log";
	t->status.name = "stub_status";
	t->prober = o->prober;
	t->receipts = o->receipts;
	t->traffic = traffic_new(SPAN_MAX_WINDOWS * o->window_us);
	t->socket = accesslog_socket_open(loop, t->socket_path, on_datagram, t);
	metrics_add_table(o->metrics, metric_table, t);
	listen_to_lines(t);
	*ret = t;
	return 0;
}

void telemetry_close(struct telemetry *t)
{
	if (t == NULL)
		return;
	http_client_close(t->http);
	accesslog_socket_close(t->socket);
	traffic_free(t->traffic);
	free(t->status_url);
	free(t->socket_path);
	free(t);
}
