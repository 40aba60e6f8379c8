/* Pure. Decisions of a backtest beside the live ones, for people and for programs. */
#include "replay/comparison.h"

#include "common/json.h"
#include "common/utc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_LEN        10 /* of "2026-11-23 23:01:02" */
#define DECISION_MAX   24
#define REASON_COLUMNS 33 /* so that a line has 100 at most */

static const char note[] =
	"What was measured stays as it was recorded: latency does not answer to another replica "
	"count.";

static const struct {
	const char *name; /* for programs */
	char mark;        /* for people */
} matches[BACKTEST_MATCHES] = {
	[BACKTEST_ALONE] = {"alone", ' '},
	[BACKTEST_SAME] = {"same", '='},
	[BACKTEST_FIGURES] = {"figures", '~'},
	[BACKTEST_DIFFERS] = {"differs", '!'},
};

void comparison_init(struct comparison *c)
{
	*c = (struct comparison){.from_ts = NAN, .to_ts = NAN, .differs_ts = NAN};
}

void comparison_add(struct comparison *c, const struct backtest_window *w)
{
	c->windows++;
	c->matches[w->match]++;
	c->decided[w->plan->action]++;
	if (w->live)
		c->live[w->live->action]++;
	if (isnan(c->from_ts))
		c->from_ts = w->alert->ts;
	if (!isnan(w->alert->ts))
		c->to_ts = w->alert->ts;
	if (isnan(c->differs_ts) && w->match == BACKTEST_DIFFERS)
		c->differs_ts = w->alert->ts;
}

/* --- one window ------------------------------------------------------------------------------- */

static void decision_text(const struct message_plan *plan, char ret[DECISION_MAX])
{
	if (!plan)
		snprintf(ret, DECISION_MAX, "-");
	else if (plan->replicas < 0)
		snprintf(ret, DECISION_MAX, "%s", message_action_name(plan->action));
	else
		snprintf(ret, DECISION_MAX, "%s %d", message_action_name(plan->action),
			 plan->replicas);
}

static void add_day(struct comparison *c, const char *day, struct buf *out)
{
	if (strncmp(c->day, day, DAY_LEN) == 0)
		return;
	snprintf(c->day, sizeof(c->day), "%.*s", DAY_LEN, day);
	buf_printf(out, "%s\n%-9s %-12s %8s %4s  %-13s   %-13s %s\n", c->day, "", "target",
		   "p95 ms", "runs", "decided", "live", "because");
}

void comparison_line(struct comparison *c, const struct backtest_window *w, struct buf *out)
{
	char when[UTC_TEXT_MAX] = "-", decided[DECISION_MAX], live[DECISION_MAX];

	(void)utc_text(w->alert->ts, when);
	add_day(c, when, out);
	decision_text(w->plan, decided);
	decision_text(w->live, live);
	buf_printf(out, "%-9s %-12.12s %8.1f %4d  %-13s %c %-13s %.*s\n",
		   when[1] ? when + DAY_LEN + 1 : when, w->alert->target, w->alert->p95_ms,
		   w->alert->replicas, decided, matches[w->match].mark, live, REASON_COLUMNS,
		   w->plan->reason);
}

void comparison_json(const struct backtest_window *w, struct buf *out)
{
	cJSON *head = cJSON_CreateObject();

	cJSON_AddStringToObject(head, "kind", "decision");
	cJSON_AddStringToObject(head, "match", matches[w->match].name);
	if (w->alert->id[0])
		cJSON_AddStringToObject(head, "alert", w->alert->id);
	cJSON_AddItemToObject(head, "plan", cJSON_CreateRaw(w->text));
	if (w->live)
		cJSON_AddItemToObject(head, "live", cJSON_CreateRaw(w->live_text));
	char *text = json_print(head);

	buf_puts(out, text);
	buf_puts(out, "\n");
	free(text);
	cJSON_Delete(head);
}

/* --- all of them ------------------------------------------------------------------------------ */

/* Whether the figures may be those of another replica count than was wanted here. */
static bool needs_note(const struct comparison *c, const struct comparison_source *source)
{
	return source->other_settings || c->matches[BACKTEST_DIFFERS] > 0;
}

static size_t compared(const struct comparison *c)
{
	return c->windows - c->matches[BACKTEST_ALONE];
}

static void add_actions(const char *label, const size_t *n, struct buf *out)
{
	buf_printf(out, "%-9s %10zu %10zu %10zu %10zu\n", label, n[ACTION_SCALE_UP],
		   n[ACTION_SCALE_DOWN], n[ACTION_RESTART], n[ACTION_NOOP]);
}

static void add_matches(const struct comparison *c, struct buf *out)
{
	char when[UTC_TEXT_MAX] = "-";

	buf_printf(out,
		   "%zu have a live decision: %zu are the same to the byte (=), %zu the same by "
		   "other\nfigures (~), %zu differ (!)",
		   compared(c), c->matches[BACKTEST_SAME], c->matches[BACKTEST_FIGURES],
		   c->matches[BACKTEST_DIFFERS]);
	if (c->matches[BACKTEST_DIFFERS] > 0) {
		(void)utc_text(c->differs_ts, when);
		buf_printf(out, ", the first %s", when);
	}
	buf_puts(out, "\n");
}

void comparison_summary(const struct comparison *c, const struct comparison_source *source,
			struct buf *out)
{
	char from[UTC_TEXT_MAX] = "-", to[UTC_TEXT_MAX] = "-";

	(void)utc_text(c->from_ts, from);
	(void)utc_text(c->to_ts, to);
	buf_printf(out, "%zu windows, %s to %s UTC\n", c->windows, from, to);
	buf_printf(out, "%-9s %10s %10s %10s %10s\n", "", "scale_up", "scale_down", "restart",
		   "noop");
	add_actions("decided", c->decided, out);
	if (compared(c) > 0) {
		add_actions("live", c->live, out);
		add_matches(c, out);
	}
	if (source->malformed > 0)
		buf_printf(out, "%zu malformed lines were passed over\n", source->malformed);
	if (source->refused > 0)
		buf_printf(out, "%zu alerts of more than %d targets were passed over\n",
			   source->refused, TARGETS_MAX);
	if (needs_note(c, source))
		buf_printf(out, "%s\n", note);
}

static void add_actions_json(cJSON *o, const char *name, const size_t *n)
{
	cJSON *actions = cJSON_AddObjectToObject(o, name);

	for (int i = 0; i < COMPARISON_ACTIONS; i++)
		cJSON_AddNumberToObject(actions, message_action_name(i), (double)n[i]);
}

void comparison_summary_json(const struct comparison *c, const struct comparison_source *source,
			     struct buf *out)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "kind", "summary");
	cJSON_AddNumberToObject(o, "windows", (double)c->windows);
	json_add_num(o, "from_ts", c->from_ts);
	json_add_num(o, "to_ts", c->to_ts);
	add_actions_json(o, "decided", c->decided);
	add_actions_json(o, "live", c->live);
	cJSON *all = cJSON_AddObjectToObject(o, "matches");
	for (int i = 0; i < BACKTEST_MATCHES; i++)
		cJSON_AddNumberToObject(all, matches[i].name, (double)c->matches[i]);
	json_add_num(o, "differs_ts", c->differs_ts);
	cJSON_AddNumberToObject(o, "malformed", (double)source->malformed);
	cJSON_AddNumberToObject(o, "refused", (double)source->refused);
	if (needs_note(c, source))
		cJSON_AddStringToObject(o, "note", note);
	char *text = json_print(o);

	buf_puts(out, text);
	buf_puts(out, "\n");
	free(text);
	cJSON_Delete(o);
}
