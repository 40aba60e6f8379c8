/* Shell. Hears what was done, and publishes a receipt of it on the channel "results" once
 * receipt.c has seen the end of it. */
#ifndef MONITOR_CLERK_H
#define MONITOR_CLERK_H

#include "common/bus.h"
#include "common/message.h"
#include "common/metrics.h"
#include "monitor/receipt.h"

#include <uv.h>

struct clerk;

struct clerk_options {
	const char *target;
	struct bus *bus; /* where receipts go; must outlive the clerk */
	struct metrics *metrics;
	struct metric *dropped; /* counts messages that bus_publish had to drop */
};

struct clerk *clerk_open(uv_loop_t *, const struct clerk_options *);
void clerk_close(struct clerk *);

/* Where the ends of requests and the readings of stub_status are to be put down. */
struct receipts *clerk_receipts(struct clerk *);

/* What was heard on "results"; at ${time_ms}, since 1970. */
void clerk_result(struct clerk *, const struct message_result *);
void clerk_rotation(struct clerk *, int ready, uint64_t time_ms);
void clerk_receipt(struct clerk *, const struct message_receipt *);

#endif
