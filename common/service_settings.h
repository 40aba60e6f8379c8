/* Pure. The settings that daemons have in common. */
#ifndef COMMON_SERVICE_SETTINGS_H
#define COMMON_SERVICE_SETTINGS_H

#include "common/settings.h"

#include <stdbool.h>

struct service_common {
	int log_level;
	int http_port;
	char *http_bind;
	char *redis_host;
	int redis_port;
	char *redis_username, *redis_password;
	char *docker_host;
};

#define SERVICE_ROWS_N 8

extern const struct service_row {
	unsigned uses; /* of service_spec; 0: every daemon has it */
	struct setting row;
} service_rows[SERVICE_ROWS_N];

/* unix:///path or tcp://host:port */
bool service_docker_host_valid(const char *host);

#endif
