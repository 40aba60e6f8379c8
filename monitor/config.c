/* Pure. The monitor's settings table. */
#include "monitor/config.h"

#include <math.h>
#include <stddef.h>

/* What the address of a socket holds, less the NUL and the ".new" it is made under. */
#define ACCESSLOG_PATH_MAX 103

#define AT(field) offsetof(struct monitor_config, field)

const struct setting monitor_settings[] = {
	{"TARGET_URL", SETTING_URL, AT(target_url), "http://lb/", NULL, 0, 0, NULL,
	 "what is probed: the load balancer; nginx.conf has port 8083 for it, where probes are "
	 "told "
	 "from users' requests"},
	{"LB_URL", SETTING_URL, AT(lb_url), "http://lb:8082", NULL, 0, 0, NULL,
	 "where nginx answers /stub_status"},
	{"ACCESS_LOG_SOCKET", SETTING_STR, AT(accesslog_socket), "/run/agentic/access.sock", NULL,
	 1, ACCESSLOG_PATH_MAX, NULL, "socket that is made for nginx to send its access log to"},
	{"TARGET", SETTING_NAME, AT(target), "app", NULL, 0, 0, NULL,
	 "container whose replicas are counted"},
	{"SAMPLE_INTERVAL", SETTING_NUM, AT(sample_interval_sec), "3", "s", 0.2, 3600, NULL,
	 "length of a window; one alert each"},
	{"PROBE_REQUESTS", SETTING_INT, AT(probe_requests), "40", "requests", 1, 1000, NULL,
	 "probes sent in each window, evenly spread"},
	{"TIMEOUT_S", SETTING_NUM, AT(timeout_sec), "2.5", "s", 0.05, 60, NULL,
	 "a probe without an answer counts as this long"},
	{0},
};

double monitor_in_flight(const struct monitor_config *c)
{
	return ceil(c->probe_requests * (1 + c->timeout_sec / c->sample_interval_sec));
}

int monitor_config_check(const void *config, struct buf *errors)
{
	const struct monitor_config *c = config;

	if (monitor_in_flight(c) <= MONITOR_IN_FLIGHT_MAX)
		return 0;
	buf_printf(errors,
		   "PROBE_REQUESTS=%d: with SAMPLE_INTERVAL=%g and TIMEOUT_S=%g up to %.0f probes "
		   "could be out at once, the limit is %d: lower it\n",
		   c->probe_requests, c->sample_interval_sec, c->timeout_sec, monitor_in_flight(c),
		   MONITOR_IN_FLIGHT_MAX);
	return 1;
}
