/* Shell. The slots of the demo service: a request holds one for a while, those beyond wait in
 * line. */
#ifndef APP_WORK_H
#define APP_WORK_H

#include "common/http_server.h"
#include "common/metrics.h"

#include <uv.h>

#define WORK_MS_MAX     60000 /* of delay, and of CPU time, that one request may ask for */
#define WORK_QUEUED_MAX 10000 /* requests in line; beyond: 503 */

struct work;

/* ${concurrency} slots; every request holds its slot for ${delay_ms} at least. */
struct work *work_open(uv_loop_t *, struct metrics *, int concurrency, int delay_ms);

/* Answer ${req} when it had its turn: a slot for the delay plus the milliseconds in the query
 * ${delay_param}, and then those of CPU time in the query ${cpu_param} (NULL: none).  A client that
 * leaves while in line loses its place; 400 for a query that is no number up to WORK_MS_MAX. */
void work_take(struct work *, struct http_request *req, const char *delay_param,
	       const char *cpu_param);

/* The server must be closed already.  Gone when what holds a slot has ended (run the loop). */
void work_close(struct work *);

#endif
