/* Pure. The watcher's own figures for /metrics. */
#ifndef WATCHER_TALLY_H
#define WATCHER_TALLY_H

#include "common/metrics.h"

struct tally {
	struct metric *reloads, *reload_times, *refused, *failures;
	struct metric *servers, *generation;
};

/* Add them to ${set} and put the handles into ${ret}. */
void tally_init(struct tally *ret, struct metrics *set);

#endif
