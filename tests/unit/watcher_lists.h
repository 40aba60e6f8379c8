/* Pure. Containers as Docker lists them, for the watcher's tests. */
#ifndef TESTS_WATCHER_LISTS_H
#define TESTS_WATCHER_LISTS_H

#include "common/docker_codec.h"

#include <stdio.h>

/* A running container on network "net"; its id is its name with "id-" before it. */
static inline struct docker_container on_net(const char *name, const char *address,
					     enum docker_health health)
{
	struct docker_container c = {
		.state = DOCKER_RUNNING,
		.health = health,
		.networks = {{.name = "net"}},
		.networks_n = 1,
	};

	snprintf(c.name, sizeof(c.name), "%s", name);
	snprintf(c.id, sizeof(c.id), "id-%.60s", name);
	snprintf(c.networks[0].address, sizeof(c.networks[0].address), "%s", address);
	return c;
}

#endif
