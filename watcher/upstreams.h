/* Pure. The servers that nginx sends to, and the file that tells it: the golden text. */
#ifndef WATCHER_UPSTREAMS_H
#define WATCHER_UPSTREAMS_H

#include "common/buf.h"
#include "common/message.h"
#include "watcher/readiness.h"

#include <stdbool.h>
#include <stddef.h>

#define UPSTREAMS_FILE_MAX ((size_t)256 * 1024) /* bytes; MESSAGE_SERVERS_MAX servers fit */

struct upstreams {
	struct message_server *servers; /* owned */
	size_t n;
};

void upstreams_free(struct upstreams *);

/* Make ${to} a copy of ${from}; what it held is freed. */
void upstreams_copy(struct upstreams *to, const struct upstreams *from);

/* The replicas of ${r} that are ready, the template first, then by number.  What ${ret} held is
 * freed. */
void upstreams_ready(const struct readiness *r, struct upstreams *ret);

/* Whether nginx needs the same file for both: the same names at the same addresses in the same
 * order. */
bool upstreams_same_file(const struct upstreams *, const struct upstreams *);

/* Whether they are the same containers too. */
bool upstreams_equal(const struct upstreams *, const struct upstreams *);

/* Whether container ${id} is among them, or may be: a server read back from a file has no id. */
bool upstreams_may_have(const struct upstreams *, const char *id);

/* Whether one of the servers is a replica whose door was not answered yet. */
bool upstreams_undecided(const struct upstreams *, const struct readiness *);

/* Append the text of the file: the upstream group `agentic`, with addresses only (one name that
 * does not resolve would block every reload), and $agentic_generation.  Without servers it is
 * the placeholder with which nginx can start, and which answers 502. */
void upstreams_render(int generation, const struct upstreams *, struct buf *out);

/* Read back what upstreams_render wrote: 0, the generation and the servers, their ids ""; what
 * ${ret} held is freed.  -EBADMSG for a text without a generation. */
int upstreams_parse(const char *text, int *ret_generation, struct upstreams *ret);

#endif
