/* Shell. A file that tells a rate of requests over time, a line for each point:
 * "t_seconds,requests_per_second".  It is read line by line, as often as there are passes; memory
 * does not grow with it. */
#ifndef REPLAY_TRACE_H
#define REPLAY_TRACE_H

#include "common/buf.h"
#include "replay/shape.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define TRACE_MALFORMED_NAMED 10   /* of the malformed lines, the first so many are told */
#define TRACE_MALFORMED_SHARE 0.01 /* of all lines; more, and the file is none to believe */
#define TRACE_SMOOTH_AUTO     NAN

struct trace;

/* Open ${path} ("-": standard input; a pipe is copied to a temporary file as it comes) and read it
 * through once: 0; or -errno and one sentence in ${messages}, which begins with ${path} and names
 * the line at fault where it is one.  Malformed lines that are passed over are named there too, a
 * line each, when all is well.  ${smooth_sec}: as feed_init, or TRACE_SMOOTH_AUTO: FEED_SMOOTH_SEC
 * if most steps are shorter. */
int trace_open(const char *path, double smooth_sec, struct trace **ret, struct buf *messages);
void trace_close(struct trace *);

const struct trace_shape *trace_shape(const struct trace *);

/* The last part of its path. */
const char *trace_name(const struct trace *);

/* A pass over the points; there may be several at a time.  Close before the trace. */
struct trace_pass;
struct trace_pass *trace_pass_begin(const struct trace *);
void trace_pass_end(struct trace_pass *);

/* The next point (${pass} is a struct trace_pass): a feed_source. */
bool trace_pass_next(void *pass, double *ret_sec, double *ret_rps);

#endif
