/* Pure. Counting and listing replicas; see replicas.h. */
#include "monitor/replicas.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool counts(const char *target, const char *name)
{
	enum replica_role role = replica_parse(target, name, NULL);

	return role == REPLICA_TEMPLATE || role == REPLICA_DUP;
}

int replicas_running(const struct docker_container *list, size_t n, const char *target)
{
	int running = 0;

	for (size_t i = 0; i < n; i++)
		running += list[i].state == DOCKER_RUNNING && counts(target, list[i].name);
	return running;
}

int replicas_in_rotation(const struct message_upstreams *m, const char *target)
{
	int ready = 0;

	if (strcmp(m->target, target) != 0)
		return -1;
	for (size_t i = 0; i < m->servers_n; i++)
		ready += counts(target, m->servers[i].name);
	return ready;
}

static void describe(const struct docker_container *c, enum replica_role role,
		     struct message_container *ret)
{
	snprintf(ret->name, sizeof(ret->name), "%s", c->name);
	if (role == REPLICA_DRAIN)
		ret->state = CONTAINER_DRAINING;
	else
		ret->state = c->state == DOCKER_RUNNING ? CONTAINER_STARTING : CONTAINER_DOWN;
	ret->created_ts = c->created_sec > 0 ? (double)c->created_sec : NAN;
}

size_t replicas_list(const struct docker_container *list, size_t n, const char *target,
		     struct message_container ret[MESSAGE_CONTAINERS_MAX])
{
	struct {
		enum replica_role role;
		int number;
	} ranks[MESSAGE_CONTAINERS_MAX];
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		int number = 0;
		enum replica_role role = replica_parse(target, list[i].name, &number);
		size_t at = used;

		if (role == REPLICA_NONE)
			continue;
		while (at > 0 && (ranks[at - 1].role > role ||
				  (ranks[at - 1].role == role && ranks[at - 1].number > number)))
			at--;
		if (at == MESSAGE_CONTAINERS_MAX)
			continue;
		used -= used == MESSAGE_CONTAINERS_MAX; /* the last gives way */
		memmove(&ranks[at + 1], &ranks[at], (used - at) * sizeof(ranks[0]));
		memmove(&ret[at + 1], &ret[at], (used - at) * sizeof(ret[0]));
		ranks[at].role = role;
		ranks[at].number = number;
		describe(&list[i], role, &ret[at]);
		used++;
	}
	return used;
}

static bool serves(const struct message_upstreams *upstreams, const char *name)
{
	for (size_t i = 0; i < upstreams->servers_n; i++)
		if (!strcmp(upstreams->servers[i].name, name))
			return true;
	return false;
}

void replicas_mark(struct message_container *containers, size_t n,
		   const struct message_upstreams *upstreams)
{
	for (struct message_container *c = containers; c < containers + n; c++)
		if (c->state == CONTAINER_STARTING || c->state == CONTAINER_READY)
			c->state =
				serves(upstreams, c->name) ? CONTAINER_READY : CONTAINER_STARTING;
}
