/* Pure. The state of the dashboard as the JSON of /api/state and as server-sent events. */
#ifndef DASHBOARD_RENDER_H
#define DASHBOARD_RENDER_H

#include "common/buf.h"
#include "dashboard/state.h"

/* Room for the largest state: four lists of texts, the windows, the upstreams. */
#define RENDER_BYTES_MAX                                                                           \
	(4 * (STATE_TEXTS_BYTES_MAX + STATE_TEXTS_MAX) + STATE_WINDOWS_MAX * (size_t)4096 +        \
	 (size_t)8 * MESSAGE_BYTES_MAX)

/* Append the object of /api/state: "target", "seq" (changes so far), the lists "windows", "plans",
 * "actions", "results" and "receipts", oldest first, and "upstreams" (null before the first).  A
 * window has the fields of its alert and baseline_ms and sigma_ms, if known; the others are
 * messages of the protocol. */
void render_state(const struct state *, struct buf *out);

/* Append one event for the newest entry of each bit in ${changed}: "window", "plan", "result",
 * "receipt", "upstreams", with the same JSON, and with seq as its id. */
void render_events(const struct state *, int changed, struct buf *out);

/* Append the event that tells a page to read /api/state anew. */
void render_reset(const struct state *, struct buf *out);

#endif
