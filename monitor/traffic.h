/* Pure. Real traffic, in all and by replica, from two things that nginx tells: a line for every
 * request that ended, and counters of all that began (stub_status), which no overload hides.
 *
 * A span lies between two readings of stub_status.  Of what began in it, users' requests are those
 * that are neither probes nor reads of the status server.  How they are counted:
 *
 *  - An answer is any request that ended but those whose client left before it (status 499): one
 *    given up is nothing that the service has done.  Errors are answers of 500 and above; 4xx are
 *    the client's.
 *  - Latencies are of answers below 500, and of requests given up, as how long they had waited at
 *    the least.  Errors can only raise a quantile, never lower it: where those of all with the
 *    errors are larger (slow 504s), they are what counts.  So a fast 502 never looks like a fast
 *    reply, and a service that only fails has no latency (NaN).  A connection that became
 *    something else (101, WebSocket) has none either.
 *  - A replica's latencies are the time that it took itself, without earlier tries elsewhere or a
 *    slow client.  With several tries the last one answered.
 *  - Lines lost on the way are known from stub_status.  Then rates are scaled up to what it says,
 *    and latencies and shares are those of the lines that came.
 *
 * Memory has a maximum, whatever the rate and the length of a span. */
#ifndef MONITOR_TRAFFIC_H
#define MONITOR_TRAFFIC_H

#include "common/message.h"
#include "monitor/accesslog.h"
#include "monitor/stub_status.h"

#include <stdbool.h>
#include <stdint.h>

/* stub_status at one moment, with what the monitor itself adds to it. */
struct traffic_reading {
	struct stub_status status;
	uint64_t at_us;      /* any monotonic clock */
	uint64_t reads;      /* of stub_status so far, this one too; they leave no line */
	uint64_t probes;     /* sent so far */
	uint64_t probes_out; /* of these, still under way */
};

struct traffic_figures {
	struct message_traffic total;
	struct message_replica_traffic by_replica[MESSAGE_TRAFFIC_MAX]; /* the busiest first */
	size_t by_replica_n;
	uint64_t lines_lost; /* newly known to be */
};

struct traffic;

/* A span of more than ${span_max_us} says nothing of now: it is left out. */
struct traffic *traffic_new(uint64_t span_max_us);
void traffic_free(struct traffic *);

/* A request ended.  Of replicas beyond MESSAGE_TRAFFIC_MAX in one span only the total tells. */
void traffic_add(struct traffic *, const struct accesslog_line *);

/* End the span at ${reading} and begin the next.  False, and nothing is written, where it has no
 * beginning: at first, after nginx was restarted (its counters went back), after too long. Names
 * of replicas are left empty. */
bool traffic_close(struct traffic *, const struct traffic_reading *, struct traffic_figures *ret);

#endif
