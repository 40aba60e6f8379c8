/* Wiring. The planner: alerts in, one plan each out.
 *
 * What it knows is a fold over the streams of alerts, results and advice, and of its own plans, for
 * what was learned longer ago than the alerts reach back: at the start they are read back through
 * the same policy, from their beginnings and silently.  What comes after is answered. */
#include "common/bucket.h"
#include "common/log.h"
#include "common/message.h"
#include "common/service.h"
#include "common/service_malformed.h"
#include "planner/config.h"
#include "planner/consult.h"
#include "planner/explainer.h"
#include "planner/fold.h"
#include "planner/gauges.h"
#include "planner/plan.h"
#include "planner/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Errors published about alerts that cannot be answered: that many at once, then one in so long.  A
 * flood of alerts shall not become one of errors. */
enum { REFUSALS_AT_ONCE = 256, REFUSAL_MS = 100 };

struct planner {
	struct planner_config config;
	struct targets *targets;
	struct bus *bus;
	struct consult *consult;
	struct malformed malformed;
	struct bucket refusals;

	struct metric *alerts, *dropped;
	struct metric *plans[ACTION_SCALE_DOWN + 1]; /* by enum message_action */
	struct gauges gauges;
};

#define PLANS       "agentic_planner_plans_total"
#define ROW(member) offsetof(struct planner, member)

static const struct metric_row metric_rows[] = {
	{METRIC_COUNTER, "agentic_planner_alerts_total", NULL,
	 "Alerts that were answered with a plan", ROW(alerts)},
	{METRIC_COUNTER, PLANS, "action=\"noop\"", "Plans published", ROW(plans[ACTION_NOOP])},
	{METRIC_COUNTER, PLANS, "action=\"restart\"", "Plans published",
	 ROW(plans[ACTION_RESTART])},
	{METRIC_COUNTER, PLANS, "action=\"scale_up\"", "Plans published",
	 ROW(plans[ACTION_SCALE_UP])},
	{METRIC_COUNTER, PLANS, "action=\"scale_down\"", "Plans published",
	 ROW(plans[ACTION_SCALE_DOWN])},
	{METRIC_COUNTER, "agentic_planner_malformed_total", NULL, "Messages that could not be used",
	 ROW(malformed.count)},
	{METRIC_COUNTER, "agentic_planner_messages_dropped_total", NULL,
	 "Messages given up because Redis was away too long", ROW(dropped)},
	{0},
};

/* Publish ${text}, which is freed. */
static void publish(struct planner *p, const char *channel, char *text)
{
	metric_add(p->dropped, bus_publish(p->bus, channel, text));
	free(text);
}

static void publish_advice(char *text, void *cookie)
{
	publish(cookie, CHANNEL_ADVICE, text);
}

/* An alert that cannot be answered with a plan: say so to whoever waits for one. */
static void refuse(struct planner *p, const struct bus_message *m, const char *cause)
{
	char id[33];

	if (m->replayed)
		return; /* was complained about when it was new */
	malformed_skip(&p->malformed, m, cause);
	if (!bucket_take(&p->refusals, uv_hrtime() / 1000000))
		return;
	bus_new_id(id);
	publish(p, CHANNEL_ACTIONS,
		message_plan_error_encode(id, service_wall_sec(), cause, m->text, m->len));
}

static void publish_plan(struct planner *p, const struct message_alert *alert,
			 const struct brain_decided *decided)
{
	struct message_plan plan;

	plan_make(&p->config.policy, alert, decided, &plan);
	plan.ts = service_wall_sec();
	bus_new_id(plan.id);
	publish(p, CHANNEL_ACTIONS, message_plan_encode(&plan));

	metric_inc(p->alerts);
	metric_inc(p->plans[plan.action]);
	if (plan.action != ACTION_NOOP)
		log_info("plan", F_STR("action", message_action_name(plan.action)),
			 F_STR("target", plan.target), F_STR("reason", plan.reason),
			 F_INT("replicas", plan.replicas), F_INT("running", alert->replicas),
			 F_NUM("p95_ms", plan.p95_ms), F_NUM("baseline_ms", plan.baseline_ms),
			 F_STR("id", plan.id));
	message_plan_done(&plan);
}

static void publish_judged(struct planner *p, const char *target,
			   const struct brain_decided *decided)
{
	for (size_t i = 0; i < decided->judged_n; i++) {
		struct message_judged judged = decided->judged[i];
		bus_new_id(judged.id);
		judged.ts = service_wall_sec();
		memcpy(judged.target, target, sizeof(judged.target));
		publish(p, CHANNEL_ADVICE, message_judged_encode(&judged));
	}
}

static bool configured(const struct planner *p, const char *target)
{
	return !strcmp(target, p->config.target);
}

static void decide(struct planner *p, const struct bus_message *m,
		   const struct message_alert *alert, struct brain *brain)
{
	struct brain_decided decided;
	uint64_t began_ns = uv_hrtime();

	brain_alert(brain, alert, m->time_ms, !m->replayed, &decided);
	if (configured(p, alert->target))
		gauges_window(&p->gauges, alert, &decided.decision);
	if (m->replayed) {
		if (configured(p, alert->target))
			consult_replayed(p->consult, brain);
		return;
	}
	publish_plan(p, alert, &decided);
	publish_judged(p, alert->target, &decided);
	if (!configured(p, alert->target))
		return;
	gauges_answered(&p->gauges, alert, &decided.decision, service_wall_sec(),
			uv_hrtime() - began_ns);
	consult_about(p->consult, alert, brain, &decided);
}

static void take_alert(struct planner *p, const struct bus_message *m,
		       const struct message_alert *alert)
{
	struct brain *brain = targets_add(p->targets, alert->target);

	if (brain)
		decide(p, m, alert, brain);
	else
		refuse(p, m, "more targets than the planner can remember");
}

/* Results, advice, earlier plans. */
static void take_in(struct planner *p, const struct bus_message *m, const struct fold_message *f)
{
	fold_apply(p->targets, p->config.target, f);
	if (f->kind == FOLD_RESULT && configured(p, f->result.target) && f->result.wanted >= 0)
		metric_set(p->gauges.wanted, f->result.wanted);
	if (f->kind != FOLD_ADVICE || !configured(p, f->advice.target))
		return;
	const struct brain *brain = targets_find(p->targets, f->advice.target);
	if (brain)
		consult_heard(p->consult, &f->advice, brain, m->replayed);
}

static void on_message(const struct bus_message *m, void *cookie)
{
	struct planner *p = cookie;
	bool of_plans = !strcmp(m->channel, CHANNEL_ACTIONS);
	struct fold_message f;
	struct message_error error;

	if (of_plans && !m->replayed)
		return; /* its own */
	if (fold_decode(m->channel, m->text, m->len, p->config.target, &f, &error)) {
		if (!strcmp(m->channel, CHANNEL_ALERTS))
			refuse(p, m, error.text);
		else if (!m->replayed)
			malformed_skip(&p->malformed, m, error.text);
		return;
	}
	if (f.kind == FOLD_ALERT)
		take_alert(p, m, &f.alert);
	else
		take_in(p, m, &f);
	fold_done(&f);
}

static void on_live(void *cookie)
{
	const struct planner *p = cookie;

	log_info("memory read back", F_STR("policy", policy_label(&p->config.policy)),
		 F_INT("targets", (int64_t)targets_count(p->targets)));
}

static void describe(struct message_heartbeat *beat, void *cookie)
{
	const struct planner *p = cookie;

	consult_describe(p->consult, &beat->advisor);
}

int main(int argc, char **argv)
{
	struct planner p = {0};
	const struct service_spec spec = {
		.name = "planner",
		.summary = "decides from each alert whether replicas should be added or removed",
		.uses = SERVICE_REDIS,
		.settings = planner_settings,
		.config = &p.config,
		.check = planner_config_check,
		.option = planner_config_option,
		.options_help = planner_options_help,
	};
	const struct bus_options options = {
		.channels = {CHANNEL_ALERTS, CHANNEL_RESULTS, CHANNEL_ADVICE, CHANNEL_ACTIONS},
		.channels_n = 4,
		.replay_since_ms = 1,
		.on_message = on_message,
		.on_live = on_live,
		.cookie = &p,
	};

	struct service *service = service_start(&spec, argc, argv);
	if (p.config.explain)
		exit(explainer_run(&p.config.policy, p.config.target, stdin, stdout, stderr));

	metrics_add_table(service_metrics(service), metric_rows, &p);
	gauges_init(&p.gauges, service_metrics(service));
	bucket_init(&p.refusals, REFUSALS_AT_ONCE, REFUSAL_MS);
	p.targets = targets_new(&p.config.policy, p.config.target);
	p.consult = consult_open(service_loop(service), &p.config.advisor, service_metrics(service),
				 publish_advice, &p);
	p.bus = service_bus(service, &options);
	service_heartbeat(service, p.bus, p.config.target, describe, &p);
	service_run(service);
	consult_close(p.consult);
	bus_close(p.bus);
	targets_free(p.targets);
	return service_finish(service);
}
