/* Shell. Routes, what the guard refuses, and the open event streams. */
#include "dashboard/server.h"

#include "common/http_server.h"
#include "common/log.h"
#include "common/mem.h"
#include "dashboard/assets.h"
#include "dashboard/guard.h"
#include "dashboard/render.h"

#include <stdlib.h>

#define STREAMS_MAX        32
#define CONNECTIONS_MAX    128
#define CLIENT_TIMEOUT_SEC 10
#define REPLY_BYTES_MAX    ((size_t)8 * 1024 * 1024)

struct place { /* for an open stream */
	struct server *server;
	struct http_stream *stream; /* NULL: free */
};

struct server {
	struct service *sv;
	const struct state *state;
	struct http_server *http;
	struct asset assets[ASSETS_N];
	struct place places[STREAMS_MAX];
	struct metric *open_streams;
	struct guard guard;
	struct metric *refused[GUARD_VERDICTS_N];
	bool told[GUARD_VERDICTS_N]; /* in the log: once each */
};

/* The page's own files and answers, and nothing else; nobody may frame, embed or open it; what it
 * shows is text, never markup. */
static const struct http_header headers[] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	 "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
	 "require-trusted-types-for 'script'; trusted-types 'none'"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Embedder-Policy", "require-corp"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{NULL, NULL},
};

static void on_asset(struct http_request *req, const struct server *s, size_t i)
{
	const struct asset *a = &s->assets[i];

	http_reply_static(req, a->content_type, a->bytes, a->len, a->etag);
}

static void on_index(struct http_request *req, void *cookie)
{
	on_asset(req, cookie, ASSET_INDEX);
}

static void on_style(struct http_request *req, void *cookie)
{
	on_asset(req, cookie, ASSET_STYLE);
}

static void on_script(struct http_request *req, void *cookie)
{
	on_asset(req, cookie, ASSET_SCRIPT);
}

static void on_icon(struct http_request *req, void *cookie)
{
	on_asset(req, cookie, ASSET_ICON);
}

static void on_state(struct http_request *req, void *cookie)
{
	const struct server *s = cookie;
	struct buf out;

	buf_init(&out, RENDER_BYTES_MAX);
	render_state(s->state, &out);
	http_reply(req, 200, "application/json", buf_text(&out), out.len);
	buf_free(&out);
}

/* ${data} is the stream's place, which is free again. */
static void on_stream_gone(void *data)
{
	struct place *place = data;

	place->stream = NULL;
	metric_add(place->server->open_streams, -1);
}

static void on_events(struct http_request *req, void *cookie)
{
	struct server *s = cookie;
	struct place *place = s->places;
	struct http_stream *stream;

	while (place < s->places + STREAMS_MAX - 1 && place->stream != NULL)
		place++;
	stream = http_reply_stream(req, STREAMS_MAX, on_stream_gone, place);
	if (stream == NULL)
		return;
	place->stream = stream;
	metric_inc(s->open_streams);
}

static void on_healthz(struct http_request *req, void *cookie)
{
	const struct server *s = cookie;

	/* It can be had without the password, so with one it says no more than its status does. */
	if (s->guard.asks)
		service_reply_health(s->sv, req);
	else
		service_reply_healthz(s->sv, req);
}

static void on_metrics(struct http_request *req, void *cookie)
{
	service_reply_metrics(((struct server *)cookie)->sv, req);
}

static void refuse(struct server *s, struct http_request *req, enum guard_verdict verdict)
{
	const struct guard_answer *a = guard_answer(verdict);

	metric_inc(s->refused[verdict]);
	if (!s->told[verdict] && verdict != GUARD_ASK)
		log_warn("refused a request; further ones are counted", F_STR("why", a->text));
	s->told[verdict] = true;
	http_reply_text(req, a->status, a->text, (struct http_header){a->header, a->value});
}

static const char *header_once(const struct http_request *req, const char *name, bool *doubled)
{
	*doubled |= http_request_header_count(req, name) > 1;
	return http_request_header(req, name);
}

static bool gate(struct http_request *req, const char *path, void *cookie)
{
	struct server *s = cookie;
	struct guard_request r = {.path = path};
	enum guard_verdict verdict;

	r.host = header_once(req, "Host", &r.doubled);
	r.origin = header_once(req, "Origin", &r.doubled);
	r.fetch_site = header_once(req, "Sec-Fetch-Site", &r.doubled);
	r.authorization = header_once(req, "Authorization", &r.doubled);
	verdict = guard_judge(&s->guard, &r, uv_now(service_loop(s->sv)));
	if (verdict != GUARD_PASS)
		refuse(s, req, verdict);
	return verdict == GUARD_PASS;
}

static const struct http_route routes[] = {
	{"GET", "/", on_index},
	{"GET", "/style.css", on_style},
	{"GET", "/app.js", on_script},
	{"GET", "/icon.svg", on_icon},
	{"GET", "/api/state", on_state},
	{"GET", "/events", on_events},
	{"GET", "/healthz", on_healthz},
	{"GET", "/metrics", on_metrics},
	{NULL, NULL, NULL},
};

static void add_metrics(struct server *s, struct metrics *metrics)
{
	s->open_streams = metrics_add(metrics, METRIC_GAUGE, "agentic_dashboard_streams", NULL,
				      "Open event streams");
	for (size_t i = GUARD_PASS + 1; i < GUARD_VERDICTS_N; i++)
		s->refused[i] =
			metrics_add(metrics, METRIC_COUNTER, "agentic_dashboard_refused_total",
				    guard_answer(i)->label, "Requests that were refused");
}

int server_open(struct service *sv, const struct state *state, const struct server_options *o,
		struct server **ret)
{
	struct server *s = xcalloc(1, sizeof(*s));
	const struct http_server_options options = {
		.bind = o->address,
		.port = o->port,
		.connections_max = CONNECTIONS_MAX,
		.idle_timeout_sec = 75,
		.client_timeout_sec = CLIENT_TIMEOUT_SEC,
		.reply_bytes_max = REPLY_BYTES_MAX,
		.gate = gate,
		.headers = headers,
		.routes = routes,
		.cookie = s,
	};
	int err = http_server_open(service_loop(sv), &options, &s->http);

	if (err != 0) {
		free(s);
		return err;
	}
	s->sv = sv;
	s->state = state;
	assets_load(s->assets);
	for (size_t i = 0; i < STREAMS_MAX; i++)
		s->places[i].server = s;
	guard_init(&s->guard, o->hosts, o->password);
	add_metrics(s, service_metrics(sv));
	*ret = s;
	return 0;
}

void server_broadcast(struct server *s, const char *events, size_t len)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (s->places[i].stream != NULL)
			http_stream_send(s->places[i].stream, events, len);
}

void server_close(struct server *s)
{
	http_server_close(s->http); /* which tells every stream's place that it is gone */
	free(s);
}
