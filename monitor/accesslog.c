/* Pure. A scanner by hand: it runs for every request of every user. */
#include "monitor/accesslog.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
	STAMP_BYTES = 15,       /* "Nov 23 23:09:06" */
	SECONDS_DIGITS_MAX = 9, /* 30 years */
	STATUS_DIGITS = 3,
	FRACTION_DIGITS = 3,
};

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *c, const char *text, size_t len)
{
	if ((size_t)(c->end - c->at) < len || memcmp(c->at, text, len) != 0)
		return false;
	c->at += len;
	return true;
}

#define TAKE(c, literal) take(c, literal, sizeof(literal) - 1)

/* Digits, from ${min} to ${max} of them. */
static bool take_number(struct cursor *c, int min, int max, uint64_t *ret)
{
	uint64_t n = 0;
	int digits = 0;

	while (digits < max && c->at < c->end && *c->at >= '0' && *c->at <= '9') {
		n = n * 10 + (uint64_t)(*c->at++ - '0');
		digits++;
	}
	*ret = n;
	return digits >= min;
}

/* "1.121", as milliseconds. */
static bool take_ms(struct cursor *c, uint64_t *ret)
{
	uint64_t sec, ms;

	if (!take_number(c, 1, SECONDS_DIGITS_MAX, &sec) || !TAKE(c, ".") ||
	    !take_number(c, FRACTION_DIGITS, FRACTION_DIGITS, &ms))
		return false;
	*ret = sec * 1000 + ms;
	return true;
}

/* "<190>Nov 23 23:09:06 lb: ": what syslog puts first. */
static bool take_header(struct cursor *c)
{
	uint64_t priority;

	if (!TAKE(c, "<") || !take_number(c, 1, 3, &priority) || !TAKE(c, ">") ||
	    c->end - c->at < STAMP_BYTES)
		return false;
	c->at += STAMP_BYTES;
	return TAKE(c, " lb: ");
}

static bool take_kind(struct cursor *c, enum accesslog_kind *ret)
{
	if (TAKE(c, "traffic "))
		*ret = ACCESSLOG_TRAFFIC;
	else if (TAKE(c, "probe "))
		*ret = ACCESSLOG_PROBE;
	else if (TAKE(c, "status "))
		*ret = ACCESSLOG_STATUS;
	else
		return false;
	return true;
}

/* Between one try and the next. */
static bool take_separator(struct cursor *c)
{
	return TAKE(c, ", ") || TAKE(c, " : ");
}

/* The times of all tries; the last one's, -1 where that is "-". */
static bool take_times(struct cursor *c, int64_t *ret)
{
	do {
		uint64_t ms;

		if (TAKE(c, "-"))
			*ret = -1;
		else if (take_ms(c, &ms))
			*ret = (int64_t)ms;
		else
			return false;
	} while (take_separator(c));
	return true;
}

static bool in_address(char c)
{
	return c > ' ' && c < 0x7f && c != ',';
}

/* The addresses of all tries; the last one.  "-": nobody was asked.  A name without a port is that
 * of the group of servers: none of them could be. */
static bool take_addresses(struct cursor *c, const char **ret, size_t *ret_bytes)
{
	const char *begin;
	size_t bytes;

	do {
		begin = c->at;
		while (c->at < c->end && in_address(*c->at))
			c->at++;
		bytes = (size_t)(c->at - begin);
		if (bytes == 0 || bytes > ACCESSLOG_ADDRESS_MAX)
			return false;
	} while (take_separator(c));
	*ret = begin;
	*ret_bytes = memchr(begin, ':', bytes) != NULL ? bytes : 0;
	return true;
}

int accesslog_parse(const char *text, size_t len, struct accesslog_line *ret)
{
	struct cursor c = {text, text + len};
	struct accesslog_line line;
	uint64_t status;

	if (!take_header(&c) || !take_kind(&c, &line.kind) ||
	    !take_number(&c, STATUS_DIGITS, STATUS_DIGITS, &status) || !TAKE(&c, " ") ||
	    !take_ms(&c, &line.request_ms) || !TAKE(&c, " ") ||
	    !take_times(&c, &line.upstream_ms) || !TAKE(&c, " ") ||
	    !take_addresses(&c, &line.address, &line.address_bytes) || c.at != c.end)
		return -EBADMSG;
	line.status = (int)status;
	if (line.address_bytes == 0)
		line.upstream_ms = -1;
	*ret = line;
	return 0;
}
