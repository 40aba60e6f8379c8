/* Pure. A growing byte buffer with a maximum, always NUL-terminated. */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stddef.h>

struct buf {
	char *data; /* NULL while nothing was ever appended */
	size_t len; /* bytes in use, the closing NUL not counted */
	size_t cap;
	size_t max; /* bytes it may hold */
};

/* An empty buffer that will hold at most ${max} bytes.  Allocates nothing. */
void buf_init(struct buf *, size_t max);

/* Free the contents; the buffer is empty and usable again, with the same maximum. */
void buf_free(struct buf *);

/* Forget the contents, keep the memory. */
void buf_clear(struct buf *);

/* Append.  0, or -ENOBUFS (nothing appended) when the maximum would be passed. */
int buf_append(struct buf *, const void *bytes, size_t len);
int buf_puts(struct buf *, const char *text);
int buf_url(struct buf *, const char *text); /* percent-encoded for a URL; in part when too long */
int buf_printf(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Drop the first ${len} bytes (all when there are fewer). */
void buf_consume(struct buf *, size_t len);

/* The contents as text: "" when empty.  Valid until the next change. */
const char *buf_text(const struct buf *);

/* Hand the contents over as NUL-terminated text; the caller frees it and the buffer is empty. */
char *buf_steal(struct buf *);

#endif
