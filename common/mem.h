/* Shell. Memory that is there or ends the process: out of memory is fatal in this one place. */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stddef.h>

/* Allocate ${n} zeroed elements of ${size} bytes.  Never NULL (n or size 0 gives a freeable
 * pointer); prints one line and aborts when memory is out.  Free with free(). */
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));

/* Grow or shrink ${p} to ${n} elements of ${size} bytes; the product is checked for overflow. */
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull));

/* Copy of ${s}; NULL gives NULL. */
char *xstrdup(const char *s);

/* Copy of the first ${len} bytes of ${s}, with a NUL behind. */
char *xstrndup(const char *s, size_t len) __attribute__((returns_nonnull));

/* Formatted text in memory of its own; the caller frees it. */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/* Make cJSON allocate through xcalloc, so that none of its constructors can return NULL.
 * Call once, first thing in main(). */
void mem_init(void);

#endif
