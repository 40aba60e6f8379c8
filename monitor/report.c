/* Pure. Filling in an alert; see report.h. */
#include "monitor/report.h"

#include "monitor/replicas.h"

#include <stdio.h>
#include <string.h>

/* "" where it is nobody's address. */
static const char *name_of(const struct message_upstreams *upstreams, const char *address)
{
	for (size_t i = 0; i < upstreams->servers_n; i++)
		if (!strcmp(upstreams->servers[i].address, address))
			return upstreams->servers[i].name;
	return "";
}

static void add_traffic(const struct report *report, struct message_alert *alert)
{
	struct traffic_figures *traffic = report->traffic;

	for (size_t i = 0; i < traffic->by_replica_n; i++) {
		struct message_replica_traffic *r = &traffic->by_replica[i];

		snprintf(r->name, sizeof(r->name), "%s", name_of(report->upstreams, r->address));
	}
	alert->traffic = traffic->total;
	alert->by_replica = traffic->by_replica;
	alert->by_replica_n = traffic->by_replica_n;
}

void report_alert(const struct monitor_config *config, const struct report *report,
		  struct message_alert *ret)
{
	const struct window_summary *probes = report->probes;

	*ret = (struct message_alert){
		.window_sec = config->sample_interval_sec,
		.requests = probes->requests,
		.success_rate = probes->success_rate,
		.avg_ms = probes->avg_ms,
		.p50_ms = probes->p50_ms,
		.p95_ms = probes->p95_ms,
		.p99_ms = probes->p99_ms,
		.replicas = report->replicas,
		.ready = report->ready,
	};
	snprintf(ret->target, sizeof(ret->target), "%s", config->target);
	snprintf(ret->endpoint, sizeof(ret->endpoint), "%s", config->target_url);
	if (report->traffic != NULL)
		add_traffic(report, ret);
	replicas_mark(report->containers, report->containers_n, report->upstreams);
	ret->containers = report->containers;
	ret->containers_n = report->containers_n;
}
