/* Pure. The state as the JSON of /api/state and /api/history, and what changed in it as events. */
#ifndef DASHBOARD_RENDER_H
#define DASHBOARD_RENDER_H

#include "common/buf.h"
#include "dashboard/eventlog.h"
#include "dashboard/state.h"

/* Room for the largest state: the lists of texts, and what else there is of bounded length. */
#define RENDER_BYTES_MAX (6 * (STATE_TEXTS_BYTES_MAX + STATE_TEXTS_MAX) + (size_t)16 * 65536)

/* Append the object of /api/state as of ${now_sec} and the event ${id} (docs/openapi.json has its
 * members). */
void render_state(const struct state *, const char *id, double now_sec, struct buf *out);

/* Append the object of /api/history: what was measured in the ${range_sec} before ${now_sec}. */
void render_history(const struct state *, const char *id, unsigned range_sec, double now_sec,
		    struct buf *out);

/* Add an event for each bit in ${changed}: "point", "replicas", "plan", "result", "receipt",
 * "upstreams", "advice", "judgement", "redis", "daemon", with the same JSON as in the state. */
void render_events(const struct state *, int changed, struct eventlog *);

#endif
