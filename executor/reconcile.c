/* Pure. Every look: finish what leaves, clear away what is dead, give up what never serves, then
 * bring the number to what is wanted, then go on with a rolling restart. */
#include "executor/reconcile.h"

#include "common/mem.h"
#include "executor/restart.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESTART_SLACK_MS = 30000 }; /* for Docker's own part of taking out and bringing back */

struct reconcile {
	struct reconcile_config config;
	int wanted; /* inside the bounds; -1: not known */
	struct rotation rotation;
	struct fleet fleet;
	struct restart restart;
	struct backoff creations; /* that came to nothing */
	uint64_t create_at_ms;    /* none before this */
};

/* One decision in the making. */
struct decision {
	struct reconcile *r;
	struct fleet *fleet;
	const struct fleet_view *view;
	struct reconcile_out *out;
};

static struct backoff new_backoff(void)
{
	return (struct backoff){.base_ms = RECONCILE_BACKOFF_BASE_MS,
				.max_ms = RECONCILE_BACKOFF_MAX_MS};
}

struct reconcile *reconcile_new(const struct reconcile_config *config)
{
	struct reconcile *r = xcalloc(1, sizeof(*r));

	r->config = *config;
	r->wanted = -1;
	r->creations = new_backoff();
	return r;
}

void reconcile_free(struct reconcile *r)
{
	rotation_done(&r->rotation);
	fleet_done(&r->fleet);
	restart_end(&r->restart);
	free(r);
}

static int clamp(const struct reconcile *r, int n)
{
	if (n < r->config.min_replicas)
		return r->config.min_replicas;
	return n > r->config.max_replicas ? r->config.max_replicas : n;
}

void reconcile_want(struct reconcile *r, int replicas)
{
	r->wanted = clamp(r, replicas);
}

int reconcile_wanted(const struct reconcile *r)
{
	return r->wanted;
}

/* The wanted count, and one more where a restart would leave nobody to serve. */
static int wanted_now(const struct reconcile *r)
{
	return r->restart.active && r->restart.surge && r->wanted < 2 ? clamp(r, 2) : r->wanted;
}

void reconcile_upstreams(struct reconcile *r, struct message_upstreams *m)
{
	rotation_take(&r->rotation, m);
}

const struct fleet *reconcile_observe(struct reconcile *r, const struct fleet_view *v)
{
	fleet_observe(&r->fleet, r->config.target, r->config.ready_timeout_ms, &r->rotation, v);
	return &r->fleet;
}

/* Steps ------------------------------------------------------------------------------------- */

static void look_at(struct decision *d, uint64_t at_ms)
{
	uint64_t in_ms = at_ms > d->view->now_ms ? at_ms - d->view->now_ms : 1;

	if (d->out->look_in_ms == 0 || in_ms < d->out->look_in_ms)
		d->out->look_in_ms = in_ms;
}

__attribute__((format(printf, 2, 3))) static void because(struct decision *d, const char *fmt, ...)
{
	va_list args;

	if (d->out->reason[0] != '\0') /* the first cause is the one to tell */
		return;
	va_start(args, fmt);
	vsnprintf(d->out->reason, sizeof(d->out->reason), fmt, args);
	va_end(args);
}

static bool can_act(struct decision *d, const struct member *m)
{
	if (m->busy)
		return false;
	if (d->view->now_ms >= m->retry_at_ms)
		return true;
	look_at(d, m->retry_at_ms);
	return false;
}

static struct step *new_step(struct decision *d, enum step_kind kind, int n)
{
	struct step *s;

	if (d->out->steps_n == RECONCILE_STEPS_MAX) {
		look_at(d, 0);
		return NULL;
	}
	s = &d->out->steps[d->out->steps_n++];
	s->kind = kind;
	s->n = n;
	return s;
}

static struct step *act(struct decision *d, enum step_kind kind, struct member *m)
{
	struct step *s = can_act(d, m) ? new_step(d, kind, m->n) : NULL;

	if (s == NULL)
		return NULL;
	memcpy(s->id, m->id, sizeof(s->id));
	memcpy(s->name, m->name, sizeof(s->name));
	m->busy = true;
	return s;
}

/* Out of rotation: the new name is what the watcher and a later executor go by. */
static bool send_out(struct decision *d, struct member *m)
{
	struct step *s = act(d, STEP_RENAME, m);

	if (s == NULL)
		return false;
	replica_format(d->r->config.target, REPLICA_DRAIN, m->n, s->new_name);
	m->leaving = m->role == REPLICA_DUP;
	m->drain_seq = d->r->rotation.seq;
	m->drain_seq_known = true;
	return true;
}

static void creation_failed(struct reconcile *r, uint64_t now_ms, uint32_t random)
{
	/* Several that were begun together are one failure. */
	if (now_ms >= r->create_at_ms)
		r->create_at_ms = now_ms + backoff_next_ms(&r->creations, random);
}

/* What leaves -------------------------------------------------------------------------------- */

static bool may_stop(struct decision *d, const struct member *m)
{
	const struct reconcile_config *c = &d->r->config;
	uint64_t deadline_ms = m->drain_since_ms + c->drain_timeout_ms;

	if (d->view->now_ms >= deadline_ms ||
	    rotation_is_drained(&d->r->rotation, c->target, m->id, m->n, m->drain_seq))
		return true;
	look_at(d, deadline_ms);
	return false;
}

static void finish_replica(struct decision *d, struct member *m)
{
	char was[REPLICA_NAME_MAX];

	replica_format(d->r->config.target, REPLICA_DUP, m->n, was);
	because(d, "%s is on its way out", was);
	switch (m->state) {
	case DOCKER_RUNNING:
	case DOCKER_PAUSED:
	case DOCKER_RESTARTING:
		if (may_stop(d, m))
			act(d, STEP_STOP, m);
		break;
	case DOCKER_CREATED:
	case DOCKER_EXITED:
	case DOCKER_DEAD:
		act(d, STEP_REMOVE, m);
		break;
	default:
		break;
	}
}

static void finish_template(struct decision *d, struct member *m)
{
	struct step *s;

	because(d, "%s is being restarted", d->r->config.target);
	if (m->restarted) {
		s = act(d, STEP_RENAME, m);
		if (s != NULL)
			replica_format(d->r->config.target, REPLICA_TEMPLATE, 0, s->new_name);
	} else if (!fleet_alive(m->state) || may_stop(d, m)) {
		act(d, STEP_RESTART, m);
	}
}

static void finish_leaving(struct decision *d)
{
	for (size_t i = 0; i < d->fleet->members_n; i++) {
		struct member *m = &d->fleet->members[i];

		if (m->role != REPLICA_DRAIN)
			continue;
		if (m->n > 0)
			finish_replica(d, m);
		else if (m == d->fleet->template)
			finish_template(d, m);
	}
}

/* What is of no use -------------------------------------------------------------------------- */

/* A dead one is removed and so replaced.  One that was never started was left by an executor that
 * ended in the middle, perhaps without all its networks: removed likewise. */
static void clear_dead(struct decision *d)
{
	for (size_t i = 0; i < d->fleet->members_n; i++) {
		struct member *m = &d->fleet->members[i];
		bool created = m->state == DOCKER_CREATED;

		if (m->role != REPLICA_DUP || m->busy ||
		    (!created && m->state != DOCKER_EXITED && m->state != DOCKER_DEAD))
			continue;
		because(d, created ? "%s was never started" : "%s has exited", m->name);
		if (!created && !m->proven && !m->failed) {
			m->failed = true;
			creation_failed(d->r, d->view->now_ms, d->view->random);
		}
		act(d, STEP_REMOVE, m);
	}
}

static void give_up(struct decision *d, struct member *m)
{
	struct reconcile_out *out = d->out;

	because(d, "%s was not in rotation in time", m->name);
	if (!send_out(d, m) || m->failed)
		return;
	m->failed = true;
	creation_failed(d->r, d->view->now_ms, d->view->random);
	if (out->unready_n < RECONCILE_UNREADY_MAX)
		memcpy(out->unready[out->unready_n++], m->name, sizeof(m->name));
}

/* Only a replica that has never served is given up: when all lose readiness at once, what they
 * depend on is down, and fewer replicas would not bring it back. */
static void drop_unready(struct decision *d)
{
	for (size_t i = 0; d->fleet->watched && i < d->fleet->members_n; i++) {
		struct member *m = &d->fleet->members[i];
		uint64_t deadline_ms = m->running_since_ms + d->r->config.ready_timeout_ms;

		if (m->role != REPLICA_DUP || m->proven || m->busy ||
		    (m->state != DOCKER_RUNNING && m->state != DOCKER_RESTARTING))
			continue;
		if (d->view->now_ms >= deadline_ms)
			give_up(d, m);
		else
			look_at(d, deadline_ms);
	}
}

/* The number --------------------------------------------------------------------------------- */

static void create(struct decision *d, int missing)
{
	const struct member *template = d->fleet->template;
	int n = 0, under_way = 0;

	if (d->view->now_ms < d->r->create_at_ms) {
		look_at(d, d->r->create_at_ms);
		return;
	}
	for (size_t i = 0; i < d->view->busy_n; i++)
		under_way += d->view->busy[i].kind == STEP_CREATE;
	for (; missing > 0 && under_way < RECONCILE_CREATE_MAX; missing--, under_way++) {
		struct step *s;

		n = fleet_free_number(d->fleet, n + 1);
		s = new_step(d, STEP_CREATE, n);
		if (s == NULL)
			return;
		memcpy(s->id, template->id, sizeof(s->id));
		replica_format(d->r->config.target, REPLICA_DUP, n, s->name);
	}
}

static int newest_first(const void *a, const void *b)
{
	const struct member *x = *(struct member *const *)a, *y = *(struct member *const *)b;

	if (x->created_sec != y->created_sec)
		return x->created_sec < y->created_sec ? 1 : -1;
	return (x->n < y->n) - (x->n > y->n);
}

static int serving(const struct fleet *f)
{
	int n = 0;

	for (size_t i = 0; i < f->members_n; i++)
		n += f->members[i].in_rotation && fleet_is_live(f, &f->members[i]) &&
		     f->members[i].role != REPLICA_DRAIN;
	return n;
}

static void shed(struct decision *d, int surplus)
{
	struct fleet *f = d->fleet;
	struct member **dups = xcalloc(f->members_n, sizeof(struct member *));
	size_t n = 0;

	for (size_t i = 0; i < f->members_n; i++)
		if (f->members[i].role == REPLICA_DUP && fleet_is_live(f, &f->members[i]))
			dups[n++] = &f->members[i];
	qsort(dups, n, sizeof(struct member *), newest_first);
	/* The newest of all are those still under creation: they go when they are there. */
	surplus -= f->creating;
	for (size_t i = 0; i < n && surplus > 0; i++) {
		if (dups[i]->in_rotation && serving(f) == 1)
			continue; /* never the last that serves */
		surplus--;
		send_out(d, dups[i]);
	}
	free(dups);
}

static void balance(struct decision *d)
{
	int live = fleet_live(d->fleet), wanted = wanted_now(d->r);

	if (live < wanted) {
		because(d, "%d of %d replicas are there", live, wanted);
		create(d, wanted - live);
	} else if (live > wanted) {
		because(d, "%d replicas are there, %d are wanted", live, wanted);
		shed(d, live - wanted);
	}
}

/* Restart ------------------------------------------------------------------------------------ */

int reconcile_restart(struct reconcile *r, uint64_t now_ms)
{
	if (r->restart.active)
		return -EALREADY;
	if (r->config.max_replicas < 2)
		return -ENOTSUP;
	restart_begin(&r->restart, &r->fleet, now_ms);
	return 0;
}

bool reconcile_restarting(const struct reconcile *r)
{
	return r->restart.active;
}

void reconcile_abandon(struct reconcile *r)
{
	restart_end(&r->restart);
}

static void end_restart(struct decision *d, enum restart_news news)
{
	struct restart *r = &d->r->restart;
	struct reconcile_out *out = d->out;
	const char *names = r->names[0] != '\0' ? r->names : "nothing";

	out->restart = news;
	if (news == RESTART_DONE)
		snprintf(out->restart_message, sizeof(out->restart_message), "restarted %s", names);
	else if (r->failure[0] != '\0')
		snprintf(out->restart_message, sizeof(out->restart_message), "%s", r->failure);
	else
		snprintf(out->restart_message, sizeof(out->restart_message),
			 "gave up: not all replicas came back into rotation after %s", names);
	restart_end(r);
	look_at(d, 0); /* the surge, if any, is over */
}

static void advance_restart(struct decision *d)
{
	struct restart *r = &d->r->restart;
	const struct reconcile_config *c = &d->r->config;
	uint64_t limit_ms =
		c->drain_timeout_ms + c->stop_timeout_ms + c->ready_timeout_ms + RESTART_SLACK_MS;
	struct member *m = NULL;

	switch (restart_next(r, d->fleet, d->out->settled, d->out->wanted == d->r->wanted, limit_ms,
			     d->view->now_ms, &m)) {
	case RESTART_WAIT:
		look_at(d, d->out->settled && !r->surge ? 0 : r->since_ms + limit_ms);
		break;
	case RESTART_TAKE:
		because(d, "%s is to be restarted", m->name);
		send_out(d, m);
		d->out->settled = false;
		break;
	case RESTART_FINISHED:
		end_restart(d, RESTART_DONE);
		break;
	case RESTART_GAVE_UP:
		end_restart(d, RESTART_FAILED);
		break;
	}
}

/* -------------------------------------------------------------------------------------------- */

static void learn(struct reconcile *r)
{
	if (r->wanted < 0)
		r->wanted = clamp(r, fleet_live(&r->fleet));
	if (r->fleet.proved) {
		backoff_reset(&r->creations);
		r->create_at_ms = 0;
	}
}

void reconcile_decide(struct reconcile *r, const struct fleet_view *view, struct reconcile_out *ret)
{
	struct fleet *f = &r->fleet;
	struct decision d = {.r = r, .fleet = f, .view = view, .out = ret};

	memset(ret, 0, sizeof(*ret));
	if (f->template != NULL) {
		learn(r);
		finish_leaving(&d);
		clear_dead(&d);
		drop_unready(&d);
		balance(&d);
	} else if (r->restart.active) {
		snprintf(r->restart.failure, sizeof(r->restart.failure), "%s", f->problem);
		end_restart(&d, RESTART_FAILED);
	}
	ret->wanted = r->wanted < 0 ? -1 : wanted_now(r);
	ret->running = fleet_running(f);
	ret->leaving = fleet_leaving(f);
	ret->settled = f->template != NULL && ret->steps_n == 0 && ret->leaving == 0 &&
		       view->busy_n == 0 && fleet_live(f) == ret->wanted;
	if (f->template != NULL && r->restart.active)
		advance_restart(&d);
	if (ret->settled)
		ret->reason[0] = '\0';
}

void reconcile_outcome(struct reconcile *r, const struct step *s, int err, const char *error,
		       uint64_t now_ms, uint32_t random)
{
	struct member *m = s->kind == STEP_CREATE ? NULL : fleet_find(&r->fleet, s->id);

	if (s->kind == STEP_CREATE && err < 0)
		creation_failed(r, now_ms, random);
	if (s->kind == STEP_RESTART && err < 0 && r->restart.active)
		snprintf(r->restart.failure, sizeof(r->restart.failure),
			 "%s could not be restarted: %s", r->config.target, error);
	if (m == NULL)
		return;
	/* A restart that failed is not repeated: the template gets its name back as it is. */
	if (s->kind == STEP_RESTART) {
		m->restarted = true;
	} else if (err < 0) {
		if (m->retries.max_ms == 0)
			m->retries = new_backoff();
		m->retry_at_ms = now_ms + backoff_next_ms(&m->retries, random);
	} else {
		m->retry_at_ms = 0;
		backoff_reset(&m->retries);
	}
}
