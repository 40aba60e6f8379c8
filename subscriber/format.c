/* Pure. One function a kind of message; what they share is the head of the line. */
#include "subscriber/format.h"

#include "common/json.h"
#include "common/utc.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define BLUE   "\033[34m"
#define CYAN   "\033[36m"
#define DIM    "\033[2m"
#define RESET  "\033[0m"

static const char *const action_colors[] = {
	[ACTION_NOOP] = DIM,
	[ACTION_RESTART] = BLUE,
	[ACTION_SCALE_UP] = YELLOW,
	[ACTION_SCALE_DOWN] = CYAN,
};

static const char *const status_colors[] = {
	[STATUS_OK] = GREEN,
	[STATUS_NOOP] = DIM,
	[STATUS_SKIPPED] = DIM,
	[STATUS_ERROR] = RED,
};

static const char *const outcome_colors[] = {
	/* of a verdict: its action's */
	[OUTCOME_ABSTAINED] = DIM,
	[OUTCOME_FAILED] = RED,
};

static const char *const judgement_colors[] = {
	[JUDGED_AGREED] = DIM,
	[JUDGED_HELPFUL] = GREEN,
	[JUDGED_HARMFUL] = RED,
	[JUDGED_NEUTRAL] = DIM,
};

/* Append at most ${max} bytes of ${text}; control characters (also those that UTF-8 has beyond
 * ASCII) become "?". */
static void add_clean(struct buf *out, const char *text, size_t max)
{
	for (size_t i = 0; i < max && text[i]; i++) {
		unsigned char c = (unsigned char)text[i], next = (unsigned char)text[i + 1];
		bool c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;

		buf_append(out, c < 0x20 || c == 0x7f || c1 ? "?" : &text[i], 1);
		i += c1;
	}
}

/* Time, kind and target, in columns. */
static void add_head(const struct format *f, struct buf *out, double ts, uint64_t time_ms,
		     const char *color, const char *kind, const char *target)
{
	bool colored = f->color && *color;
	char at[UTC_TEXT_MAX] = "";

	if (!utc_text(ts, at))
		utc_text((double)time_ms / 1000, at);
	buf_printf(out, "%s  %s%-9s%s  %-12s  ", at, colored ? color : "", kind,
		   colored ? RESET : "", target);
}

static int end_line(struct buf *out)
{
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	return buf_puts(out, "\n");
}

/* ${value} in a column of its own, "-" when it is not known. */
static void add_ms(struct buf *out, const char *name, double value)
{
	if (isnan(value))
		buf_printf(out, "%s %8s  ", name, "-");
	else
		buf_printf(out, "%s %8.1f  ", name, value);
}

/* Told from the probes' figures by what only real traffic has. */
static void add_traffic(struct buf *out, const struct message_traffic *t)
{
	buf_printf(out, "  %.1f req/s, %.0f in flight", t->rps, t->in_flight);
	if (!isnan(t->p95_ms))
		buf_printf(out, ", p95 %.1f ms", t->p95_ms);
}

static int refuse(struct message_error *ret_error, const char *sentence)
{
	snprintf(ret_error->text, sizeof(ret_error->text), "%s", sentence);
	return -EBADMSG;
}

static int format_alert(struct format *f, const char *text, size_t len, uint64_t time_ms,
			struct buf *out, struct message_error *ret_error)
{
	struct message_alert a;
	int err = message_alert_decode(text, len, f->target, &a, ret_error);

	if (err < 0)
		return err;
	add_head(f, out, a.ts, time_ms, "", "alert", a.target);
	add_ms(out, "p95", a.p95_ms);
	add_ms(out, "avg", a.avg_ms);
	add_ms(out, "p99", a.p99_ms);
	buf_printf(out, "ms  ok %5.1f %%  replicas %d", a.success_rate * 100, a.replicas);
	if (a.ready >= 0)
		buf_printf(out, ", %d ready", a.ready);
	if (a.traffic.present)
		add_traffic(out, &a.traffic);
	message_alert_done(&a);
	return end_line(out);
}

static void add_plan(struct format *f, const struct message_plan *p, uint64_t time_ms,
		     struct buf *out)
{
	add_head(f, out, p->ts, time_ms, action_colors[p->action], "plan", p->target);
	buf_printf(out, "%-10s  ", message_action_name(p->action));
	if (p->replicas >= 0)
		buf_printf(out, "-> %-3d  ", p->replicas);
	add_clean(out, p->reason, MESSAGE_TEXT_MAX);
	if (!isnan(p->p95_ms) && !isnan(p->baseline_ms))
		buf_printf(out, "  (p95 %.1f, baseline %.1f ms)", p->p95_ms, p->baseline_ms);
	if (f->folded)
		buf_printf(out, "  after %u noop%s", f->folded, f->folded > 1 ? "s" : "");
	f->folded = 0;
}

/* A message of the channel that is no plan: {"kind":"error"}, or what a later version sends. */
static int format_no_plan(struct format *f, const char *text, size_t len, uint64_t time_ms,
			  struct buf *out, struct message_error *ret_error)
{
	double ts = NAN;
	cJSON *root;

	if (json_parse(text, len, &root) < 0)
		return refuse(ret_error, "not JSON");
	const char *kind = json_str(root, "kind"), *error = json_str(root, "error");

	json_get_num(root, "ts", &ts);
	add_head(f, out, ts, time_ms, RED, "no plan", f->target);
	add_clean(out, error ? error : kind ? kind : "", MESSAGE_TEXT_MAX);
	cJSON_Delete(root);
	return end_line(out);
}

static int format_plan(struct format *f, const char *text, size_t len, uint64_t time_ms,
		       struct buf *out, struct message_error *ret_error)
{
	struct message_plan p;
	int err = message_plan_decode(text, len, f->target, &p, ret_error);

	if (err == -ENOMSG)
		return format_no_plan(f, text, len, time_ms, out, ret_error);
	if (err < 0)
		return err;
	if (p.action == ACTION_NOOP && !f->verbose) {
		f->folded++;
	} else {
		add_plan(f, &p, time_ms, out);
		end_line(out);
	}
	message_plan_done(&p);
	return 0;
}

static void add_result(const struct format *f, const struct message_result *r, uint64_t time_ms,
		       struct buf *out)
{
	add_head(f, out, r->ts, time_ms, status_colors[r->status], "result", r->target);
	buf_printf(out, "%-10s  %-7s  ", message_action_name(r->action),
		   message_status_name(r->status));
	if (r->replicas_before >= 0 && r->replicas_after >= 0)
		buf_printf(out, "%d -> %d  ", r->replicas_before, r->replicas_after);
	add_clean(out, r->message, MESSAGE_TEXT_MAX);
	if (!isnan(r->duration_ms))
		buf_printf(out, "  (%.0f ms)", r->duration_ms);
	end_line(out);
}

static void add_names(struct buf *out, const char *what, const struct message_server *servers,
		      size_t n)
{
	size_t full = out->len + FORMAT_LINE_MAX / 2;

	for (size_t i = 0; i < n && out->len < full; i++)
		buf_printf(out, "%s%s", i ? ", " : what, servers[i].name);
	if (n > 0)
		buf_puts(out, "  ");
}

static void add_upstreams(const struct format *f, const struct message_upstreams *u,
			  uint64_t time_ms, struct buf *out)
{
	add_head(f, out, u->ts, time_ms, u->status == STATUS_ERROR ? RED : GREEN, "upstreams",
		 u->target);
	buf_printf(out, "generation %d  ", u->generation);
	add_names(out, "serving ", u->servers, u->servers_n);
	add_names(out, "drained ", u->drained, u->drained_n);
	if (u->status == STATUS_ERROR)
		add_clean(out, u->message, MESSAGE_TEXT_MAX);
	end_line(out);
}

static void add_receipt(const struct format *f, const struct message_receipt *r, uint64_t time_ms,
			struct buf *out)
{
	add_head(f, out, r->ts, time_ms, r->failed > 0 ? RED : GREEN, "receipt", r->target);
	buf_printf(out, "%-10s  ", message_action_name(r->action));
	if (r->replicas_before >= 0 && r->replicas_after >= 0)
		buf_printf(out, "%d -> %d  ", r->replicas_before, r->replicas_after);
	buf_printf(out, "%d requests, %d failed", r->requests, r->failed);
	if (r->given_up > 0)
		buf_printf(out, ", %d given up", r->given_up);
	if (!isnan(r->longest_gap_ms))
		buf_printf(out, "  longest gap %.0f ms", r->longest_gap_ms);
	if (!isnan(r->slowest_ms))
		buf_printf(out, ", slowest %.0f ms", r->slowest_ms);
	if (r->lost_lines > 0)
		buf_printf(out, "  %d lines lost", r->lost_lines);
	if (r->unseen_ms > 0)
		buf_printf(out, "  (the first %.0f ms not seen)", r->unseen_ms);
	end_line(out);
}

static int format_result(struct format *f, const char *text, size_t len, uint64_t time_ms,
			 struct buf *out, struct message_error *ret_error)
{
	struct message_result result;
	struct message_upstreams upstreams;
	struct message_receipt receipt;
	int kind = message_results_decode(text, len, f->target, &result, &upstreams, &receipt,
					  ret_error);

	if (kind < 0)
		return kind;
	if (kind == RESULTS_UPSTREAMS) {
		add_upstreams(f, &upstreams, time_ms, out);
		message_upstreams_done(&upstreams);
	} else if (kind == RESULTS_RECEIPT) {
		add_receipt(f, &receipt, time_ms, out);
	} else {
		add_result(f, &result, time_ms, out);
	}
	return 0;
}

static void add_verdict(struct buf *out, const struct message_advice *a)
{
	buf_printf(out, "%-10s  heuristic %s", message_action_name(a->action),
		   message_action_name(a->heuristic));
	if (a->heuristic_replicas >= 0)
		buf_printf(out, " -> %d", a->heuristic_replicas);
	buf_puts(out, "  ");
	add_clean(out, a->reason, MESSAGE_TEXT_MAX);
	if (!isnan(a->alpha_up))
		buf_printf(out, "  alpha_up %.3g", a->alpha_up);
	if (!isnan(a->beta_down))
		buf_printf(out, "  beta_down %.3g", a->beta_down);
}

static void add_advice(const struct format *f, const struct message_advice *a, uint64_t time_ms,
		       struct buf *out)
{
	bool verdict = a->outcome == OUTCOME_VERDICT;

	add_head(f, out, a->ts, time_ms,
		 verdict ? action_colors[a->action] : outcome_colors[a->outcome], "advice",
		 a->target);
	if (verdict) {
		add_verdict(out, a);
	} else {
		buf_printf(out, "%-10s  ", message_outcome_name(a->outcome));
		add_clean(out, a->cause, MESSAGE_TEXT_MAX);
	}
	buf_printf(out, "  (%s%s", a->mode == MODE_SHADOW ? "shadow, " : "",
		   a->model[0] ? a->model : "unknown model");
	if (!isnan(a->latency_ms))
		buf_printf(out, ", %.0f ms", a->latency_ms);
	buf_puts(out, ")");
	end_line(out);
}

static void add_judged(const struct format *f, const struct message_judged *j, uint64_t time_ms,
		       struct buf *out)
{
	add_head(f, out, j->ts, time_ms, judgement_colors[j->judgement], "judgement", j->target);
	buf_printf(out, "%-10s  %d of %d windows over the objective",
		   message_judgement_name(j->judgement), j->slo_windows, j->windows);
	if (!isnan(j->replica_sec))
		buf_printf(out, ", %+.0f replica-seconds", j->replica_sec);
	buf_puts(out, "  ");
	add_clean(out, j->reason, MESSAGE_TEXT_MAX);
	end_line(out);
}

static int format_advice(struct format *f, const char *text, size_t len, uint64_t time_ms,
			 struct buf *out, struct message_error *ret_error)
{
	struct message_advice advice;
	struct message_judged judged;
	int kind = message_advice_decode(text, len, f->target, &advice, &judged, ret_error);

	if (kind < 0)
		return kind;
	if (kind == ADVICE_JUDGED)
		add_judged(f, &judged, time_ms, out);
	else
		add_advice(f, &advice, time_ms, out);
	return 0;
}

static int format_json(const char *channel, const char *text, size_t len, uint64_t time_ms,
		       struct buf *out, struct message_error *ret_error)
{
	cJSON *root;
	bool object;
	size_t start;

	if (len > MESSAGE_BYTES_MAX)
		return refuse(ret_error, "too long");
	if (json_parse(text, len, &root) < 0)
		return refuse(ret_error, "not JSON");
	object = cJSON_IsObject(root);
	cJSON_Delete(root);
	if (!object)
		return refuse(ret_error, "not an object");
	buf_printf(out, "{\"channel\":\"%s\",\"heard_ts\":%.3f,\"message\":", channel,
		   (double)time_ms / 1000);
	start = out->len;
	buf_append(out, text, len);
	for (size_t i = start; i < out->len; i++)
		if ((unsigned char)out->data[i] < ' ')
			out->data[i] = ' ';
	return buf_puts(out, "}\n");
}

static int format_other(const struct format *f, const char *channel, const char *text,
			uint64_t time_ms, struct buf *out)
{
	add_head(f, out, NAN, time_ms, DIM, channel, "-");
	add_clean(out, text, FORMAT_LINE_MAX);
	return end_line(out);
}

int format_message(struct format *f, const char *channel, const char *text, size_t len,
		   uint64_t time_ms, struct buf *out, struct message_error *ret_error)
{
	static const struct {
		const char *channel;
		int (*format)(struct format *, const char *text, size_t len, uint64_t time_ms,
			      struct buf *, struct message_error *);
	} kinds[] = {
		{CHANNEL_ALERTS, format_alert},
		{CHANNEL_ACTIONS, format_plan},
		{CHANNEL_RESULTS, format_result},
		{CHANNEL_ADVICE, format_advice},
	};

	if (f->json)
		return format_json(channel, text, len, time_ms, out, ret_error);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].channel, channel) == 0)
			return kinds[i].format(f, text, len, time_ms, out, ret_error);
	return format_other(f, channel, text, time_ms, out);
}

void format_step(const struct format *f, const struct message_plan *plan, uint64_t time_ms,
		 const struct ledger_step *step, struct buf *out)
{
	if (!f->json) {
		add_head(f, out, plan->ts, time_ms, action_colors[plan->action], "ledger",
			 plan->target);
		buf_printf(out, "%-10s  %d -> %d replicas", message_action_name(plan->action),
			   step->before, step->after);
		end_line(out);
		return;
	}
	cJSON *line = cJSON_CreateObject();

	cJSON_AddStringToObject(line, "channel", "ledger");
	cJSON *m = cJSON_AddObjectToObject(line, "message");

	json_add_round(m, "ts", isnan(plan->ts) ? (double)time_ms / 1000 : plan->ts, 3);
	cJSON_AddStringToObject(m, "id", plan->id);
	cJSON_AddStringToObject(m, "action", message_action_name(plan->action));
	cJSON_AddStringToObject(m, "target", plan->target);
	cJSON_AddNumberToObject(m, "replicas_before", step->before);
	cJSON_AddNumberToObject(m, "replicas_after", step->after);
	char *text = json_print(line);

	cJSON_Delete(line);
	buf_puts(out, text);
	buf_puts(out, "\n");
	free(text);
}
