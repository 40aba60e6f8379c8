/* Pure. Where an HTTP/1.1 reply ends (RFC 9112, sections 4, 6 and 7). */
#include "load/reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void load_reply_init(struct load_reply *r)
{
	/* all but the line */
	memset(r, 0, offsetof(struct load_reply, line));
}

/* ---- lines ---- */

static int take_status(struct load_reply *r)
{
	const char *line = r->line;

	if (strncmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') ||
	    line[8] != ' ' || strspn(line + 9, "0123456789") != 3)
		return -EBADMSG;
	r->status = (int)strtol(line + 9, NULL, 10);
	r->reusable = line[7] == '1';
	r->state = LOAD_REPLY_HEADERS;
	return r->status >= 100 ? 0 : -EBADMSG;
}

static int read_number(const char *text, int base, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	size_t n = strspn(text, base == 10 ? "0123456789" : digits);

	if (n == 0 || n > 15)
		return -EBADMSG;
	if (text[n] != '\0' && strchr(base == 10 ? " \t" : " \t;", text[n]) == NULL)
		return -EBADMSG;
	*ret = strtoull(text, NULL, base);
	return 0;
}

static int take_length(struct load_reply *r, const char *value)
{
	uint64_t length;

	if (read_number(value, 10, &length) != 0 || (r->has_length && length != r->left_bytes))
		return -EBADMSG;
	r->has_length = true;
	r->left_bytes = length;
	return 0;
}

static int take_encoding(struct load_reply *r, const char *value)
{
	if (strcasecmp(value, "chunked") != 0)
		return -EBADMSG;
	r->chunked = true;
	return 0;
}

static int take_connection(struct load_reply *r, const char *value)
{
	if (strcasecmp(value, "close") == 0)
		r->reusable = false;
	else if (strcasecmp(value, "keep-alive") == 0)
		r->reusable = true;
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct load_reply *, const char *value);
} HEADERS[] = {
	{"Content-Length", take_length},
	{"Transfer-Encoding", take_encoding},
	{"Connection", take_connection},
};

static int take_header(struct load_reply *r)
{
	size_t name_len = strcspn(r->line, ":");
	const char *value = r->line + name_len + 1;

	if (name_len == 0 || r->line[name_len] != ':')
		return -EBADMSG;
	value += strspn(value, " \t");
	for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++) {
		if (strlen(HEADERS[i].name) == name_len &&
		    strncasecmp(HEADERS[i].name, r->line, name_len) == 0)
			return HEADERS[i].take(r, value);
	}
	return 0;
}

/* The empty line: what the body will be. */
static void end_head(struct load_reply *r)
{
	r->head_bytes = 0;
	if (r->status < 200) /* an interim reply: the real one follows */
		load_reply_init(r);
	else if (r->status == 204 || r->status == 304)
		r->state = LOAD_REPLY_DONE;
	else if (r->chunked)
		r->state = LOAD_REPLY_CHUNK_SIZE;
	else if (r->has_length)
		r->state = r->left_bytes > 0 ? LOAD_REPLY_BODY : LOAD_REPLY_DONE;
	else
		r->state = LOAD_REPLY_UNTIL_EOF;
}

static int take_chunk_size(struct load_reply *r)
{
	if (read_number(r->line, 16, &r->left_bytes) != 0)
		return -EBADMSG;
	r->state = r->left_bytes > 0 ? LOAD_REPLY_CHUNK : LOAD_REPLY_TRAILERS;
	return 0;
}

static int take_line(struct load_reply *r)
{
	bool empty = r->line_len == 0;

	switch (r->state) {
	case LOAD_REPLY_STATUS:
		return take_status(r);
	case LOAD_REPLY_HEADERS:
		if (!empty)
			return take_header(r);
		end_head(r);
		return 0;
	case LOAD_REPLY_CHUNK_SIZE:
		r->head_bytes = 0;
		return take_chunk_size(r);
	case LOAD_REPLY_CHUNK_END:
		r->state = LOAD_REPLY_CHUNK_SIZE;
		return empty ? 0 : -EBADMSG;
	default: /* LOAD_REPLY_TRAILERS */
		if (empty)
			r->state = LOAD_REPLY_DONE;
		return 0;
	}
}

/* Collect bytes up to a line's end; the number used. */
static int feed_line(struct load_reply *r, const char *bytes, size_t len, size_t *ret_used)
{
	const char *end = memchr(bytes, '\n', len);
	size_t n = end == NULL ? len : (size_t)(end - bytes);
	int err = 0;

	r->head_bytes += n + 1;
	if (r->line_len + n >= LOAD_REPLY_LINE_MAX || r->head_bytes > LOAD_REPLY_HEAD_MAX)
		return -EBADMSG;
	memcpy(r->line + r->line_len, bytes, n);
	r->line_len += n;
	if (end != NULL) {
		if (r->line_len > 0 && r->line[r->line_len - 1] == '\r')
			r->line_len--;
		r->line[r->line_len] = '\0';
		err = take_line(r);
		r->line_len = 0;
		n++;
	}
	*ret_used = n;
	return err;
}

/* ---- the whole ---- */

static size_t skip_body(struct load_reply *r, size_t len)
{
	if (r->state == LOAD_REPLY_UNTIL_EOF)
		return len;
	if (len > r->left_bytes)
		len = (size_t)r->left_bytes;
	r->left_bytes -= len;
	if (r->left_bytes == 0)
		r->state = r->state == LOAD_REPLY_CHUNK ? LOAD_REPLY_CHUNK_END : LOAD_REPLY_DONE;
	return len;
}

int load_reply_feed(struct load_reply *r, const char *bytes, size_t len, size_t *ret_used)
{
	size_t at = 0, n;

	while (at < len && r->state != LOAD_REPLY_DONE) {
		if (r->state == LOAD_REPLY_BODY || r->state == LOAD_REPLY_CHUNK ||
		    r->state == LOAD_REPLY_UNTIL_EOF)
			n = skip_body(r, len - at);
		else if (feed_line(r, bytes + at, len - at, &n) != 0)
			return -EBADMSG;
		at += n;
	}
	*ret_used = at;
	return r->state == LOAD_REPLY_DONE;
}

bool load_reply_eof(const struct load_reply *r)
{
	return r->state == LOAD_REPLY_UNTIL_EOF || r->state == LOAD_REPLY_DONE;
}
