/* Pure. The last word of the watcher, and the drained containers of its last words. */
#include "executor/rotation.h"

#include <stdlib.h>
#include <string.h>

static bool same(const struct message_server *s, const char *id, const char *name)
{
	return s->id[0] != '\0' ? strcmp(s->id, id) == 0 : strcmp(s->name, name) == 0;
}

/* The entry for ${who}, or the one to overwrite: a free one, else the oldest. */
static struct rotation_drained *slot_for(struct rotation *r, const struct message_server *who)
{
	struct rotation_drained *oldest = &r->drained[0];

	for (size_t i = 0; i < ROTATION_DRAINED_MAX; i++) {
		struct rotation_drained *d = &r->drained[i];

		if (d->seq > 0 && strcmp(d->who.id, who->id) == 0 &&
		    strcmp(d->who.name, who->name) == 0)
			return d;
		if (d->seq < oldest->seq)
			oldest = d;
	}
	return oldest;
}

/* Whoever gets requests again is not drained, whatever was said before. */
static void forget_returned(struct rotation *r)
{
	for (size_t i = 0; i < ROTATION_DRAINED_MAX; i++) {
		struct rotation_drained *d = &r->drained[i];

		if (d->seq > 0 && rotation_has(r, d->who.id, d->who.name))
			d->seq = 0;
	}
}

void rotation_take(struct rotation *r, struct message_upstreams *m)
{
	free(r->servers);
	r->servers = m->servers;
	r->servers_n = m->servers_n;
	m->servers = NULL;
	m->servers_n = 0;
	r->seq++;
	forget_returned(r);
	for (size_t i = 0; i < m->drained_n; i++) {
		struct rotation_drained *d = slot_for(r, &m->drained[i]);

		d->who = m->drained[i];
		d->seq = r->seq;
	}
}

void rotation_done(struct rotation *r)
{
	free(r->servers);
	*r = (struct rotation){0};
}

bool rotation_has(const struct rotation *r, const char *id, const char *name)
{
	for (size_t i = 0; i < r->servers_n; i++)
		if (same(&r->servers[i], id, name))
			return true;
	return false;
}

bool rotation_is_drained(const struct rotation *r, const char *target, const char *id, int n,
			 uint64_t seq)
{
	char drain_name[REPLICA_NAME_MAX], name[REPLICA_NAME_MAX];

	replica_format(target, REPLICA_DRAIN, n, drain_name);
	replica_format(target, n == 0 ? REPLICA_TEMPLATE : REPLICA_DUP, n, name);
	for (size_t i = 0; i < ROTATION_DRAINED_MAX; i++) {
		const struct rotation_drained *d = &r->drained[i];

		if (d->seq == 0)
			continue;
		if (d->who.id[0] != '\0' ? strcmp(d->who.id, id) == 0
					 : d->seq > seq && (strcmp(d->who.name, drain_name) == 0 ||
							    strcmp(d->who.name, name) == 0))
			return true;
	}
	return false;
}
