/* Shell. The open event streams.  All are served from one log of events, each from its own place in
 * it; a client that is so slow that its place falls out of the log is dropped.  So what they cost
 * together is bounded by the log, however many and however slow they are. */
#ifndef DASHBOARD_STREAMS_H
#define DASHBOARD_STREAMS_H

#include "common/http_server.h"
#include "common/metrics.h"
#include "dashboard/eventlog.h"

#include <stdint.h>
#include <uv.h>

#define STREAMS_MAX 256

struct streams;

/* ${open}: a gauge that counts them. */
struct streams *streams_new(uv_loop_t *, uint32_t epoch, struct metric *open);

/* The log, to add to; the streams follow soon after streams_added.  Soon: what belongs together
 * goes out in one piece. */
struct eventlog *streams_log(struct streams *);
void streams_added(struct streams *);

/* Reply to ${req} with a stream.  ${after}: id of the event it goes on behind; where what followed
 * is not known any more, an event "reset" comes first.  NULL: from now on.  A stream to which
 * nothing else was sent for two seconds gets an event "tick". */
void streams_open(struct streams *, struct http_request *req, const char *after);

/* The HTTP server must be closed.  Gone when its libuv handles have closed. */
void streams_close(struct streams *);

#endif
