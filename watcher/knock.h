/* Shell. Knocks at the doors of replicas until they answer. */
#ifndef WATCHER_KNOCK_H
#define WATCHER_KNOCK_H

#include "common/http_client.h"
#include "watcher/readiness.h"

#include <uv.h>

#define KNOCK_EVERY_MS   100
#define KNOCK_TIMEOUT_MS 1000

struct knock;

/* Told of every answer; the replica's door stays knocked at until knock_update says otherwise. */
typedef void knock_answered(const char *id, const char *address, void *cookie);

/* ${path}: an answer is a 2xx of GET http://address/path; NULL: an accepted TCP connection.
 * ${path} must stay valid. */
struct knock *knock_open(uv_loop_t *, struct http_client *, const char *path, knock_answered *,
			 void *cookie);

/* Stop; close it before the http_client.  NULL is fine. */
void knock_close(struct knock *);

/* Knock from now on, every KNOCK_EVERY_MS and one at a time each, at exactly the replicas of ${r}
 * that are READINESS_KNOCKING. */
void knock_update(struct knock *, const struct readiness *r);

#endif
