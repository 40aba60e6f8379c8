/* Wiring. The planner: alerts in, one plan each out.
 *
 * What it knows is a fold over the streams of alerts and results: at the start both are read back
 * through the same policy, from their beginnings and silently.  What comes after is answered. */
#include "common/log.h"
#include "common/message.h"
#include "common/service.h"
#include "planner/config.h"
#include "planner/explain.h"
#include "planner/policy.h"
#include "planner/targets.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CAUSES_MAX    64  /* distinct complaints that are logged; more are only counted */
#define RAW_LOG_BYTES 200 /* of a message that is complained about */

struct planner {
	struct planner_config config;
	struct targets *targets;
	struct bus *bus;

	char causes[CAUSES_MAX][sizeof(((struct message_error *)NULL)->text)];
	size_t causes_n;

	struct metric *alerts, *malformed, *dropped;
	struct metric *plans[ACTION_SCALE_DOWN + 1]; /* by enum message_action */
	struct metric *p95, *baseline, *wanted;      /* of the configured TARGET only */
};

static void metrics_open(struct planner *p, struct metrics *m)
{
	static const char *const labels[] = {
		[ACTION_NOOP] = "action=\"noop\"",
		[ACTION_RESTART] = "action=\"restart\"",
		[ACTION_SCALE_UP] = "action=\"scale_up\"",
		[ACTION_SCALE_DOWN] = "action=\"scale_down\"",
	};

	p->alerts = metrics_add(m, METRIC_COUNTER, "agentic_planner_alerts_total", NULL,
				"Alerts that were answered with a plan");
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		p->plans[i] = metrics_add(m, METRIC_COUNTER, "agentic_planner_plans_total",
					  labels[i], "Plans published");
	p->malformed = metrics_add(m, METRIC_COUNTER, "agentic_planner_malformed_total", NULL,
				   "Messages that could not be used");
	p->dropped = metrics_add(m, METRIC_COUNTER, "agentic_planner_dropped_total", NULL,
				 "Messages that Redis was away too long for");
	p->p95 = metrics_add(m, METRIC_GAUGE, "agentic_planner_p95_seconds", NULL,
			     "p95 in the latest window of TARGET");
	p->baseline = metrics_add(m, METRIC_GAUGE, "agentic_planner_baseline_seconds", NULL,
				  "Baseline of TARGET");
	p->wanted = metrics_add(m, METRIC_GAUGE, "agentic_planner_wanted_replicas", NULL,
				"Replicas wanted of TARGET, the template counted");
}

/* Whether ${cause} is new; it is not from then on. */
static bool cause_is_new(struct planner *p, const char *cause)
{
	for (size_t i = 0; i < p->causes_n; i++)
		if (!strcmp(p->causes[i], cause))
			return false;
	if (p->causes_n == CAUSES_MAX)
		return false;
	strncpy(p->causes[p->causes_n++], cause, sizeof(p->causes[0]) - 1);
	return true;
}

static void complain(struct planner *p, const struct bus_message *m, const char *cause)
{
	char raw[RAW_LOG_BYTES + 1] = "";

	metric_inc(p->malformed);
	if (!cause_is_new(p, cause))
		return;
	memcpy(raw, m->text, m->len < RAW_LOG_BYTES ? m->len : RAW_LOG_BYTES);
	log_warn("message ignored", F_STR("channel", m->channel), F_STR("error", cause),
		 F_STR("raw", raw));
}

/* Publish ${text}, which is freed, on the channel of plans. */
static void publish(struct planner *p, char *text)
{
	metric_add(p->dropped, bus_publish(p->bus, CHANNEL_ACTIONS, text));
	free(text);
}

/* An alert that cannot be answered with a plan: say so to whoever waits for one. */
static void refuse(struct planner *p, const struct bus_message *m, const char *cause)
{
	char id[33];

	if (m->replayed)
		return; /* was complained about when it was new */
	complain(p, m, cause);
	bus_new_id(id);
	publish(p, message_plan_error_encode(id, service_wall_sec(), cause, m->text, m->len));
}

/* The clock of the law: when the window closed, so that a fold decides as it was decided live. */
static uint64_t law_ms(const struct message_alert *alert, const struct bus_message *m)
{
	return isnan(alert->ts) ? m->time_ms : (uint64_t)llround(alert->ts * 1000);
}

static void publish_plan(struct planner *p, const struct message_alert *alert,
			 const struct policy_decision *d)
{
	struct message_plan plan = {
		.action = d->action,
		.replicas = d->replicas,
		.ts = service_wall_sec(),
		.window_sec = alert->window_sec,
		.p95_ms = alert->p95_ms,
		.baseline_ms = d->baseline_ms,
		.sigma_ms = d->sigma_ms,
		.low_windows_n = d->low_windows_n,
		.telemetry_replicas = alert->replicas,
		.explain = explain_build(&p->config.policy, d),
	};

	bus_new_id(plan.id);
	memcpy(plan.target, alert->target, sizeof(plan.target));
	memcpy(plan.reason, d->reason, sizeof(plan.reason));
	memcpy(plan.low_windows, d->low_windows, sizeof(plan.low_windows));
	publish(p, message_plan_encode(&plan));

	metric_inc(p->alerts);
	metric_inc(p->plans[d->action]);
	if (d->action != ACTION_NOOP)
		log_info("plan", F_STR("action", message_action_name(d->action)),
			 F_STR("target", plan.target), F_STR("reason", plan.reason),
			 F_INT("replicas", plan.replicas), F_INT("running", alert->replicas),
			 F_NUM("p95_ms", plan.p95_ms), F_NUM("baseline_ms", plan.baseline_ms),
			 F_STR("id", plan.id));
	message_plan_done(&plan);
}

static void handle_alert(struct planner *p, const struct bus_message *m)
{
	struct message_alert alert;
	struct message_error error;
	struct policy_decision d;

	if (message_alert_decode(m->text, m->len, p->config.target, &alert, &error)) {
		refuse(p, m, error.text);
		return;
	}
	struct policy_state *state = targets_add(p->targets, alert.target);
	if (!state) {
		refuse(p, m, "more targets than the planner can remember");
		return;
	}

	struct policy_input input = {
		.p95_ms = alert.p95_ms,
		.success_rate = alert.success_rate,
		.replicas = alert.replicas,
		.ready = alert.ready,
		.traffic = alert.traffic,
	};
	policy_step(state, &p->config.policy, law_ms(&alert, m), &input, &d);
	if (!strcmp(alert.target, p->config.target)) {
		metric_set(p->p95, alert.p95_ms / 1000);
		metric_set(p->baseline, d.baseline_ms / 1000);
		metric_set(p->wanted, d.replicas);
	}
	if (!m->replayed)
		publish_plan(p, &alert, &d);
}

/* The count that the executor keeps after ${result}, or -1 when it does not say. */
static int result_wanted(const struct message_result *result)
{
	bool done = result->status == STATUS_OK || result->status == STATUS_NOOP;

	return done && result->wanted >= 0 ? result->wanted : result->replicas_after;
}

static void handle_result(struct planner *p, const struct bus_message *m)
{
	struct message_result result;
	struct message_upstreams upstreams;
	struct message_error error;

	int kind = message_results_decode(m->text, m->len, p->config.target, &result, &upstreams,
					  &error);
	if (kind == RESULTS_UPSTREAMS) {
		message_upstreams_done(&upstreams);
		return;
	}
	if (kind != RESULTS_RESULT) {
		if (!m->replayed)
			complain(p, m, error.text);
		return;
	}

	struct policy_state *state = targets_find(p->targets, result.target);
	int wanted = result_wanted(&result);
	if (!state || wanted < 0)
		return;
	policy_result(state, wanted);
	if (!strcmp(result.target, p->config.target))
		metric_set(p->wanted, wanted);
}

static void on_message(const struct bus_message *m, void *cookie)
{
	if (!strcmp(m->channel, CHANNEL_ALERTS))
		handle_alert(cookie, m);
	else
		handle_result(cookie, m);
}

static void on_live(void *cookie)
{
	const struct planner *p = cookie;

	log_info("memory read back", F_STR("policy", policy_label(&p->config.policy)),
		 F_INT("targets", (int64_t)targets_count(p->targets)));
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
	};
	const struct bus_options options = {
		.channels = {CHANNEL_ALERTS, CHANNEL_RESULTS},
		.channels_n = 2,
		.replay_since_ms = 1,
		.on_message = on_message,
		.on_live = on_live,
		.cookie = &p,
	};

	struct service *service = service_start(&spec, argc, argv);
	metrics_open(&p, service_metrics(service));
	p.targets = targets_new(&p.config.policy);
	p.bus = service_bus(service, &options);
	service_run(service);
	bus_close(p.bus);
	targets_free(p.targets);
	return service_finish(service);
}
