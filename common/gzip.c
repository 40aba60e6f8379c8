/* Pure. zlib's deflate in a gzip wrapper. */
#include "common/gzip.h"

#include "common/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define CHUNK       4096
#define GZIP_WINDOW (15 + 16) /* the largest; 16: with gzip's head and check sum */
#define GZIP_MEMORY 8         /* zlib's default */

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* Whether the parameters at ${s}, up to the next comma, say that it is not wanted: q=0. */
static bool is_refused(const char *s)
{
	s = skip_blanks(s);
	if (*s != ';')
		return false;
	s = skip_blanks(s + 1);
	if (strncasecmp(s, "q=", 2) != 0)
		return false;
	s += 2;
	return *s == '0' && strspn(s + 1, ".0") == strcspn(s + 1, ", \t;");
}

bool gzip_accepted(const char *s)
{
	bool others = false; /* those that are not named */

	while (s != NULL && *s != '\0') {
		s = skip_blanks(s);
		size_t len = strcspn(s, ",; \t");

		if (len == 4 && strncasecmp(s, "gzip", len) == 0)
			return !is_refused(s + len);
		if (len == 1 && *s == '*')
			others = !is_refused(s + len);
		s += strcspn(s, ",");
		s += *s == ',';
	}
	return others;
}

static void *allocate(void *cookie, unsigned n, unsigned size)
{
	(void)cookie;
	return xcalloc(n, size);
}

static void release(void *cookie, void *p)
{
	(void)cookie;
	free(p);
}

int gzip_append(const void *bytes, size_t len, int level, struct buf *out)
{
	z_stream z = {.zalloc = allocate, .zfree = release};
	unsigned char chunk[CHUNK];
	int err = 0, status;

	/* Fails only for arguments that these are not. */
	deflateInit2(&z, level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY);
	z.next_in = (unsigned char *)(uintptr_t)bytes; /* zlib only reads it */
	z.avail_in = (unsigned)len;
	do {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		status = deflate(&z, Z_FINISH);
		err = buf_append(out, chunk, sizeof(chunk) - z.avail_out);
	} while (err == 0 && status == Z_OK);
	deflateEnd(&z);
	return err;
}
