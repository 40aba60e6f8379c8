/* Pure. The life of a replica as a table: what it was, what was seen, what it is now. */
#include "watcher/readiness.h"

#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum sight { /* what can be seen of a replica */
	     SIGHT_GONE,
	     SIGHT_UNCHECKED, /* running, and Docker has no health check for it */
	     SIGHT_STARTING,
	     SIGHT_HEALTHY,
	     SIGHT_UNHEALTHY,
	     SIGHT_ANSWERED,
	     SIGHTS,
};

#define GONE  READINESS_GONE
#define KNOCK READINESS_KNOCKING
#define WAIT  READINESS_WAITING
#define SICK  READINESS_SICK
#define READY READINESS_READY

/* clang-format off */
static const enum readiness_state by_path[READINESS_STATES][SIGHTS] = {
	/*                        gone  unchecked  starting  healthy  unhealthy  answered */
	[READINESS_GONE]     = {  GONE, KNOCK,     KNOCK,    KNOCK,   SICK,      GONE  },
	[READINESS_KNOCKING] = {  GONE, KNOCK,     KNOCK,    KNOCK,   SICK,      READY },
	[READINESS_WAITING]  = {  GONE, KNOCK,     KNOCK,    KNOCK,   SICK,      WAIT  },
	[READINESS_SICK]     = {  GONE, KNOCK,     KNOCK,    KNOCK,   SICK,      SICK  },
	[READINESS_READY]    = {  GONE, READY,     READY,    READY,   SICK,      READY },
};

static const enum readiness_state by_docker[READINESS_STATES][SIGHTS] = {
	/*                        gone  unchecked  starting  healthy  unhealthy  answered */
	[READINESS_GONE]     = {  GONE, KNOCK,     WAIT,     READY,   SICK,      GONE  },
	[READINESS_KNOCKING] = {  GONE, KNOCK,     WAIT,     READY,   SICK,      READY },
	[READINESS_WAITING]  = {  GONE, KNOCK,     WAIT,     READY,   SICK,      WAIT  },
	[READINESS_SICK]     = {  GONE, KNOCK,     WAIT,     READY,   SICK,      SICK  },
	[READINESS_READY]    = {  GONE, READY,     WAIT,     READY,   SICK,      READY },
};
/* clang-format on */

static const enum sight sight_of_health[] = {
	[DOCKER_HEALTH_NONE] = SIGHT_UNCHECKED,
	[DOCKER_HEALTH_STARTING] = SIGHT_STARTING,
	[DOCKER_HEALTHY] = SIGHT_HEALTHY,
	[DOCKER_UNHEALTHY] = SIGHT_UNHEALTHY,
};

void readiness_init(struct readiness *r, const char *target, bool path_set, int app_port)
{
	*r = (struct readiness){.target = target, .by_path = path_set, .app_port = app_port};
}

void readiness_free(struct readiness *r)
{
	free(r->replicas);
	r->replicas = NULL;
	r->n = 0;
}

static void see(const struct readiness *r, struct readiness_replica *replica, enum sight sight)
{
	replica->state = (r->by_path ? by_path : by_docker)[replica->state][sight];
}

static struct readiness_replica *find(const struct readiness *r, const char *id)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->replicas[i].server.id, id) == 0)
			return &r->replicas[i];
	return NULL;
}

static const struct docker_network *network_named(const struct docker_container *c,
						  const char *name)
{
	for (size_t i = 0; i < c->networks_n; i++)
		if (strcmp(c->networks[i].name, name) == 0)
			return &c->networks[i];
	return NULL;
}

bool readiness_address(const struct docker_container *c, const struct docker_container *lb,
		       int app_port, char ret[READINESS_ADDRESS_MAX])
{
	bool everywhere = network_named(lb, "host") != NULL;

	for (size_t i = 0; i < c->networks_n; i++) {
		const struct docker_network *net = &c->networks[i];

		if (net->address[0] == '\0' || !(everywhere || network_named(lb, net->name)))
			continue;
		snprintf(ret, READINESS_ADDRESS_MAX,
			 strchr(net->address, ':') ? "[%s]:%d" : "%s:%d", net->address, app_port);
		return true;
	}
	return false;
}

/* The entry of a listed candidate, new if need be; NULL when there are too many. */
static struct readiness_replica *entry(struct readiness *r, const struct docker_container *c)
{
	struct readiness_replica *replica = find(r, c->id);

	if (replica || r->n == MESSAGE_SERVERS_MAX)
		return replica;
	r->replicas = xreallocarray(r->replicas, r->n + 1, sizeof(*r->replicas));
	replica = &r->replicas[r->n++];
	*replica = (struct readiness_replica){.state = READINESS_GONE};
	snprintf(replica->server.id, sizeof(replica->server.id), "%s", c->id);
	return replica;
}

static void take_in(struct readiness *r, const struct docker_container *c,
		    const struct docker_container *lb)
{
	char address[READINESS_ADDRESS_MAX];
	int number = 0;
	enum replica_role role = replica_parse(r->target, c->name, &number);
	struct readiness_replica *replica;

	if ((role != REPLICA_TEMPLATE && role != REPLICA_DUP) || c->state != DOCKER_RUNNING ||
	    !readiness_address(c, lb, r->app_port, address))
		return;
	replica = entry(r, c);
	if (!replica)
		return;

	/* A health check that begins anew tells of a restart whose events were missed. */
	if (strcmp(replica->server.address, address) != 0 ||
	    (replica->health != DOCKER_HEALTH_STARTING && c->health == DOCKER_HEALTH_STARTING))
		see(r, replica, SIGHT_GONE);
	see(r, replica, sight_of_health[c->health]);
	snprintf(replica->server.name, sizeof(replica->server.name), "%s", c->name);
	snprintf(replica->server.address, sizeof(replica->server.address), "%s", address);
	replica->number = number;
	replica->health = c->health;
	replica->listed = true;
}

static int by_number(const void *a, const void *b)
{
	const struct readiness_replica *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return strcmp(x->server.id, y->server.id);
}

void readiness_list(struct readiness *r, const struct docker_container *list, size_t n,
		    const struct docker_container *lb)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++)
		r->replicas[i].listed = false;
	for (size_t i = 0; lb && i < n; i++)
		take_in(r, &list[i], lb);
	for (size_t i = 0; i < r->n; i++)
		if (r->replicas[i].listed)
			r->replicas[kept++] = r->replicas[i];
	r->n = kept;
	if (kept > 1)
		qsort(r->replicas, kept, sizeof(*r->replicas), by_number);
}

void readiness_answered(struct readiness *r, const char *id, const char *address)
{
	struct readiness_replica *replica = find(r, id);

	if (replica && strcmp(replica->server.address, address) == 0)
		see(r, replica, SIGHT_ANSWERED);
}

enum readiness_interest readiness_event(struct readiness *r, const char *lb_name,
					const struct docker_event *event)
{
	static const struct {
		const char *action;
		enum sight sight;
	} losses[] = {
		{"die", SIGHT_GONE},
		{"pause", SIGHT_GONE},
		{"start", SIGHT_GONE}, /* whatever ran before ran in another process */
		{"health_status: unhealthy", SIGHT_UNHEALTHY},
	};
	struct readiness_replica *replica = find(r, event->id);

	for (size_t i = 0; replica && i < sizeof(losses) / sizeof(losses[0]); i++) {
		if (strcmp(event->action, losses[i].action) == 0) {
			see(r, replica, losses[i].sight);
			return READINESS_HURRY;
		}
	}
	if (replica || strcmp(event->name, lb_name) == 0 ||
	    replica_parse(r->target, event->name, NULL) != REPLICA_NONE)
		return READINESS_LOOK;
	return READINESS_IGNORE;
}
