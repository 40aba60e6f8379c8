/* Pure. Counting replicas; see replicas.h. */
#include "monitor/replicas.h"

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
