/* Shell. Where a recording comes from: a file, standard input, or the streams of Redis. */
#ifndef REPLAY_SOURCE_H
#define REPLAY_SOURCE_H

#include "replay/backtest.h"

#define SOURCE_MALFORMED_MAX 0.01 /* of all lines; with more, the recording is not to be believed */

struct source_counts {
	size_t lines, malformed; /* or messages */
};

/* Take all of the recording ${path} ("-" or NULL: standard input) in.  Malformed lines are passed
 * over and the first few named on standard error.  0, or -errno after saying there what it is. */
int source_file(const char *path, struct backtest *, struct source_counts *ret);

/* The same of the streams in Redis, as long as they now are.  Redis is found by the settings that
 * all programs of the suite have in common. */
int source_redis(struct backtest *, struct source_counts *ret);

#endif
