/* Shell. Routes, what the guard refuses, and answers in the encoding that the client takes. */
#include "dashboard/server.h"

#include "common/gzip.h"
#include "common/http_server.h"
#include "common/log.h"
#include "common/mem.h"
#include "dashboard/assets.h"
#include "dashboard/guard.h"
#include "dashboard/render.h"
#include "dashboard/streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX    (STREAMS_MAX + 256)
#define CLIENT_TIMEOUT_SEC 10
#define REPLY_BYTES_MAX    ((size_t)8 * 1024 * 1024)

#define PACK_BYTES_MIN 1024 /* less is not worth it */
#define PACKED_MS      250  /* a packed answer is good for so long, while nothing changes */
#define PACKED_N       4

/* An answer as it was packed last: when the dashboard was restarted, all pages ask at once. */
struct packed {
	unsigned range_sec; /* 0: of the state */
	uint64_t seq, made_ms;
	struct buf bytes;
};

struct file {
	struct asset asset;
	struct buf gzip; /* empty: not worth it */
	char gzip_etag[sizeof(((struct asset *)0)->etag) + 3];
};

struct server {
	struct service *sv;
	const struct state *state;
	struct http_server *http;
	struct streams *streams;
	struct file files[ASSETS_N];
	struct packed packed[PACKED_N];
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
	{"Vary", "Accept-Encoding"},
	{NULL, NULL},
};

static bool takes_gzip(const struct http_request *req)
{
	return gzip_accepted(http_request_header(req, "Accept-Encoding"));
}

static void on_asset(struct http_request *req, const struct file *f)
{
	const struct asset *a = &f->asset;

	if (f->gzip.len > 0 && takes_gzip(req))
		http_reply_static(req, &(struct http_static){a->content_type, "gzip", f->gzip_etag,
							     f->gzip.data, f->gzip.len});
	else
		http_reply_static(req, &(struct http_static){a->content_type, NULL, a->etag,
							     a->bytes, a->len});
}

/* A handler for each of the page's files. */
#define ON_ASSET(name, path, file, type)                                                           \
	static void on_asset_##name(struct http_request *req, void *cookie)                        \
	{                                                                                          \
		on_asset(req, &((const struct server *)cookie)->files[ASSET_##name]);              \
	}
ASSETS(ON_ASSET)

/* The state, or where ${range_sec} is not 0 a history. */
static void render(struct server *s, unsigned range_sec, struct buf *out)
{
	char id[EVENTLOG_ID_MAX];
	const struct eventlog *log = streams_log(s->streams);

	eventlog_id(log, eventlog_newest(log), id);
	if (range_sec == 0)
		render_state(s->state, id, service_wall_sec(), out);
	else
		render_history(s->state, id, range_sec, service_wall_sec(), out);
}

/* The same packed: as it was made a moment ago, or anew in the place of the oldest. */
static const struct buf *pack(struct server *s, unsigned range_sec)
{
	uint64_t now_ms = uv_now(service_loop(s->sv)),
		 seq = eventlog_newest(streams_log(s->streams));
	struct packed *p = s->packed;
	struct buf plain;

	for (size_t i = 0; i < PACKED_N; i++) {
		struct packed *this = &s->packed[i];

		if (this->bytes.len > 0 && this->range_sec == range_sec && this->seq == seq &&
		    now_ms - this->made_ms < PACKED_MS)
			return &this->bytes;
		if (this->made_ms < p->made_ms)
			p = this;
	}
	buf_init(&plain, RENDER_BYTES_MAX);
	render(s, range_sec, &plain);
	buf_free(&p->bytes);
	gzip_append(buf_text(&plain), plain.len, GZIP_QUICK, &p->bytes);
	buf_free(&plain);
	p->range_sec = range_sec;
	p->seq = seq;
	p->made_ms = now_ms;
	return &p->bytes;
}

static void reply_json(struct http_request *req, struct server *s, unsigned range_sec)
{
	const struct buf *packed;
	struct buf out;

	if (takes_gzip(req)) {
		packed = pack(s, range_sec);
		http_reply_encoded(req, "application/json", "gzip", packed->data, packed->len);
		return;
	}
	buf_init(&out, RENDER_BYTES_MAX);
	render(s, range_sec, &out);
	http_reply(req, 200, "application/json", buf_text(&out), out.len);
	buf_free(&out);
}

static void on_state(struct http_request *req, void *cookie)
{
	reply_json(req, cookie, 0);
}

static void on_history(struct http_request *req, void *cookie)
{
	unsigned range_sec;

	if (series_parse_range(http_request_query(req, "range"), &range_sec) == 0)
		reply_json(req, cookie, range_sec);
	else
		http_reply_text(req, 400, "range: must be a whole number of seconds, 900 to 86400",
				(struct http_header){0});
}

static void on_events(struct http_request *req, void *cookie)
{
	struct server *s = cookie;
	const char *after = http_request_header(req, "Last-Event-ID");

	streams_open(s->streams, req, after != NULL ? after : http_request_query(req, "after"));
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

#define ROUTE_ASSET(name, path, file, type) {"GET", path, on_asset_##name},
static const struct http_route routes[] = {
	ASSETS(ROUTE_ASSET) /* each with its comma */
	{"GET", "/api/state", on_state},
	{"GET", "/api/history", on_history},
	{"GET", "/events", on_events},
	{"GET", "/healthz", on_healthz},
	{"GET", "/metrics", on_metrics},
	{NULL, NULL, NULL},
};

static void add_metrics(struct server *s, struct metrics *metrics)
{
	for (size_t i = GUARD_PASS + 1; i < GUARD_VERDICTS_N; i++)
		s->refused[i] =
			metrics_add(metrics, METRIC_COUNTER, "agentic_dashboard_refused_total",
				    guard_answer(i)->label, "Requests that were refused");
}

static void load_files(struct server *s)
{
	struct asset assets[ASSETS_N];

	assets_load(assets);
	for (size_t i = 0; i < ASSETS_N; i++) {
		struct file *f = &s->files[i];
		const struct asset *a = &assets[i];

		f->asset = *a;
		buf_init(&f->gzip, a->len);
		if (a->len < PACK_BYTES_MIN ||
		    gzip_append(a->bytes, a->len, GZIP_SMALL, &f->gzip) != 0)
			buf_free(&f->gzip); /* it grew */
		snprintf(f->gzip_etag, sizeof(f->gzip_etag), "%.*s-gz\"", (int)strlen(a->etag) - 1,
			 a->etag);
	}
}

static void free_all(struct server *s)
{
	for (size_t i = 0; i < ASSETS_N; i++)
		buf_free(&s->files[i].gzip);
	for (size_t i = 0; i < PACKED_N; i++)
		buf_free(&s->packed[i].bytes);
	free(s);
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
	load_files(s);
	for (size_t i = 0; i < PACKED_N; i++)
		buf_init(&s->packed[i].bytes, RENDER_BYTES_MAX);
	guard_init(&s->guard, o->hosts, o->password);
	s->streams =
		streams_new(service_loop(sv), service_random(),
			    metrics_add(service_metrics(sv), METRIC_GAUGE,
					"agentic_dashboard_streams", NULL, "Open event streams"));
	add_metrics(s, service_metrics(sv));
	*ret = s;
	return 0;
}

void server_tell(struct server *s, int changed)
{
	render_events(s->state, changed, streams_log(s->streams));
	streams_added(s->streams);
}

void server_reset(struct server *s)
{
	eventlog_add(streams_log(s->streams), "reset", "{}");
	streams_added(s->streams);
}

void server_close(struct server *s)
{
	http_server_close(s->http); /* which tells every stream's place that it is gone */
	streams_close(s->streams);
	free_all(s);
}
