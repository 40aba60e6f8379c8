/* Pure. JSON texts put together; only windows are composed here. */
#include "dashboard/render.h"

#include "common/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The closing brace of a JSON object goes, more members follow. */
static void append_open_object(const char *text, struct buf *out)
{
	buf_append(out, text, strlen(text) - 1);
}

static void append_window(const struct state_window *w, struct buf *out)
{
	cJSON *extra = cJSON_CreateObject();
	char *alert = message_alert_encode(&w->alert), *text;

	json_add_round(extra, "baseline_ms", w->baseline_ms, 3);
	json_add_round(extra, "sigma_ms", w->sigma_ms, 3);
	text = json_print(extra);
	if (extra->child != NULL) {
		append_open_object(alert, out);
		buf_printf(out, ",%s", text + 1);
	} else {
		buf_puts(out, alert);
	}
	free(text);
	free(alert);
	cJSON_Delete(extra);
}

static void append_windows(const struct state *st, struct buf *out)
{
	buf_puts(out, "\"windows\":[");
	for (size_t i = 0; i < st->windows_n; i++) {
		buf_puts(out, i > 0 ? "," : "");
		append_window(state_window_at(st, i), out);
	}
	buf_puts(out, "]");
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

void render_state(const struct state *st, struct buf *out)
{
	/* A target is a container's name: no character of it needs an escape. */
	buf_printf(out, "{\"target\":\"%s\",\"seq\":%" PRIu64 ",", st->target, st->seq);
	append_windows(st, out);
	append_texts("plans", &st->plans, out);
	append_texts("actions", &st->actions, out);
	append_texts("results", &st->results, out);
	append_texts("receipts", &st->receipts, out);
	buf_printf(out, ",\"upstreams\":%s}", st->upstreams != NULL ? st->upstreams : "null");
}

static void begin_event(const struct state *st, const char *name, struct buf *out)
{
	buf_printf(out, "id: %" PRIu64 "\nevent: %s\ndata: ", st->seq, name);
}

static void append_text_event(const struct state *st, const char *name, const char *text,
			      struct buf *out)
{
	begin_event(st, name, out);
	buf_printf(out, "%s\n\n", text);
}

static const char *newest(const struct state_texts *t)
{
	return state_text_at(t, t->n - 1);
}

void render_events(const struct state *st, int changed, struct buf *out)
{
	if (changed & STATE_WINDOW) {
		begin_event(st, "window", out);
		append_window(state_window_at(st, st->windows_n - 1), out);
		buf_puts(out, "\n\n");
	}
	if (changed & STATE_PLAN)
		append_text_event(st, "plan", newest(&st->plans), out);
	if (changed & STATE_RESULT)
		append_text_event(st, "result", newest(&st->results), out);
	if (changed & STATE_RECEIPT)
		append_text_event(st, "receipt", newest(&st->receipts), out);
	if (changed & STATE_UPSTREAMS)
		append_text_event(st, "upstreams", st->upstreams, out);
}

void render_reset(const struct state *st, struct buf *out)
{
	append_text_event(st, "reset", "{}", out);
}
