/* Pure. A table of time series. */
#include "watcher/tally.h"

static const struct metric_row metric_table[] = {
	{METRIC_COUNTER, "agentic_watcher_reloads_total", NULL, "Reloads of nginx that were begun",
	 offsetof(struct tally, reloads)},
	{METRIC_HISTOGRAM_MS, "agentic_watcher_reload_duration_seconds", NULL,
	 "Time from the test of a file to nginx running it, of reloads that were confirmed",
	 offsetof(struct tally, reload_times)},
	{METRIC_COUNTER, "agentic_watcher_refused_total", NULL, "Upstream files that nginx refused",
	 offsetof(struct tally, refused)},
	{METRIC_COUNTER, "agentic_watcher_failures_total", NULL,
	 "Times that nginx could not be given its file, whatever the reason",
	 offsetof(struct tally, failures)},
	{METRIC_GAUGE, "agentic_watcher_servers", NULL, "Servers in the upstream file",
	 offsetof(struct tally, servers)},
	{METRIC_GAUGE, "agentic_watcher_generation", NULL,
	 "Number of the upstream file that nginx runs", offsetof(struct tally, generation)},
	{0},
};

void tally_init(struct tally *ret, struct metrics *set)
{
	metrics_add_table(set, metric_table, ret);
}
