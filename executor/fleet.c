/* Pure. Docker's list becomes members; what was known of a container stays with its id. */
#include "executor/fleet.h"

#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPARE_NUMBERS = 64 }; /* free ones beyond those in use that can be told apart */

bool fleet_alive(enum docker_state state)
{
	switch (state) {
	case DOCKER_RUNNING:
	case DOCKER_PAUSED:
	case DOCKER_RESTARTING:
	case DOCKER_OTHER:
		return true;
	default:
		return false;
	}
}

struct member *fleet_find(struct fleet *f, const char *id)
{
	for (size_t i = 0; i < f->members_n; i++)
		if (strcmp(f->members[i].id, id) == 0)
			return &f->members[i];
	return NULL;
}

static bool ours(const struct docker_container *c, const char *target, enum replica_role role,
		 int n)
{
	if (role == REPLICA_TEMPLATE || (role == REPLICA_DRAIN && n == 0))
		return c->is_target;
	return role != REPLICA_NONE && strcmp(c->replica_of, target) == 0;
}

static void mark_used(struct fleet *f, int n)
{
	if (n >= 0 && (size_t)n < f->used_n)
		f->used[n] = true;
}

static void add_member(struct fleet *f, const struct docker_container *c, enum replica_role role,
		       int n, struct fleet *before)
{
	struct member *m = &f->members[f->members_n++];
	const struct member *known = fleet_find(before, c->id);

	if (known != NULL)
		*m = *known;
	memcpy(m->id, c->id, sizeof(m->id));
	memcpy(m->name, c->name, sizeof(m->name));
	m->role = role;
	m->n = n;
	m->state = c->state;
	m->created_sec = c->created_sec;
	m->busy = m->creating = m->leaving = false;
}

static void collect(struct fleet *f, const char *target, const struct fleet_view *v,
		    struct fleet *before)
{
	for (size_t i = 0; i < v->containers_n; i++) {
		const struct docker_container *c = &v->containers[i];
		int n = 0;
		enum replica_role role = replica_parse(target, c->name, &n);

		if (role == REPLICA_NONE)
			continue;
		mark_used(f, n);
		if (ours(c, target, role, n))
			add_member(f, c, role, n, before);
		else if (role == REPLICA_TEMPLATE)
			snprintf(f->problem, sizeof(f->problem),
				 "container %s lacks the label " LABEL_TARGET
				 "=true, so it is left alone: create it with that label",
				 target);
		else
			memcpy(f->stranger, c->name, sizeof(f->stranger));
	}
}

/* TARGET where there is one, labelled or not; else the one that was taken out for a restart. */
static void find_template(struct fleet *f, const char *target)
{
	if (f->problem[0] != '\0')
		return;
	for (size_t i = 0; i < f->members_n; i++) {
		struct member *m = &f->members[i];

		if (m->role == REPLICA_TEMPLATE ||
		    (m->role == REPLICA_DRAIN && m->n == 0 && f->template == NULL))
			f->template = m;
	}
	for (size_t i = 0; i < f->members_n; i++) {
		const struct member *m = &f->members[i];

		if (m->role == REPLICA_DRAIN && m->n == 0 && m != f->template)
			memcpy(f->stranger, m->name, sizeof(f->stranger));
	}
	if (f->template == NULL)
		snprintf(f->problem, sizeof(f->problem),
			 "there is no container %s with the label " LABEL_TARGET
			 "=true: start the service, or set TARGET to its container's name",
			 target);
}

static void mark_busy(struct fleet *f, const struct step *s)
{
	bool create = s->kind == STEP_CREATE;

	mark_used(f, s->n);
	for (size_t i = 0; i < f->members_n; i++) {
		struct member *m = &f->members[i];

		if (strcmp(create ? m->name : m->id, create ? s->name : s->id) != 0)
			continue;
		m->busy = true;
		m->creating = create;
		m->leaving = s->kind == STEP_RENAME && m->role == REPLICA_DUP;
		return;
	}
	f->creating += create;
}

static void prove(struct fleet *f, struct member *m, uint64_t ready_timeout_ms, uint64_t now_ms)
{
	bool long_lived = !f->watched && now_ms - m->running_since_ms >= ready_timeout_ms;

	if (m->proven || (!m->in_rotation && !long_lived))
		return;
	m->proven = true;
	f->proved |= m->role == REPLICA_DUP;
}

static void advance(struct fleet *f, struct member *m, uint64_t ready_timeout_ms,
		    const struct rotation *rotation, const struct fleet_view *v)
{
	if (fleet_alive(m->state)) {
		/* What is not heard cannot be held against anybody. */
		if (m->running_since_ms == 0 || (!m->proven && !v->bus_up))
			m->running_since_ms = v->now_ms;
		prove(f, m, ready_timeout_ms, v->now_ms);
	}
	if (m->role != REPLICA_DRAIN) {
		m->drain_since_ms = 0;
		m->restarted = false;
		return;
	}
	if (m->drain_since_ms == 0)
		m->drain_since_ms = v->now_ms;
	if (!m->drain_seq_known) {
		m->drain_seq = rotation->seq;
		m->drain_seq_known = true;
	}
}

void fleet_observe(struct fleet *f, const char *target, uint64_t ready_timeout_ms,
		   const struct rotation *rotation, const struct fleet_view *v)
{
	struct fleet before = *f;

	*f = (struct fleet){
		.members = xcalloc(v->containers_n, sizeof(*f->members)),
		.heard = v->bus_up,
		.used_n = v->containers_n + v->busy_n + SPARE_NUMBERS,
	};
	f->used = xcalloc(f->used_n, sizeof(*f->used));
	f->used[0] = true; /* the template's */
	collect(f, target, v, &before);
	find_template(f, target);
	for (size_t i = 0; i < v->busy_n; i++)
		mark_busy(f, &v->busy[i]);
	for (size_t i = 0; i < f->members_n; i++) {
		struct member *m = &f->members[i];

		m->in_rotation = fleet_alive(m->state) && rotation_has(rotation, m->id, m->name);
		f->watched |= v->bus_up && m->in_rotation;
	}
	for (size_t i = 0; i < f->members_n; i++)
		advance(f, &f->members[i], ready_timeout_ms, rotation, v);
	fleet_done(&before);
}

void fleet_done(struct fleet *f)
{
	free(f->members);
	free(f->used);
	*f = (struct fleet){0};
}

bool fleet_is_live(const struct fleet *f, const struct member *m)
{
	if (m == f->template) /* out for a restart, it comes back */
		return fleet_alive(m->state) || m->role == REPLICA_DRAIN;
	/* A replica under creation is listed before it runs. */
	return m->role == REPLICA_DUP && !m->leaving && (fleet_alive(m->state) || m->creating);
}

int fleet_live(const struct fleet *f)
{
	int n = f->creating;

	for (size_t i = 0; i < f->members_n; i++)
		n += fleet_is_live(f, &f->members[i]);
	return n;
}

int fleet_running(const struct fleet *f)
{
	int n = 0;

	for (size_t i = 0; i < f->members_n; i++) {
		const struct member *m = &f->members[i];

		n += fleet_alive(m->state) && fleet_is_live(f, m);
	}
	return n;
}

int fleet_leaving(const struct fleet *f)
{
	int n = 0;

	for (size_t i = 0; i < f->members_n; i++) {
		const struct member *m = &f->members[i];

		n += m->leaving || (m->role == REPLICA_DRAIN && (m->n > 0 || m == f->template));
	}
	return n;
}

int fleet_free_number(const struct fleet *f, int from)
{
	int n = from > 1 ? from : 1;

	while ((size_t)n < f->used_n && f->used[n])
		n++;
	return n;
}
