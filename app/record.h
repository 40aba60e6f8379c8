/* Shell. A file that outlives the replicas, with a line for each request they were asked: so a test
 * sees what was served twice, or by nobody. */
#ifndef APP_RECORD_H
#define APP_RECORD_H

#include "common/http_server.h"

struct record;

/* Append to ${path}, which other replicas may do too.  0, or -errno. */
int record_open(const char *path, struct record **ret);

/* Add "id host", with the id from the header X-Request-Id; nothing without one.  NULL is fine. */
void record_add(struct record *, const struct http_request *);

/* NULL is fine. */
void record_close(struct record *);

#endif
