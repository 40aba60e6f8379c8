/* Shell. Part of the frame of a daemon that listens: what becomes of a message that it cannot use.
 * It is counted, and each cause is logged once, with the head of the message. */
#ifndef COMMON_SERVICE_MALFORMED_H
#define COMMON_SERVICE_MALFORMED_H

#include "common/bus.h"
#include "common/metrics.h"
#include "common/once.h"

struct malformed {
	struct metric *count; /* set before use */
	struct once once;
};

void malformed_skip(struct malformed *, const struct bus_message *, const char *cause);

#endif
