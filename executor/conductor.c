/* Shell. One look at Docker's list, one decision, the steps it asks for, and a word about what is
 * over; and again when anything changed.  What is decided is decided by the pure parts. */
#include "executor/conductor.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/service.h"
#include "executor/herald.h"
#include "executor/inbox.h"
#include "executor/lifecycle.h"
#include "executor/meters.h"
#include "executor/plans.h"
#include "executor/reconcile.h"
#include "executor/report.h"
#include "executor/tenure.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RESYNC_MS = 15000,
	BURST_MS = 20,       /* events come in bursts */
	RETRY_MS = 1000,     /* after a list that failed */
	PLAN_SLACK_SEC = 60, /* for Docker's own part in what a plan asks */
};

/* Docker announces a death before its list shows it, by as long as cleaning up takes.  So after an
 * event there are some more looks, each that much after the last. */
static const uint64_t echoes_ms[] = {100, 400, 1500};
#define ECHOES (sizeof(echoes_ms) / sizeof(echoes_ms[0]))

struct restart_report { /* the plan that asked for a restart under way */
	char id[MESSAGE_ID_MAX];
	char reason[MESSAGE_TEXT_MAX];
	int before;
	uint64_t began_ms;
};

struct conductor {
	const struct executor_config *config;
	struct docker *docker;
	struct lease *lease;
	struct tenure tenure;
	struct lifecycle *lifecycle;
	struct reconcile *reconcile;
	struct inbox inbox;
	struct report report;
	struct restart_report restart;
	double newest_plan_sec; /* when the newest one that was followed was decided; 0: none */
	int recorded_wanted;    /* in the newest result of whoever acts; -1: none yet */
	int64_t recorded_lease; /* of that result */

	uv_timer_t timer; /* the next look */
	bool bus_up, live;
	bool listing;    /* one list at a time */
	bool list_again; /* another look was due meanwhile */
	size_t echo;     /* looks since the last event, ECHOES when there are enough */
	bool list_old;   /* a step ended meanwhile, so the list may show what was before it */
	struct herald herald;

	struct meters meters;
};

static const char *const step_names[STEP_KINDS] = {
	[STEP_CREATE] = "create",   [STEP_RENAME] = "rename", [STEP_STOP] = "stop",
	[STEP_RESTART] = "restart", [STEP_REMOVE] = "remove",
};

/* Looking ------------------------------------------------------------------------------------ */

static void on_list(int err, const char *error, const struct docker_container *list, size_t n,
		    void *cookie);

static void on_timer(uv_timer_t *timer)
{
	struct conductor *c = timer->data;

	if (c->listing) {
		c->list_again = true;
		return;
	}
	c->listing = true;
	c->list_again = c->list_old = false;
	docker_list(c->docker, on_list, c);
}

/* Look in ${in_ms} at the latest. */
static void look(struct conductor *c, uint64_t in_ms)
{
	if (!c->live)
		return;
	uv_update_time(c->timer.loop);
	if (!uv_is_active((uv_handle_t *)&c->timer) || uv_timer_get_due_in(&c->timer) > in_ms)
		uv_timer_start(&c->timer, on_timer, in_ms, 0);
}

/* Telling ------------------------------------------------------------------------------------ */

static void tell(struct conductor *c, const struct message_plan *plan, enum message_status status,
		 const char *message, int running)
{
	struct message_result result = {
		.action = plan->action,
		.status = status,
		.replicas_before = running,
		.replicas_after = running,
		.wanted = reconcile_wanted(c->reconcile),
	};

	memcpy(result.id, plan->id, sizeof(result.id));
	memcpy(result.reason, plan->reason, sizeof(result.reason));
	snprintf(result.message, sizeof(result.message), "%s", message);
	herald_publish(&c->herald, &result);
}

static void tell_unready(struct conductor *c, const struct reconcile_out *out)
{
	for (size_t i = 0; i < out->unready_n; i++) {
		struct message_plan none = {.action = ACTION_SCALE_DOWN};
		char text[MESSAGE_TEXT_MAX];

		snprintf(none.reason, sizeof(none.reason), "%s never got a request",
			 out->unready[i]);
		snprintf(text, sizeof(text),
			 "%s was not in rotation %d s after its start and is removed: see its log, "
			 "whether it listens on port %d, and whether the watcher runs",
			 out->unready[i], c->config->ready_timeout_sec, c->config->app_port);
		tell(c, &none, STATUS_ERROR, text, out->running);
	}
}

static void tell_restart(struct conductor *c, const struct reconcile_out *out)
{
	struct message_result result = {
		.action = ACTION_RESTART,
		.status = out->restart == RESTART_DONE ? STATUS_OK : STATUS_ERROR,
		.replicas_before = c->restart.before,
		.replicas_after = out->running,
		.wanted = reconcile_wanted(c->reconcile),
		.duration_ms = (double)(uv_now(c->timer.loop) - c->restart.began_ms),
	};

	if (out->restart == RESTART_NO_NEWS)
		return;
	memcpy(result.id, c->restart.id, sizeof(result.id));
	memcpy(result.reason, c->restart.reason, sizeof(result.reason));
	memcpy(result.message, out->restart_message, sizeof(result.message));
	herald_publish(&c->herald, &result);
}

static struct report_now report_now(const struct conductor *c, const struct reconcile_out *out)
{
	const struct step *busy = NULL;

	return (struct report_now){
		.running = out->running,
		.leaving = out->leaving,
		.busy = lifecycle_busy(c->lifecycle, &busy),
		.settled = out->settled,
		.now_ms = uv_now(c->timer.loop),
	};
}

/* What is to be done though no plan asked for it. */
static void begin_repair(struct conductor *c, const struct reconcile_out *out)
{
	struct report *r = &c->report;
	int wanted = reconcile_wanted(c->reconcile);

	if (r->active || out->reason[0] == '\0' || reconcile_restarting(c->reconcile))
		return;
	*r = (struct report){
		.active = true,
		.own = true,
		.action = out->running < wanted ? ACTION_SCALE_UP : ACTION_SCALE_DOWN,
		.before = out->running,
		.wanted = wanted,
		.began_ms = uv_now(c->timer.loop),
	};
	memcpy(r->reason, out->reason, sizeof(r->reason));
}

static void tell_progress(struct conductor *c, const struct reconcile_out *out)
{
	struct report_now now = report_now(c, out);
	struct message_result result;

	if (report_finish(&c->report, &now, &result))
		herald_publish(&c->herald, &result);
	begin_repair(c, out);
}

/* Plans -------------------------------------------------------------------------------------- */

static void begin_scale(struct conductor *c, const struct inbox_entry *entry,
			const struct plan_judgement *j, const struct fleet *f)
{
	const struct message_plan *plan = &entry->plan;
	const struct executor_config *config = c->config;
	struct reconcile_out now = {.running = fleet_running(f), .leaving = fleet_leaving(f)};
	struct report_now so_far = report_now(c, &now);
	struct message_result result;

	if (c->report.active && report_supersede(&c->report, plan->id, &so_far, &result))
		herald_publish(&c->herald, &result);
	reconcile_want(c->reconcile, j->wanted);
	c->newest_plan_sec = plan_decided_sec(plan, entry->heard_sec);
	c->report = (struct report){
		.active = true,
		.action = plan->action,
		.before = now.running,
		.wanted = j->wanted,
		.began_ms = so_far.now_ms,
		.limit_ms = (uint64_t)(config->drain_timeout_sec + config->stop_timeout_sec +
				       config->ready_timeout_sec + PLAN_SLACK_SEC) *
			    1000,
	};
	memcpy(c->report.id, plan->id, sizeof(c->report.id));
	memcpy(c->report.reason, plan->reason, sizeof(c->report.reason));
	memcpy(c->report.note, j->message, sizeof(c->report.note));
}

static void begin_restart(struct conductor *c, const struct message_plan *plan,
			  const struct fleet *f)
{
	uint64_t now_ms = uv_now(c->timer.loop);
	int err = reconcile_restart(c->reconcile, now_ms);

	if (err < 0) {
		tell(c, plan, STATUS_SKIPPED, strerror(-err), fleet_running(f));
		return;
	}
	c->restart = (struct restart_report){.before = fleet_running(f), .began_ms = now_ms};
	memcpy(c->restart.id, plan->id, sizeof(c->restart.id));
	memcpy(c->restart.reason, plan->reason, sizeof(c->restart.reason));
}

static void judge_plans(struct conductor *c, const struct fleet *f)
{
	struct inbox_entry entry;
	struct plan_judgement j;

	while (inbox_take(&c->inbox, &entry)) {
		const struct plan_context context = {
			.target = c->config->target,
			.min_replicas = c->config->min_replicas,
			.max_replicas = c->config->max_replicas,
			.wanted = reconcile_wanted(c->reconcile),
			.running = fleet_running(f),
			.problem = f->problem,
			.restarting = reconcile_restarting(c->reconcile),
			.now_sec = service_wall_sec(),
			.heard_sec = entry.heard_sec,
			.newest_sec = c->newest_plan_sec,
		};

		plan_judge(&entry.plan, &context, &j);
		if (j.verdict == PLAN_SKIP)
			tell(c, &entry.plan, STATUS_SKIPPED, j.message, context.running);
		else if (j.verdict == PLAN_SCALE)
			begin_scale(c, &entry, &j, f);
		else if (j.verdict == PLAN_RESTART)
			begin_restart(c, &entry.plan, f);
	}
}

/* Deciding and doing ------------------------------------------------------------------------- */

static void on_step_done(const struct step *s, int err, const char *error, void *cookie)
{
	struct conductor *c = cookie;

	if (err != -EPERM) { /* no fault of the container's: done again when this one may act */
		reconcile_outcome(c->reconcile, s, err, error, uv_now(c->timer.loop),
				  service_random());
		if (c->report.active)
			report_step(&c->report, c->config->target, s, err, error);
	}
	metric_inc(c->meters.steps[s->kind]);
	if (err < 0) {
		metric_inc(c->meters.failures[s->kind]);
		log_warn("step failed", F_STR("step", step_names[s->kind]),
			 F_STR("container", s->name), F_STR("error", error));
	} else {
		log_info("step done", F_STR("step", step_names[s->kind]),
			 F_STR("container", s->name),
			 F_STR("new_name", s->kind == STEP_RENAME ? s->new_name : "-"));
	}
	c->list_old = true;
	look(c, 0);
}

/* This executor is the one that acts, and the past has been read back. */
static bool acting(const struct conductor *c)
{
	return c->live && c->tenure.token > 0 && lease_objection(c->lease) == NULL;
}

static void act(struct conductor *c, const struct fleet_view *view, const struct fleet *f)
{
	struct reconcile_out out;

	judge_plans(c, f);
	reconcile_decide(c->reconcile, view, &out);
	tell_unready(c, &out);
	tell_restart(c, &out);
	tell_progress(c, &out);
	for (size_t i = 0; i < out.steps_n; i++)
		lifecycle_run(c->lifecycle, &out.steps[i]); /* what is busy is asked for again */
	if (out.look_in_ms > 0)
		look(c, out.look_in_ms);
}

static void take_in(struct conductor *c, const struct docker_container *list, size_t n)
{
	struct fleet_view view = {
		.now_ms = uv_now(c->timer.loop),
		.random = service_random(),
		.bus_up = c->bus_up,
		.containers = list,
		.containers_n = n,
	};
	const struct fleet *f;

	view.busy_n = lifecycle_busy(c->lifecycle, &view.busy);
	f = reconcile_observe(c->reconcile, &view);
	herald_oddities(&c->herald, f);
	if (acting(c))
		act(c, &view, f);
	metric_set(c->meters.wanted, reconcile_wanted(c->reconcile));
	metric_set(c->meters.running, fleet_running(f));
	metric_set(c->meters.leaving, fleet_leaving(f));
}

static void on_list(int err, const char *error, const struct docker_container *list, size_t n,
		    void *cookie)
{
	struct conductor *c = cookie;

	(void)error; /* the frame says once that Docker is away */
	c->listing = false;
	if (err == 0 && !c->list_old)
		take_in(c, list, n);
	if (c->list_again || c->list_old)
		look(c, 0);
	if (c->echo < ECHOES)
		look(c, echoes_ms[c->echo++]);
	look(c, err == 0 ? RESYNC_MS : RETRY_MS);
}

/* What it is told ----------------------------------------------------------------------------- */

void conductor_plan(struct conductor *c, struct message_plan *plan, double heard_sec)
{
	struct inbox_entry lost;

	if (plan->id[0] == '\0')
		bus_new_id(plan->id);
	if (inbox_add(&c->inbox, plan, heard_sec, &lost) && acting(c))
		tell(c, &lost.plan, STATUS_SKIPPED, "too many plans were waiting", -1);
	look(c, 0);
}

void conductor_result(struct conductor *c, const struct message_result *r)
{
	int64_t newest_lease = c->live ? lease_token(c->lease) : c->recorded_lease;

	inbox_answered(&c->inbox, r->id);
	if (strcmp(r->target, c->config->target) != 0 || r->wanted < 0 ||
	    tenure_overtaken(r->lease, newest_lease))
		return;
	c->recorded_wanted = r->wanted;
	c->recorded_lease = r->lease;
	if (c->tenure.token == 0 || !c->live) /* else an own one, just published */
		reconcile_want(c->reconcile, r->wanted);
}

/* What was begun is another's now, who goes by what is there and what was recorded. */
static void stand_down(struct conductor *c)
{
	c->report = (struct report){0};
	c->restart = (struct restart_report){0};
	reconcile_abandon(c->reconcile);
	if (c->recorded_wanted >= 0)
		reconcile_want(c->reconcile, c->recorded_wanted);
}

void conductor_lease(struct conductor *c, const struct lease_news *news)
{
	enum tenure_turn turn = tenure_hear(&c->tenure, news);

	if (turn == TENURE_ENDS || turn == TENURE_RENEWS)
		stand_down(c);
	if (turn == TENURE_BEGINS || turn == TENURE_RENEWS)
		metric_inc(c->meters.takeovers);
	metric_set(c->meters.lease, news->held);
	c->herald.lease = news->token <= INT_MAX ? (int)c->tenure.token : -1;
	herald_tenure(turn, news);
	c->list_old = true; /* a list under way may be from before the other's last step */
	look(c, 0);
}

void conductor_upstreams(struct conductor *c, struct message_upstreams *m)
{
	if (strcmp(m->target, c->config->target) != 0)
		return;
	reconcile_upstreams(c->reconcile, m);
	look(c, 0);
}

void conductor_event(struct conductor *c)
{
	c->echo = 0;
	look(c, BURST_MS);
}

void conductor_bus(struct conductor *c, bool up)
{
	c->bus_up = up;
	look(c, 0);
}

void conductor_live(struct conductor *c)
{
	size_t old = inbox_drop_stale(&c->inbox, service_wall_sec());

	c->live = true;
	log_info("read back what was decided and done",
		 F_INT("wanted", reconcile_wanted(c->reconcile)),
		 F_INT("plans_to_do", (int64_t)c->inbox.n), F_INT("plans_too_old", (int64_t)old));
	look(c, 0);
}

/* -------------------------------------------------------------------------------------------- */

struct conductor *conductor_open(uv_loop_t *loop, const struct conductor_options *o)
{
	struct conductor *c = xcalloc(1, sizeof(*c));
	const struct executor_config *config = o->config;
	const struct reconcile_config limits = {
		.target = config->target,
		.min_replicas = config->min_replicas,
		.max_replicas = config->max_replicas,
		.drain_timeout_ms = (uint64_t)config->drain_timeout_sec * 1000,
		.stop_timeout_ms = (uint64_t)config->stop_timeout_sec * 1000,
		.ready_timeout_ms = (uint64_t)config->ready_timeout_sec * 1000,
	};

	c->config = config;
	c->docker = o->docker;
	c->lease = o->lease;
	c->recorded_wanted = -1;
	c->reconcile = reconcile_new(&limits);
	c->lifecycle = lifecycle_open(o->docker, config, on_step_done, c);
	herald_init(&c->herald, o->bus, config->target, o->metrics);
	meters_init(&c->meters, o->metrics);
	metric_set(c->meters.min, config->min_replicas);
	metric_set(c->meters.max, config->max_replicas);
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	return c;
}

static void on_closed(uv_handle_t *timer)
{
	free(timer->data);
}

void conductor_close(struct conductor *c)
{
	lifecycle_close(c->lifecycle);
	reconcile_free(c->reconcile);
	uv_close((uv_handle_t *)&c->timer, on_closed);
}
