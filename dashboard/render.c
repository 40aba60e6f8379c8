/* Pure. JSON texts put together. */
#include "dashboard/render.h"

#include "common/json.h"

#include <math.h>
#include <stdlib.h>

/* A target is a container's name, an id hex digits: no character of them needs an escape. */
static void append_head(const struct state *st, const char *id, struct buf *out)
{
	buf_printf(out, "{\"target\":\"%s\",\"id\":\"%s\"", st->target, id);
}

/* ${item} is deleted. */
static void append_json(cJSON *item, struct buf *out)
{
	char *text = json_print(item);

	buf_puts(out, text);
	free(text);
	cJSON_Delete(item);
}

static void append_redis(const struct state *st, struct buf *out)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddBoolToObject(o, "up", st->redis.up);
	json_add_round(o, "since_ts", st->redis.since_ts, 3);
	json_add_text(o, "detail", st->redis.detail);
	append_json(o, out);
}

static void append_point(const struct state *st, struct buf *out)
{
	const struct series_point *newest = series_newest(st->series);

	if (newest != NULL)
		series_render_point(newest, out);
	else
		buf_puts(out, "null");
}

static void append_texts(const char *name, const struct state_texts *t, struct buf *out)
{
	buf_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < t->n; i++) {
		buf_puts(out, i > 0 ? "," : "");
		buf_puts(out, state_text_at(t, i));
	}
	buf_puts(out, "]");
}

static void append_or_null(const char *name, const char *text, struct buf *out)
{
	buf_printf(out, ",\"%s\":", name);
	buf_puts(out, text != NULL ? text : "null");
}

static void append_daemons(const struct daemons *d, struct buf *out)
{
	buf_puts(out, ",\"daemons\":[");
	for (size_t i = 0; i < d->n; i++) {
		buf_puts(out, i > 0 ? "," : "");
		append_json(daemons_json(d, i), out);
	}
	buf_puts(out, "]");
}

void render_state(const struct state *st, const char *id, double now_sec, struct buf *out)
{
	append_head(st, id, out);
	buf_printf(out, ",\"now\":%.3f,\"version\":\"%s\",\"redis\":", now_sec, VERSION);
	append_redis(st, out);
	buf_puts(out, ",\"point\":");
	append_point(st, out);
	if (isnan(st->window_sec))
		buf_puts(out, ",\"window_sec\":null,\"replicas\":");
	else
		buf_printf(out, ",\"window_sec\":%.9g,\"replicas\":", st->window_sec);
	append_json(replicas_json(&st->replicas), out);
	append_texts("plans", &st->plans, out);
	append_texts("actions", &st->actions, out);
	append_texts("results", &st->results, out);
	append_texts("receipts", &st->receipts, out);
	append_or_null("upstreams", st->upstreams, out);
	append_or_null("upstreams_error", st->upstreams_error, out);
	append_texts("advice", &st->advice, out);
	append_texts("judgements", &st->judgements, out);
	append_daemons(&st->daemons, out);
	buf_puts(out, "}");
}

void render_history(const struct state *st, const char *id, unsigned range_sec, double now_sec,
		    struct buf *out)
{
	append_head(st, id, out);
	buf_printf(out, ",\"from\":%.3f,\"to\":%.3f,", now_sec - range_sec, now_sec);
	series_render(st->series, now_sec - range_sec, out);
	buf_puts(out, "}");
}

static const char *newest(const struct state_texts *t)
{
	return t->n > 0 ? state_text_at(t, t->n - 1) : "null";
}

static void add_composed(const struct state *st, const char *name,
			 void (*append)(const struct state *, struct buf *), struct eventlog *log)
{
	struct buf data;

	buf_init(&data, RENDER_BYTES_MAX);
	append(st, &data);
	eventlog_add(log, name, buf_text(&data));
	buf_free(&data);
}

static void append_replicas(const struct state *st, struct buf *out)
{
	append_json(replicas_json(&st->replicas), out);
}

static void add_daemon(const struct state *st, size_t i, struct eventlog *log)
{
	struct buf data;

	buf_init(&data, RENDER_BYTES_MAX);
	append_json(daemons_json(&st->daemons, i), &data);
	eventlog_add(log, "daemon", buf_text(&data));
	buf_free(&data);
}

void render_events(const struct state *st, int changed, struct eventlog *log)
{
	if (changed & STATE_POINT)
		add_composed(st, "point", append_point, log);
	if (changed & STATE_REPLICAS)
		add_composed(st, "replicas", append_replicas, log);
	if (changed & STATE_PLAN)
		eventlog_add(log, "plan", newest(&st->plans));
	if (changed & STATE_RESULT)
		eventlog_add(log, "result", newest(&st->results));
	if (changed & STATE_RECEIPT)
		eventlog_add(log, "receipt", newest(&st->receipts));
	if (changed & STATE_UPSTREAMS)
		eventlog_add(log, "upstreams", st->upstreams);
	if (changed & STATE_UPSTREAMS_ERROR)
		eventlog_add(log, "upstreams", st->upstreams_error);
	if (changed & STATE_ADVICE)
		eventlog_add(log, "advice", newest(&st->advice));
	if (changed & STATE_JUDGEMENT)
		eventlog_add(log, "judgement", newest(&st->judgements));
	if (changed & STATE_REDIS)
		add_composed(st, "redis", append_redis, log);
	for (size_t i = 0; i < st->daemons.n; i++)
		if (changed & STATE_DAEMON << i)
			add_daemon(st, i, log);
}
