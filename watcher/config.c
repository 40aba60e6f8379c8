/* Pure. The watcher's settings table. */
#include "watcher/config.h"

#include <stddef.h>

#define AT(field) offsetof(struct watcher_config, field)

const struct setting watcher_settings[] = {
	{"TARGET", SETTING_NAME, AT(target), "app", NULL, 0, 0, NULL,
	 "container whose replicas get the requests"},
	{"APP_PORT", SETTING_INT, AT(app_port), "8080", NULL, 1, 65535, NULL,
	 "port on which the replicas listen"},
	{"READY_PATH", SETTING_STR, AT(ready_path), NULL, NULL, 0, 0, NULL,
	 "path that a replica must answer with 2xx before it gets requests; unset: its health "
	 "check, or else a TCP connection, decides"},
	{"LB_CONTAINER", SETTING_NAME, AT(lb_container), "lb", NULL, 0, 0, NULL,
	 "container in which nginx runs"},
	{"LB_URL", SETTING_URL, AT(lb_url), "http://lb:8082", NULL, 0, 0, NULL,
	 "where nginx answers /generation"},
	{"CONF_DIR", SETTING_STR, AT(conf_dir), "/etc/nginx/conf.d", NULL, 0, 0, NULL,
	 "directory of the upstream file agentic-upstreams.conf, as this process sees it"},
	{"RESYNC_SEC", SETTING_INT, AT(resync_sec), "15", "s", 1, 3600, NULL,
	 "how often everything is looked at anew"},
	{"DEBOUNCE_MS", SETTING_INT, AT(debounce_ms), "100", "ms", 0, 10000, NULL,
	 "how long a burst of events is collected; a death is acted on at once"},
	{0},
};

int watcher_config_check(const void *config, struct buf *errors)
{
	const char *path = ((const struct watcher_config *)config)->ready_path;
	int good = 0;

	if (!path)
		return 0;
	while (path[good] > ' ' && path[good] < 0x7f)
		good++;
	if (path[0] == '/' && path[good] == '\0')
		return 0;
	buf_printf(errors, "READY_PATH=%.*s: must start with / and hold no white space\n", good,
		   path);
	return 1;
}
