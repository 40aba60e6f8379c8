/* Pure. The settings that daemons have in common. */
#include "common/service_settings.h"

#include "common/log.h"
#include "common/service.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

const struct service_row service_rows[SERVICE_ROWS_N] = {
	{0,
	 {.name = "LOG_LEVEL",
	  .type = SETTING_CHOICE,
	  .offset = offsetof(struct service_common, log_level),
	  .def = "info",
	  .choices = LOG_LEVELS,
	  .help = "Least severe lines that are logged"}},
	{0,
	 {.name = "HTTP_PORT",
	  .type = SETTING_INT,
	  .offset = offsetof(struct service_common, http_port),
	  .def = "0",
	  .min = 0,
	  .max = 65535,
	  .help = "Port for /healthz and /metrics; 0 is off"}},
	{0,
	 {.name = "HTTP_BIND",
	  .type = SETTING_STR,
	  .offset = offsetof(struct service_common, http_bind),
	  .def = "127.0.0.1",
	  .min = 1,
	  .max = 45,
	  .help = "Address for HTTP_PORT"}},
	{SERVICE_REDIS,
	 {.name = "REDIS_HOST",
	  .type = SETTING_STR,
	  .offset = offsetof(struct service_common, redis_host),
	  .def = "127.0.0.1",
	  .min = 1,
	  .max = 253,
	  .help = "Name or address of Redis"}},
	{SERVICE_REDIS,
	 {.name = "REDIS_PORT",
	  .type = SETTING_INT,
	  .offset = offsetof(struct service_common, redis_port),
	  .def = "6379",
	  .min = 1,
	  .max = 65535,
	  .help = "Port of Redis"}},
	{SERVICE_REDIS,
	 {.name = "REDIS_USERNAME",
	  .type = SETTING_STR,
	  .offset = offsetof(struct service_common, redis_username),
	  .min = 1,
	  .max = 256,
	  .help = "User to log in to Redis as"}},
	{SERVICE_REDIS,
	 {.name = "REDIS_PASSWORD",
	  .type = SETTING_SECRET,
	  .offset = offsetof(struct service_common, redis_password),
	  .min = 1,
	  .max = 1024,
	  .help = "Password for Redis"}},
	{SERVICE_DOCKER,
	 {.name = "DOCKER_HOST",
	  .type = SETTING_STR,
	  .offset = offsetof(struct service_common, docker_host),
	  .def = "unix:///var/run/docker.sock",
	  .min = 1,
	  .max = 512,
	  .help = "Docker Engine: unix:///path, or tcp://host:port for a proxy"}},
};

bool service_docker_host_valid(const char *host)
{
	const char *rest, *colon;
	char *end;
	long port;

	if (strncmp(host, "unix://", 7) == 0)
		return host[7] == '/' &&
		       strlen(host + 7) < sizeof(((struct sockaddr_un *)0)->sun_path);
	if (strncmp(host, "tcp://", 6) != 0)
		return false;
	rest = host + 6;
	colon = strrchr(rest, ':');
	if (colon == NULL || colon == rest || strcspn(rest, "/ \t@?#") != strlen(rest))
		return false;
	port = strtol(colon + 1, &end, 10);
	return colon[1] >= '1' && colon[1] <= '9' && *end == '\0' && port <= 65535;
}
