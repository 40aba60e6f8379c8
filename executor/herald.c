/* Shell. What the executor has to say. */
#include "executor/herald.h"

#include "common/log.h"
#include "common/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct metric_row metric_table[] = {
	{METRIC_COUNTER, "agentic_executor_results_dropped_total", NULL,
	 "Results given up because Redis was away too long", offsetof(struct herald, dropped)},
	{METRIC_COUNTER, "agentic_executor_results_total", "status=\"ok\"", "Results published",
	 offsetof(struct herald, results[STATUS_OK])},
	{METRIC_COUNTER, "agentic_executor_results_total", "status=\"noop\"", "Results published",
	 offsetof(struct herald, results[STATUS_NOOP])},
	{METRIC_COUNTER, "agentic_executor_results_total", "status=\"skipped\"",
	 "Results published", offsetof(struct herald, results[STATUS_SKIPPED])},
	{METRIC_COUNTER, "agentic_executor_results_total", "status=\"error\"", "Results published",
	 offsetof(struct herald, results[STATUS_ERROR])},
	{0},
};

void herald_init(struct herald *h, struct bus *bus, const char *target, struct metrics *set)
{
	*h = (struct herald){.bus = bus, .target = target};
	metrics_add_table(set, metric_table, h);
}

void herald_publish(struct herald *h, struct message_result *result)
{
	char *text;

	if (result->id[0] == '\0')
		bus_new_id(result->id);
	snprintf(result->target, sizeof(result->target), "%s", h->target);
	result->ts = service_wall_sec();
	text = message_result_encode(result);
	metric_add(h->dropped, bus_publish(h->bus, CHANNEL_RESULTS, text));
	free(text);
	metric_inc(h->results[result->status]);
	log_info("result", F_STR("action", message_action_name(result->action)),
		 F_STR("status", message_status_name(result->status)),
		 F_STR("message", result->message), F_INT("before", result->replicas_before),
		 F_INT("after", result->replicas_after), F_INT("wanted", result->wanted));
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
