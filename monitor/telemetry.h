/* Shell. What nginx tells of real traffic: its access log and its stub_status, put together once a
 * window.  Either may be missing, at first or later: that is logged once, and there are no figures
 * until it is back. */
#ifndef MONITOR_TELEMETRY_H
#define MONITOR_TELEMETRY_H

#include "common/metrics.h"
#include "monitor/probe.h"
#include "monitor/receipt.h"
#include "monitor/traffic.h"

#include <uv.h>

struct telemetry;

struct telemetry_options {
	const char *lb_url;           /* where nginx answers /stub_status */
	const char *accesslog_socket; /* path */
	uint64_t window_us;
	const struct prober *prober; /* whose probes are no traffic */
	struct receipts *receipts;   /* told what ended when; must outlive the telemetry */
	struct metrics *metrics;
};

/* Listens from now on.  0, or -errno. */
int telemetry_open(uv_loop_t *, const struct telemetry_options *, struct telemetry **ret);
void telemetry_close(struct telemetry *);

/* Ask nginx for its counters, shortly before a window closes. */
void telemetry_read(struct telemetry *);

/* A window closes: its figures, or NULL where nginx has not answered in it (the next ones then are
 * of both windows).  Valid until the next telemetry_read; whoever calls may fill in names. */
struct traffic_figures *telemetry_take(struct telemetry *);

#endif
