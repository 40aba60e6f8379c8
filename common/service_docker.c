/* Shell. The Docker Engine opened with the common settings and reported as the dependency
 * "docker".  A file of its own, so that programs without Docker do not link libcurl. */
#include "common/log.h"
#include "common/service_internal.h"

#include <stdlib.h>

static void on_health(bool up, const char *detail, void *cookie)
{
	health_set(cookie, up, detail);
}

struct docker *service_docker(struct service *sv)
{
	struct docker *docker;
	int err = docker_open(&sv->loop, sv->common.docker_host, on_health,
			      service_health(sv, "docker"), &docker);

	if (err == 0)
		return docker;
	log_error("cannot use DOCKER_HOST", F_STR("DOCKER_HOST", sv->common.docker_host),
		  F_ERR("error", err));
	exit(1);
}
