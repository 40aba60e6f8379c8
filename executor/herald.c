/* Shell. What the executor has to say. */
#include "executor/herald.h"

#include "common/log.h"
#include "common/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Answers to plans that changed nothing: that many at once, then one in so long. */
enum { IDLE_AT_ONCE = 256, IDLE_MS = 100 };

#define SCALINGS   "agentic_executor_scalings_total"
#define SCALINGS_H "Plans and repairs that ended with another number of running replicas"

static const struct metric_row metric_table[] = {
	{METRIC_COUNTER, "agentic_executor_results_dropped_total", NULL,
	 "Results given up because Redis was away too long", offsetof(struct herald, dropped)},
	{METRIC_COUNTER, "agentic_executor_results_withheld_total", NULL,
	 "Plans that changed nothing and got no answer, there were too many",
	 offsetof(struct herald, withheld)},
	{METRIC_COUNTER, "agentic_executor_results_total", "status=\"ok\"", "Results published",
	 offsetof(struct herald, results[STATUS_OK])},
	{METRIC_COUNTER, "agentic_executor_results_total", "status=\"noop\"", "Results published",
	 offsetof(struct herald, results[STATUS_NOOP])},
	{METRIC_COUNTER, "agentic_executor_results_total", "status=\"skipped\"",
	 "Results published", offsetof(struct herald, results[STATUS_SKIPPED])},
	{METRIC_COUNTER, "agentic_executor_results_total", "status=\"error\"", "Results published",
	 offsetof(struct herald, results[STATUS_ERROR])},
	{METRIC_COUNTER, SCALINGS, "direction=\"up\"", SCALINGS_H,
	 offsetof(struct herald, scaled_up)},
	{METRIC_COUNTER, SCALINGS, "direction=\"down\"", SCALINGS_H,
	 offsetof(struct herald, scaled_down)},
	{METRIC_HISTOGRAM_SEC, "agentic_executor_execution_duration_seconds", NULL,
	 "Time from taking up a plan or a repair to its end, of those that changed something or "
	 "failed",
	 offsetof(struct herald, times)},
	{0},
};

void herald_init(struct herald *h, struct bus *bus, const char *target, struct metrics *set)
{
	*h = (struct herald){.bus = bus, .target = target, .lease = -1};
	bucket_init(&h->idle, IDLE_AT_ONCE, IDLE_MS);
	metrics_add_table(set, metric_table, h);
}

static bool tells_of_a_change(const struct message_result *r)
{
	return r->status == STATUS_ERROR ||
	       (r->status == STATUS_OK &&
		(r->action == ACTION_RESTART || r->replicas_before != r->replicas_after));
}

static bool withhold(struct herald *h, const struct message_result *result)
{
	uint64_t now_ms = uv_hrtime() / 1000000;

	if (tells_of_a_change(result))
		return false;
	if (bucket_level(&h->idle, now_ms) > IDLE_AT_ONCE / 2.0)
		h->withholding = false; /* it has been quiet for long */
	if (bucket_take(&h->idle, now_ms))
		return false;
	if (!h->withholding)
		log_warn("too many plans that change nothing, not each is answered");
	h->withholding = true;
	metric_inc(h->withheld);
	return true;
}

static void count(struct herald *h, const struct message_result *r)
{
	int before = r->replicas_before, after = r->replicas_after;

	metric_inc(h->results[r->status]);
	if (before >= 0 && after >= 0 && before != after)
		metric_inc(after > before ? h->scaled_up : h->scaled_down);
	if (tells_of_a_change(r) && r->duration_ms > 0)
		metric_observe(h->times, r->duration_ms / 1000);
}

void herald_publish(struct herald *h, struct message_result *result)
{
	char *text;

	if (withhold(h, result))
		return;
	if (result->id[0] == '\0')
		bus_new_id(result->id);
	snprintf(result->target, sizeof(result->target), "%s", h->target);
	result->ts = service_wall_sec();
	result->lease = h->lease;
	text = message_result_encode(result);
	metric_add(h->dropped, bus_publish(h->bus, CHANNEL_RESULTS, text));
	free(text);
	count(h, result);
	log_info("result", F_STR("action", message_action_name(result->action)),
		 F_STR("status", message_status_name(result->status)),
		 F_STR("message", result->message), F_INT("before", result->replicas_before),
		 F_INT("after", result->replicas_after), F_INT("wanted", result->wanted));
}

void herald_tenure(enum tenure_turn turn, const struct lease_news *news)
{
	static const char *const words[] = {
		[TENURE_BEGINS] = "this executor acts",
		[TENURE_ENDS] = "another executor acts, standing by",
		[TENURE_RENEWS] = "this executor acts again, another did meanwhile",
	};

	if (turn != TENURE_GOES_ON)
		log_info(words[turn], F_INT("lease", news->token));
	else if (news->known && !news->ours)
		log_info("standing by", F_STR("detail", news->detail), F_INT("lease", news->token));
}

void herald_oddities(struct herald *h, const struct fleet *f)
{
	if (strcmp(f->stranger, h->stranger) != 0 && f->stranger[0] != '\0')
		log_warn("a container is named like a replica but is none, leaving it alone",
			 F_STR("container", f->stranger));
	memcpy(h->stranger, f->stranger, sizeof(h->stranger));
	if (strcmp(f->problem, h->problem) != 0) {
		if (f->problem[0] != '\0')
			log_warn("nothing to act on", F_STR("problem", f->problem));
		else
			log_info("acting on the template", F_STR("target", h->target));
	}
	memcpy(h->problem, f->problem, sizeof(h->problem));
}
