/* Pure. One line of a trace. */
#include "replay/trace_line.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t\r\n"

/* What strtod() reads beyond decimal numbers, hexadecimals, is not to be read; NaN and infinity
 * are, to be told from what is no number at all. */
static bool looks_like_number(const char *text, size_t len)
{
	static const char *const names[] = {"nan", "inf", "infinity"};
	size_t sign = len > 0 && (*text == '+' || *text == '-');

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (len - sign == strlen(names[i]) &&
		    strncasecmp(text + sign, names[i], len - sign) == 0)
			return true;
	return len > 0 && strspn(text, "0123456789+-.eE") >= len;
}

/* The number that fills ${text} up to its end or ${stop}, blanks around it apart; returns what
 * follows, or NULL. */
static const char *read_number(const char *text, char stop, double *ret)
{
	text += strspn(text, BLANKS);

	const char *behind = text + strcspn(text, "," BLANKS);
	char *end;

	if (!looks_like_number(text, (size_t)(behind - text)))
		return NULL;
	*ret = strtod(text, &end);
	if (end != behind)
		return NULL;
	behind += strspn(behind, BLANKS);
	return *behind == stop ? behind : NULL;
}

static int check_range(double sec, double rps, const char **ret_why)
{
	if (!isfinite(sec))
		*ret_why = "a time must be a finite number";
	else if (!isfinite(rps))
		*ret_why = "a rate must be a finite number";
	else if (rps < 0)
		*ret_why = "a rate must be at least 0";
	else if (rps > TRACE_RPS_MAX)
		*ret_why = "a rate must be at most 10000000 requests a second";
	else
		return 0;
	return -ERANGE;
}

int trace_line_read(const char *line, size_t len, double *ret_sec, double *ret_rps,
		    const char **ret_why)
{
	char text[TRACE_LINE_MAX + 1];
	double sec, rps;

	*ret_why = "must be " TRACE_HEADING;
	if (len > TRACE_LINE_MAX || memchr(line, '\0', len) != NULL)
		return -EBADMSG;
	memcpy(text, line, len);
	text[len] = '\0';

	char first = text[strspn(text, BLANKS)];
	if (first == '\0' || first == '#')
		return -ENOMSG;

	const char *comma = read_number(text, ',', &sec);
	if (comma == NULL || read_number(comma + 1, '\0', &rps) == NULL)
		return -EBADMSG;

	int err = check_range(sec, rps, ret_why);
	if (err == 0) {
		*ret_sec = sec;
		*ret_rps = rps;
	}
	return err;
}

bool trace_line_is_heading(const char *line, size_t len)
{
	size_t blanks = 0;

	while (blanks < len && strchr(BLANKS "\"'", line[blanks]) != NULL && line[blanks] != '\0')
		blanks++;
	return blanks < len && (isalpha((unsigned char)line[blanks]) || line[blanks] == '_') &&
	       memchr(line, '\0', len) == NULL;
}

void trace_line_write(double sec, double rps, struct buf *out)
{
	buf_printf(out, "%.15g,%.6g\n", round(sec * 1000) / 1000, rps);
}
