/* Shell. Routes, and the open event streams. */
#include "dashboard/server.h"

#include "common/http_server.h"
#include "common/mem.h"
#include "dashboard/assets.h"
#include "dashboard/render.h"

#include <stdlib.h>

#define STREAMS_MAX     32
#define CONNECTIONS_MAX 128

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
	service_reply_healthz(((struct server *)cookie)->sv, req);
}

static void on_metrics(struct http_request *req, void *cookie)
{
	service_reply_metrics(((struct server *)cookie)->sv, req);
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

int server_open(struct service *sv, const struct state *state, const char *address, int port,
		struct server **ret)
{
	struct server *s = xcalloc(1, sizeof(*s));
	const struct http_server_options options = {
		.bind = address,
		.port = port,
		.connections_max = CONNECTIONS_MAX,
		.idle_timeout_sec = 75,
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
	s->open_streams = metrics_add(service_metrics(sv), METRIC_GAUGE,
				      "agentic_dashboard_streams", NULL, "Open event streams");
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
