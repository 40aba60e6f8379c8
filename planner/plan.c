/* Pure. A decision as a plan. */
#include "planner/plan.h"

#include "common/json.h"
#include "planner/explain.h"

#include <string.h>

#define COST_DECIMALS 6

/* What the advisor said that this decision was taken with, beside what was decided without it. */
static cJSON *advisor_object(const struct brain_decided *decided)
{
	const struct message_advice *a = decided->advice;
	const struct policy_decision *d = &decided->decision;
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "id", a->id);
	cJSON_AddStringToObject(o, "mode", decided->shadowed ? "shadow" : "advise");
	cJSON_AddStringToObject(o, "model", a->model);
	cJSON_AddStringToObject(o, "state", a->state);
	cJSON_AddStringToObject(o, "action", message_action_name(a->action));
	cJSON_AddStringToObject(o, "reason", a->reason);
	cJSON_AddBoolToObject(o, "followed", d->advised);

	cJSON *heuristic = cJSON_AddObjectToObject(o, "heuristic");
	cJSON_AddStringToObject(heuristic, "action", message_action_name(d->heuristic));
	cJSON_AddNumberToObject(heuristic, "replicas", d->heuristic_replicas);
	return o;
}

/* How good the advisor has been, beside the reasons of the decision. */
static void add_record(cJSON *explain, const struct scorecard_totals *t)
{
	if (t->verdicts == 0)
		return;
	cJSON *o = cJSON_AddObjectToObject(explain, "record");
	cJSON_AddNumberToObject(o, "verdicts", t->verdicts);
	for (int i = JUDGED_AGREED; i <= JUDGED_NEUTRAL; i++)
		cJSON_AddNumberToObject(o, message_judgement_name((enum message_judgement)i),
					t->judged[i]);
	json_add_round(o, "cost_usd", t->cost_usd, COST_DECIMALS);
	cJSON_AddBoolToObject(o, "demoted", t->demoted);
}

void plan_make(const struct policy_config *config, const struct message_alert *alert,
	       const struct brain_decided *decided, struct message_plan *ret)
{
	const struct policy_decision *d = &decided->decision;

	*ret = (struct message_plan){
		.action = d->action,
		.replicas = d->replicas,
		.window_sec = alert->window_sec,
		.p95_ms = alert->p95_ms,
		.baseline_ms = d->baseline_ms,
		.sigma_ms = d->sigma_ms,
		.low_windows_n = d->low_windows_n,
		.telemetry_replicas = alert->replicas,
		.heard_ts = (double)decided->heard_ms / 1000,
		.explain = explain_build(config, d, decided->would, decided->would_n),
		.advisor = decided->advice ? advisor_object(decided) : NULL,
	};
	add_record(ret->explain, &decided->record);
	memcpy(ret->target, alert->target, sizeof(ret->target));
	memcpy(ret->alert, alert->id, sizeof(ret->alert));
	memcpy(ret->reason, d->reason, sizeof(ret->reason));
	memcpy(ret->low_windows, d->low_windows, sizeof(ret->low_windows));
}
