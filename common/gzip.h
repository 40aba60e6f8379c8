/* Pure. Compression for HTTP, by zlib. */
#ifndef COMMON_GZIP_H
#define COMMON_GZIP_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>

#define GZIP_QUICK 4 /* levels: for what is made for one answer, */
#define GZIP_SMALL 9 /* and for what is kept */

/* Whether a client with this Accept-Encoding (NULL: it has none) takes gzip. */
bool gzip_accepted(const char *accept_encoding);

/* Append ${len} bytes, compressed.  0, or -ENOBUFS when they do not fit (some may be appended). */
int gzip_append(const void *bytes, size_t len, int level, struct buf *out);

#endif
