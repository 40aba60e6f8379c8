/* Pure. Where an HTTP/1.1 reply ends: the least that a client must know to reuse a connection.  The
 * body is skipped, not kept. */
#ifndef LOAD_REPLY_H
#define LOAD_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_REPLY_LINE_MAX 8192                /* bytes of one line of the head */
#define LOAD_REPLY_HEAD_MAX ((size_t)64 * 1024) /* of the whole head, or the trailers */

struct load_reply {
	enum {
		LOAD_REPLY_STATUS,
		LOAD_REPLY_HEADERS,
		LOAD_REPLY_BODY, /* left_bytes of it */
		LOAD_REPLY_UNTIL_EOF,
		LOAD_REPLY_CHUNK_SIZE,
		LOAD_REPLY_CHUNK,
		LOAD_REPLY_CHUNK_END,
		LOAD_REPLY_TRAILERS,
		LOAD_REPLY_DONE,
	} state;
	int status;
	bool reusable; /* the connection, once the reply is done */
	bool chunked;
	bool has_length;
	uint64_t left_bytes; /* of the body or the chunk */
	size_t head_bytes;
	size_t line_len;
	char line[LOAD_REPLY_LINE_MAX];
};

void load_reply_init(struct load_reply *);

/* Read on.  1: the reply is done, and ${ret_used} bytes of ${bytes} were its; 0: it wants more;
 * -EBADMSG: it is not HTTP/1.x, or goes beyond the limits. */
int load_reply_feed(struct load_reply *, const char *bytes, size_t len, size_t *ret_used);

/* The connection ended: whether that was the proper end of the reply. */
bool load_reply_eof(const struct load_reply *);

#endif
