/* Pure. What the monitor can be told. */
#ifndef MONITOR_CONFIG_H
#define MONITOR_CONFIG_H

#include "common/settings.h"

struct monitor_config {
	char *target_url;
	char *lb_url;
	char *accesslog_socket;
	char *target;
	double sample_interval_sec;
	int probe_requests;
	double timeout_sec;
};

/* Probes that may be out at once; what PROBE_REQUESTS, SAMPLE_INTERVAL and TIMEOUT_S allow
 * together. */
#define MONITOR_IN_FLIGHT_MAX 10000

extern const struct setting monitor_settings[];

/* How many probes can be out at once under ${config}: those of a time limit, and a window's more.
 */
double monitor_in_flight(const struct monitor_config *);

/* What no single row can say; see service.h. */
int monitor_config_check(const void *config, struct buf *errors);

#endif
