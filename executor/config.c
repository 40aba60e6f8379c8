/* Pure. The settings of the executor. */
#include "executor/config.h"

/* clang-format off */
#define AT(member) offsetof(struct executor_config, member)
const struct setting executor_settings[] = {
	{.name = "TARGET", .type = SETTING_NAME, .offset = AT(target), .def = "app",
	 .help = "container that is copied; it needs the label agentic.target=true"},
	{.name = "MIN_REPLICAS", .type = SETTING_INT, .offset = AT(min_replicas), .def = "2",
	 .min = 1, .max = 1000, .help = "never fewer, the template counted"},
	{.name = "MAX_REPLICAS", .type = SETTING_INT, .offset = AT(max_replicas), .def = "10",
	 .min = 1, .max = 1000, .help = "never more, the template counted, whatever a plan asks"},
	{.name = "DRAIN_TIMEOUT_SEC", .type = SETTING_INT, .offset = AT(drain_timeout_sec),
	 .def = "30", .unit = "s", .min = 1, .max = 3600,
	 .help = "how long a replica waits for the watcher's word that it gets no more requests"},
	{.name = "STOP_TIMEOUT_SEC", .type = SETTING_INT, .offset = AT(stop_timeout_sec),
	 .def = "10", .unit = "s", .min = 0, .max = 3600,
	 .help = "grace between SIGTERM and SIGKILL for containers without one of their own"},
	{.name = "READY_TIMEOUT_SEC", .type = SETTING_INT, .offset = AT(ready_timeout_sec),
	 .def = "60", .unit = "s", .min = 1, .max = 3600,
	 .help = "a new replica that gets no requests after this is removed and reported"},
	{.name = "APP_PORT", .type = SETTING_INT, .offset = AT(app_port), .def = "8080",
	 .min = 1, .max = 65535,
	 .help = "port on which the replicas listen; named in reports, nothing else"},
	{.name = "ALLOW_PRIVILEGED_TEMPLATE", .type = SETTING_BOOL,
	 .offset = AT(allow_privileged_template), .def = "false",
	 .help = "copy a template by which the host could be taken over: privileged, the engine's "
		 "socket mounted, pid or ipc of the host"},
	{0},
};
/* clang-format on */

int executor_config_check(const void *config, struct buf *errors)
{
	const struct executor_config *c = config;

	if (c->min_replicas <= c->max_replicas)
		return 0;
	buf_printf(errors, "MIN_REPLICAS=%d: must be at most MAX_REPLICAS, which is %d\n",
		   c->min_replicas, c->max_replicas);
	return 1;
}
