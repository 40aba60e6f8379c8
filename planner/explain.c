/* Pure. Why a decision fell as it did: two forms of the same facts. */
#include "planner/explain.h"

#include "common/json.h"
#include "common/utc.h"
#include "planner/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DECIMALS     3
#define COLUMNS      100
#define INDENT       14 /* columns before what a line says: its label */
#define FACT_COLUMNS (FIGURE_TEXT_MAX + 64)

/* --- for programs ----------------------------------------------------------------------------- */

static void build_gate(cJSON *gates, const struct policy_fact *fact)
{
	cJSON *gate = cJSON_AddObjectToObject(gates, fact->name);

	cJSON_AddBoolToObject(gate, "pass", fact->pass);
	json_add_round(gate, "value", fact->value, DECIMALS);
	json_add_round(gate, "bound", fact->bound, DECIMALS);
}

static cJSON *build_would(const struct whatif *w)
{
	cJSON *would = cJSON_CreateObject();
	char text[WHATIF_TEXT_MAX];

	cJSON_AddStringToObject(would, "action", message_action_name(w->action));
	cJSON_AddStringToObject(would, "quantity", w->quantity);
	json_add_num(would, w->at_least ? "at_least" : "at_most", w->bound);
	cJSON_AddNumberToObject(would, "windows", w->windows);
	whatif_text(w, text);
	cJSON_AddStringToObject(would, "text", text);
	return would;
}

cJSON *explain_build(const struct policy_config *config, const struct policy_decision *decision,
		     const struct whatif *would, size_t n)
{
	cJSON *explain = cJSON_CreateObject();

	cJSON_AddStringToObject(explain, "policy", policy_label(config));
	if (decision->decided_by)
		cJSON_AddStringToObject(explain, "decided_by", decision->decided_by);
	cJSON *estimates = cJSON_AddObjectToObject(explain, "estimates");
	cJSON *gates = cJSON_AddObjectToObject(explain, "gates");
	for (int i = 0; i < decision->facts_n; i++) {
		const struct policy_fact *fact = &decision->facts[i];
		if (fact->kind == FACT_GATE)
			build_gate(gates, fact);
		else
			json_add_round(estimates, fact->name, fact->value, DECIMALS);
	}
	cJSON *all = cJSON_AddArrayToObject(explain, "would");
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(all, build_would(&would[i]));
	return explain;
}

/* --- for people ------------------------------------------------------------------------------- */

/* One labelled list, begun with its first item: no item, no line. */
struct list {
	struct buf *out;
	const char *label;
	size_t column; /* 0: not begun */
};

static void list_add(struct list *list, const char *item)
{
	size_t len = strlen(item);

	if (list->column == 0) {
		buf_printf(list->out, "  %-*s", INDENT - 2, list->label);
		list->column = INDENT;
	} else if (list->column + 2 + len > COLUMNS) {
		buf_printf(list->out, ",\n%*s", INDENT, "");
		list->column = INDENT;
	} else {
		buf_puts(list->out, ", ");
		list->column += 2;
	}
	buf_puts(list->out, item);
	list->column += len;
}

static void list_end(struct list *list)
{
	if (list->column > 0)
		buf_puts(list->out, "\n");
}

/* Nothing where ${value} is not known. */
static void list_figure(struct list *list, const char *name, double value)
{
	char text[FIGURE_TEXT_MAX];

	if (!isfinite(value))
		return;
	figure_text(name, " ", value, text);
	list_add(list, text);
}

static void text_head(const struct policy_config *config, const char *target, double ts,
		      const struct policy_decision *decision, struct buf *out)
{
	char when[UTC_TEXT_MAX] = "-";

	(void)utc_text(ts, when);
	buf_printf(out, "%s  %s  %s, %d wanted: %s\n", when, target,
		   message_action_name(decision->action), decision->replicas, decision->reason);
	if (decision->decided_by)
		buf_printf(out, "  %-*s%s (%s)\n", INDENT - 2, "decided by", decision->decided_by,
			   policy_label(config));
}

static void text_window(const struct policy_input *input, struct buf *out)
{
	struct list list = {.out = out, .label = "window"};

	list_figure(&list, "p95_ms", input->p95_ms);
	list_figure(&list, "success_rate", input->success_rate);
	list_figure(&list, "requests", input->requests);
	list_figure(&list, "replicas", input->replicas);
	list_figure(&list, "ready", input->ready >= 0 ? input->ready : NAN);
	list_end(&list);
}

static void text_traffic(const struct message_traffic *t, struct buf *out)
{
	struct list list = {.out = out, .label = "traffic"};

	if (!t->present)
		return;
	list_figure(&list, "arrivals_rps", t->rps);
	list_figure(&list, "completed_rps", t->completed_rps);
	list_figure(&list, "in_flight", t->in_flight);
	list_figure(&list, "p95_ms", t->p95_ms);
	list_figure(&list, "error_rate", t->error_rate);
	list_figure(&list, "upstream_ms", t->upstream_ms);
	list_end(&list);
}

static void text_estimates(const struct policy_decision *decision, struct buf *out)
{
	struct list list = {.out = out, .label = "estimates"};

	for (int i = 0; i < decision->facts_n; i++)
		if (decision->facts[i].kind == FACT_ESTIMATE)
			list_figure(&list, decision->facts[i].name, decision->facts[i].value);
	list_end(&list);
}

static void gate_text(const struct policy_fact *gate, char *ret, size_t size)
{
	char value[32];
	char bound[32];

	figure_number(gate->value, value, sizeof(value));
	figure_number(gate->bound, bound, sizeof(bound));
	if (!isfinite(gate->value))
		snprintf(ret, size, "%s", gate->name);
	else if (!isfinite(gate->bound))
		snprintf(ret, size, "%s (%s)", gate->name, value);
	else
		snprintf(ret, size, "%s (%s vs %s)", gate->name, value, bound);
}

static void text_gates(const struct policy_decision *decision, bool pass, const char *label,
		       struct buf *out)
{
	struct list list = {.out = out, .label = label};
	char text[FACT_COLUMNS];

	for (int i = 0; i < decision->facts_n; i++) {
		const struct policy_fact *fact = &decision->facts[i];
		if (fact->kind != FACT_GATE || fact->pass != pass)
			continue;
		gate_text(fact, text, sizeof(text));
		list_add(&list, text);
	}
	list_end(&list);
}

void explain_text(const struct policy_config *config, const char *target, double ts,
		  const struct policy_input *input, const struct policy_decision *decision,
		  const struct whatif *would, size_t n, struct buf *out)
{
	char text[WHATIF_TEXT_MAX];

	text_head(config, target, ts, decision, out);
	text_window(input, out);
	text_traffic(&input->traffic, out);
	text_estimates(decision, out);
	text_gates(decision, true, "pass", out);
	text_gates(decision, false, "fail", out);
	for (size_t i = 0; i < n; i++) {
		whatif_text(&would[i], text);
		buf_printf(out, "  %s\n", text);
	}
}
