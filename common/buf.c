/* Pure. A growing byte buffer with a maximum. */
#include "common/buf.h"

#include "common/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAP_MIN = 64 };

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_free(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

/* Make room for ${len} more bytes and the NUL. */
static int reserve(struct buf *b, size_t len)
{
	if (len > b->max - b->len)
		return -ENOBUFS;

	size_t need = b->len + len + 1;
	if (need <= b->cap)
		return 0;

	size_t cap = b->cap > CAP_MIN / 2 ? b->cap * 2 : CAP_MIN;
	if (cap > b->max)
		cap = b->max + 1;
	b->cap = cap < need ? need : cap;
	b->data = xreallocarray(b->data, b->cap, 1);
	return 0;
}

int buf_append(struct buf *b, const void *bytes, size_t len)
{
	if (!len)
		return 0;

	int err = reserve(b, len);
	if (err)
		return err;

	memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int buf_puts(struct buf *b, const char *text)
{
	return buf_append(b, text, strlen(text));
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return -ENOBUFS; /* beyond INT_MAX */

	int err = reserve(b, (size_t)len);
	if (err)
		return err;

	va_start(args, fmt);
	vsnprintf(b->data + b->len, (size_t)len + 1, fmt, args);
	va_end(args);
	b->len += (size_t)len;
	return 0;
}

void buf_consume(struct buf *b, size_t len)
{
	if (len >= b->len) {
		buf_clear(b);
		return;
	}
	b->len -= len;
	memmove(b->data, b->data + len, b->len + 1);
}

int buf_url(struct buf *out, const char *s)
{
	int err = 0;

	for (; *s != '\0' && err == 0; s++) {
		if (isalnum((unsigned char)*s) || strchr("-._~", *s) != NULL)
			err = buf_append(out, s, 1);
		else
			err = buf_printf(out, "%%%02X", (unsigned char)*s);
	}
	return err;
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_steal(struct buf *b)
{
	char *text = b->data ? b->data : xstrdup("");

	buf_init(b, b->max);
	return text;
}
