/* Pure. What the executor can be told. */
#ifndef EXECUTOR_CONFIG_H
#define EXECUTOR_CONFIG_H

#include "common/settings.h"

struct executor_config {
	char *target;
	int min_replicas, max_replicas;
	int drain_timeout_sec, stop_timeout_sec, ready_timeout_sec;
	int app_port;
	bool allow_privileged_template;
};

extern const struct setting executor_settings[];

/* What no single row can say; see service.h. */
int executor_config_check(const void *config, struct buf *errors);

#endif
