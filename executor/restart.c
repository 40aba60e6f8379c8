/* Pure. One out at a time, and the next only when all are back. */
#include "executor/restart.h"

#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void enqueue(struct restart *r, const struct member *m)
{
	memcpy(r->queue[r->queue_n++], m->id, sizeof(m->id));
}

void restart_begin(struct restart *r, const struct fleet *f, uint64_t now_ms)
{
	*r = (struct restart){
		.active = true,
		.surge = true,
		.queue = xcalloc(f->members_n, sizeof(*r->queue)),
		.since_ms = now_ms,
	};
	for (size_t i = 0; i < f->members_n; i++) {
		const struct member *m = &f->members[i];

		if (m->role == REPLICA_DUP && !m->leaving && fleet_alive(m->state))
			enqueue(r, m);
	}
	if (f->template != NULL && fleet_alive(f->template->state))
		enqueue(r, f->template);
}

void restart_end(struct restart *r)
{
	free(r->queue);
	*r = (struct restart){0};
}

static bool all_serve(const struct fleet *f)
{
	if (!f->heard)
		return false;
	for (size_t i = 0; i < f->members_n; i++) {
		const struct member *m = &f->members[i];

		if (!fleet_is_live(f, m) || !fleet_alive(m->state))
			continue;
		if (f->watched ? !m->in_rotation : m->state != DOCKER_RUNNING)
			return false;
	}
	return true;
}

/* The next one that is still there; those that went meanwhile need no restart. */
static struct member *take_next(struct restart *r, struct fleet *f)
{
	while (r->next < r->queue_n) {
		struct member *m = fleet_find(f, r->queue[r->next++]);
		size_t len = strlen(r->names);

		if (m == NULL || m->role == REPLICA_DRAIN || !fleet_alive(m->state))
			continue;
		snprintf(r->names + len, sizeof(r->names) - len, "%s%s", len > 0 ? ", " : "",
			 m->name);
		return m;
	}
	return NULL;
}

enum restart_verdict restart_next(struct restart *r, struct fleet *f, bool settled, bool enough,
				  uint64_t limit_ms, uint64_t now_ms, struct member **ret)
{
	struct member *m;

	if (r->failure[0] != '\0')
		return RESTART_GAVE_UP;
	if (!settled || !all_serve(f))
		return now_ms - r->since_ms >= limit_ms ? RESTART_GAVE_UP : RESTART_WAIT;
	r->since_ms = now_ms;
	m = take_next(r, f);
	if (m != NULL) {
		*ret = m;
		return RESTART_TAKE;
	}
	r->surge = false;
	return enough ? RESTART_FINISHED : RESTART_WAIT;
}
