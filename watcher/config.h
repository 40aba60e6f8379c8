/* Pure. The watcher's settings. */
#ifndef WATCHER_CONFIG_H
#define WATCHER_CONFIG_H

#include "common/settings.h"

struct watcher_config {
	char *target;
	int app_port;
	char *ready_path; /* NULL: unset */
	char *lb_container;
	char *lb_url;
	char *conf_dir;
	int resync_sec;
	int debounce_ms;
};

extern const struct setting watcher_settings[];

/* READY_PATH must be the path of a URL: see service_spec.check. */
int watcher_config_check(const void *config, struct buf *errors);

#endif
