/* Pure. What the model is told: its task, and the figures of the moment.  Figures only: a name, a
 * URL or a line of a log could carry somebody's instructions. */
#include "common/json.h"
#include "common/mem.h"
#include "planner/envelope.h"
#include "planner/llm_internal.h"

#include <math.h>

static const char task[] =
	"You advise the autoscaler of a web service that runs as identical replicas behind one "
	"load balancer. A controller of its own decides within safe limits; you may confirm it, "
	"correct it by one step, or adjust its thresholds.\n"
	"\n"
	"You are given one JSON object of measurements. It holds numbers and nothing else; what is "
	"missing or null is unknown.\n"
	"p95_ms: 95th percentile of latency in the newest window. baseline_ms, sigma_ms: what is "
	"normal for it, and its scatter. ratio: p95_ms / baseline_ms. slo_ms: the latency to stay "
	"below. window_sec: length of a window.\n"
	"replicas: running now. ready: those of them that serve. min_replicas, max_replicas: the "
	"limits. cooldown_left_sec: nothing can change before.\n"
	"low_windows: 1 where p95 was near normal. history: p95_ms, arrivals_rps (requests a "
	"second) and replicas of past windows. Both have the oldest first.\n"
	"\n"
	"Choose one action.\n"
	"scale_up adds a replica: latency is clearly above normal or above slo_ms, it lasts, and "
	"arrivals explain it.\n"
	"scale_down removes one: the windows are low, and the replicas that remain would carry the "
	"arrivals with a margin.\n"
	"restart: only if ready replicas stay very slow at arrivals they used to carry, and more "
	"replicas did not help.\n"
	"noop: everything else, and whenever in doubt.\n"
	"Be conservative. One bad window is noise. Replicas that are not ready have not helped "
	"yet: wait for them. Latency that did not fall when replicas were added has another cause. "
	"A replica too many is cheaper than one too few. Stay within the limits.\n"
	"\n";

/* With the ranges that verdict_parse holds an answer to. */
char *llm_instruction(void)
{
	return xasprintf(
		"%s"
		"alpha_up (%g to %g): the ratio from which the service counts as overloaded. "
		"beta_down (%g to %g, below alpha_up): the ratio up to which it counts as quiet. "
		"Propose them only if the history shows that other values than usual are needed, "
		"such as a wider band for a noisy service; else leave them out, or null.\n"
		"\n"
		"Answer with one JSON object: reason (one sentence, at most 200 characters, with "
		"the figures that decided), action, and optionally alpha_up and beta_down. No "
		"other text.",
		task, ADVICE_ALPHA_MIN, ADVICE_ALPHA_MAX, ADVICE_BETA_MIN, ADVICE_BETA_MAX);
}

/* An array shows by null that a figure is unknown, since places count. */
static void append(cJSON *array, double value, double per_unit)
{
	double rounded = round(value * per_unit) / per_unit;

	cJSON_AddItemToArray(array,
			     isfinite(rounded) ? cJSON_CreateNumber(rounded) : cJSON_CreateNull());
}

static void add_low_windows(cJSON *o, const struct llm_question *q)
{
	if (!q->low_windows_n)
		return;

	cJSON *flags = cJSON_AddArrayToObject(o, "low_windows");
	for (int i = 0; i < q->low_windows_n; i++)
		append(flags, q->low_windows[i], 1);
}

/* By columns, which takes half the tokens of an object a window. */
static void add_history(cJSON *o, const struct llm_question *q)
{
	if (!q->history_n)
		return;

	cJSON *history = cJSON_AddObjectToObject(o, "history");
	cJSON *p95_ms = cJSON_AddArrayToObject(history, "p95_ms");
	cJSON *arrivals_rps = cJSON_AddArrayToObject(history, "arrivals_rps");
	cJSON *replicas = cJSON_AddArrayToObject(history, "replicas");
	for (int i = 0; i < q->history_n; i++) {
		append(p95_ms, q->history[i].p95_ms, 10);
		append(arrivals_rps, q->history[i].arrivals_rps, 10);
		append(replicas, q->history[i].replicas, 1);
	}
}

char *llm_figures(const struct llm_question *q)
{
	cJSON *o = cJSON_CreateObject();

	json_add_round(o, "p95_ms", q->p95_ms, 1);
	json_add_round(o, "baseline_ms", q->baseline_ms, 1);
	json_add_round(o, "sigma_ms", q->sigma_ms, 1);
	json_add_round(o, "ratio", q->ratio, 2);
	json_add_round(o, "slo_ms", q->slo_ms, 1);
	json_add_round(o, "window_sec", q->window_sec, 1);
	json_add_num(o, "replicas", q->replicas);
	if (q->ready >= 0)
		json_add_num(o, "ready", q->ready);
	json_add_num(o, "min_replicas", q->min_replicas);
	json_add_num(o, "max_replicas", q->max_replicas);
	json_add_round(o, "cooldown_left_sec", q->cooldown_left_sec, 0);
	add_low_windows(o, q);
	add_history(o, q);

	char *text = json_print(o);
	cJSON_Delete(o);
	return text;
}
