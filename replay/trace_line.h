/* Pure. One line of a trace: "t_seconds,requests_per_second". */
#ifndef REPLAY_TRACE_LINE_H
#define REPLAY_TRACE_LINE_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>

#define TRACE_HEADING  "t_seconds,requests_per_second"
#define TRACE_LINE_MAX 1024 /* bytes */
#define TRACE_RPS_MAX  1e7

/* Read one ${line} of ${len} bytes, with or without its line break.  0; -ENOMSG where it is blank
 * or begins with #; -EBADMSG where it is no such line; -ERANGE where it is one, with a number that
 * no trace can have (NaN, a rate below 0).  Of the last two ${ret_why} is what it must be. */
int trace_line_read(const char *line, size_t len, double *ret_sec, double *ret_rps,
		    const char **ret_why);

/* Whether a line that is none of the above may be the names above the columns. */
bool trace_line_is_heading(const char *line, size_t len);

/* Append a point as a line, with its line feed: milliseconds, and six digits of the rate. */
void trace_line_write(double sec, double rps, struct buf *out);

#endif
