/* Pure. From what was measured in a window to the message about it. */
#ifndef MONITOR_REPORT_H
#define MONITOR_REPORT_H

#include "common/message.h"
#include "monitor/config.h"
#include "monitor/traffic.h"
#include "monitor/window.h"

struct report {
	const struct window_summary *probes;
	struct traffic_figures *traffic;           /* NULL: no telemetry from nginx */
	const struct message_upstreams *upstreams; /* whose servers give names to addresses */
	int replicas, ready;                       /* as in an alert */
	struct message_container *containers;      /* of replicas_list */
	size_t containers_n;
};

/* All of an alert but its id and time.  It borrows the replicas of ${report->traffic}, which get
 * their names, and the containers, which are marked: message_alert_done is not for it. */
void report_alert(const struct monitor_config *, const struct report *report,
		  struct message_alert *ret);

#endif
