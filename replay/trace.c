/* Shell. Traces in files.  The first pass checks the file; those that follow trust it. */
#include "replay/trace.h"

#include "common/mem.h"
#include "replay/trace_line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES     ((size_t)64 * 1024)
#define SPOOL_BYTES_MAX ((size_t)1 << 30) /* of a pipe; in a temporary file */
#define NOTES_BYTES_MAX ((size_t)64 * 1024)
#define SPAN_DAYS_MAX   400 /* a year and some; times in milliseconds are longer */
#define SEC_PER_DAY     86400

static const char BYTE_ORDER_MARK[] = "\xef\xbb\xbf";

struct trace {
	const char *path;
	int fd;
	int spool_fd; /* -1: the file can be read again as it is */
	struct trace_shape shape;
};

struct trace_pass {
	const struct trace *trace;
	bool spools; /* the first, of a pipe */
	off_t offset;
	size_t from, to; /* of the block: not handed out yet */
	uint64_t line;   /* number of the last one handed out */
	int read_err;    /* why it ends with -EIO */
	char block[BLOCK_BYTES];
};

/* ---- lines ---- */

static int spool(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* What went wrong is kept apart: errors of files share their numbers with those of lines. */
static int read_failed(struct trace_pass *p, int err)
{
	p->read_err = err;
	return -EIO;
}

/* Some more bytes into the block, 0 at the end of the file. */
static ssize_t fill(struct trace_pass *p)
{
	size_t room = BLOCK_BYTES - p->to;
	ssize_t n;
	int err;

	do
		n = p->spools ? read(p->trace->fd, p->block + p->to, room)
			      : pread(p->trace->fd, p->block + p->to, room, p->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return read_failed(p, -errno);
	p->offset += n;
	if (p->spools) {
		if ((size_t)p->offset > SPOOL_BYTES_MAX)
			return -EFBIG;
		err = spool(p->trace->spool_fd, p->block + p->to, (size_t)n);
		if (err != 0)
			return read_failed(p, err);
	}
	p->to += (size_t)n;
	return n;
}

static int take_line(struct trace_pass *p, size_t len, size_t skip, const char **ret_line,
		     size_t *ret_len)
{
	*ret_line = p->block + p->from;
	*ret_len = len;
	p->from += len + skip;
	p->line++;
	return 1;
}

/* The next line, without its line feed: 1; 0 behind the last; -E2BIG when it is too long to be one
 * of a trace, -EFBIG when a pipe is, -EIO. */
static int next_line(struct trace_pass *p, const char **ret_line, size_t *ret_len)
{
	for (;;) {
		const char *start = p->block + p->from;
		size_t have = p->to - p->from;
		const char *feed = memchr(start, '\n', have);

		if (feed != NULL && (size_t)(feed - start) <= TRACE_LINE_MAX)
			return take_line(p, (size_t)(feed - start), 1, ret_line, ret_len);
		if (have > TRACE_LINE_MAX)
			return -E2BIG;
		memmove(p->block, start, have);
		p->from = 0;
		p->to = have;

		ssize_t n = fill(p);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return have > 0 ? take_line(p, have, 0, ret_line, ret_len) : 0;
	}
}

/* What the next line is, as trace_line_read(); 1: there is none. */
static int next_point(struct trace_pass *p, double *ret_sec, double *ret_rps, const char **ret_why)
{
	const char *line;
	size_t len;
	int found = next_line(p, &line, &len);

	if (found <= 0)
		return found == 0 ? 1 : found;
	if (p->line == 1 && len >= 3 && memcmp(line, BYTE_ORDER_MARK, 3) == 0) {
		line += 3;
		len -= 3;
	}

	int err = trace_line_read(line, len, ret_sec, ret_rps, ret_why);
	if (err == -EBADMSG && p->line == 1 && trace_line_is_heading(line, len))
		return -ENOMSG;
	return err;
}

static struct trace_pass *pass_new(const struct trace *t, bool spools)
{
	struct trace_pass *p = xcalloc(1, sizeof(*p));

	p->trace = t;
	p->spools = spools;
	return p;
}

struct trace_pass *trace_pass_begin(const struct trace *t)
{
	return pass_new(t, false);
}

void trace_pass_end(struct trace_pass *p)
{
	free(p);
}

bool trace_pass_next(void *pass, double *ret_sec, double *ret_rps)
{
	const char *why;
	int err;

	do
		err = next_point(pass, ret_sec, ret_rps, &why);
	while (err == -ENOMSG || err == -EBADMSG);
	return err == 0;
}

/* ---- the first pass ---- */

struct check {
	struct trace_pass *pass;
	struct shape_tally tally;
	uint64_t lines, malformed, first_malformed;
	struct buf notes; /* about malformed lines; told when all is well */
	struct buf *messages;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct check *c, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	buf_printf(c->messages, "%s: %s\n", c->pass->trace->path, why);
	return -EINVAL;
}

static void note_malformed(struct check *c, const char *why)
{
	if (c->malformed++ == 0)
		c->first_malformed = c->pass->line;
	if (c->malformed <= TRACE_MALFORMED_NAMED)
		buf_printf(&c->notes, "%s: line %" PRIu64 ": %s; passed over\n",
			   c->pass->trace->path, c->pass->line, why);
}

static int check_point(struct check *c, double sec, double rps)
{
	if (c->tally.points > 0 && sec < c->tally.last_sec)
		return refuse(c,
			      "line %" PRIu64 ": time %.15g comes after %.15g: it goes backwards",
			      c->pass->line, sec, c->tally.last_sec);
	shape_add(&c->tally, sec, rps);
	return 0;
}

/* Read to the end. */
static int check_lines(struct check *c)
{
	const char *why = "";
	double sec, rps;
	int err = 0;

	while (err == 0) {
		int is = next_point(c->pass, &sec, &rps, &why);
		if (is == 1)
			break;
		c->lines += is == 0 || is == -EBADMSG;
		if (is == 0)
			err = check_point(c, sec, rps);
		else if (is == -EBADMSG)
			note_malformed(c, why);
		else if (is == -ERANGE)
			err = refuse(c, "line %" PRIu64 ": %s", c->pass->line, why);
		else if (is == -E2BIG)
			err = refuse(c, "line %" PRIu64 " is longer than %d bytes: not a trace",
				     c->pass->line + 1, TRACE_LINE_MAX);
		else if (is == -EFBIG)
			err = refuse(c, "a pipe may bring %zu MB; save it to a file",
				     SPOOL_BYTES_MAX >> 20);
		else if (is == -EIO)
			err = refuse(c, "%s", strerror(-c->pass->read_err));
	}
	return err;
}

static int check_whole(struct check *c)
{
	const struct shape_tally *t = &c->tally;
	double days = (t->last_sec - t->first_sec) / SEC_PER_DAY;

	if (c->lines == 0)
		return refuse(c, "is empty: no line t_seconds,requests_per_second");
	if ((double)c->malformed > TRACE_MALFORMED_SHARE * (double)c->lines)
		return refuse(
			c,
			"%" PRIu64 " of %" PRIu64 " lines are malformed, more than %g %%; the "
			"first is line %" PRIu64,
			c->malformed, c->lines, 100 * TRACE_MALFORMED_SHARE, c->first_malformed);
	if (t->last_sec <= t->first_sec)
		return refuse(c, "has one time only; a trace has a first and a last");
	if (days > SPAN_DAYS_MAX)
		return refuse(c, "spans %.0f days, more than %d; are its times seconds?", days,
			      SPAN_DAYS_MAX);
	if (t->max_rps == 0)
		return refuse(c, "has no rate above 0");
	buf_puts(c->messages, buf_text(&c->notes));
	if (c->malformed > TRACE_MALFORMED_NAMED)
		buf_printf(c->messages,
			   "%s: %" PRIu64 " lines passed over, of which the first %d are named\n",
			   c->pass->trace->path, c->malformed, TRACE_MALFORMED_NAMED);
	return 0;
}

static int check(struct trace *t, double smooth_sec, struct buf *messages)
{
	struct check c = {.pass = pass_new(t, t->spool_fd >= 0), .messages = messages};
	int err;

	buf_init(&c.notes, NOTES_BYTES_MAX);
	err = check_lines(&c);
	if (err == 0)
		err = check_whole(&c);
	buf_free(&c.notes);
	trace_pass_end(c.pass);
	if (err != 0)
		return err;

	if (t->spool_fd >= 0) {
		close(t->fd);
		t->fd = t->spool_fd;
		t->spool_fd = -1;
	}
	t->shape = shape_end(&c.tally, smooth_sec);
	c.pass = trace_pass_begin(t);
	t->shape.max_rps = shape_max(&t->shape, trace_pass_next, c.pass);
	trace_pass_end(c.pass);
	return 0;
}

/* ---- files ---- */

/* An unnamed file. */
static int open_spool(void)
{
	FILE *f = tmpfile();
	int fd;

	if (f == NULL)
		return -errno;
	fd = fcntl(fileno(f), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		fd = -errno;
	fclose(f);
	return fd;
}

static int open_file(struct trace *t, struct buf *messages)
{
	bool standard = strcmp(t->path, "-") == 0;
	struct stat st;

	t->fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
			 : open(t->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (t->fd < 0 || fstat(t->fd, &st) < 0) {
		buf_printf(messages, "%s: %s\n", t->path, strerror(errno));
		return -EINVAL;
	}
	if (S_ISDIR(st.st_mode)) {
		buf_printf(messages, "%s: is a directory, not a trace\n", t->path);
		return -EISDIR;
	}
	if (S_ISREG(st.st_mode))
		return 0;
	t->spool_fd = open_spool();
	if (t->spool_fd >= 0)
		return 0;
	buf_printf(messages, "%s: no temporary file to keep it in: %s\n", t->path,
		   strerror(-t->spool_fd));
	return -EIO;
}

int trace_open(const char *path, double smooth_sec, struct trace **ret, struct buf *messages)
{
	struct trace *t = xcalloc(1, sizeof(*t));
	int err;

	*t = (struct trace){.path = path, .fd = -1, .spool_fd = -1};
	err = open_file(t, messages);
	if (err == 0)
		err = check(t, smooth_sec, messages);
	if (err != 0) {
		trace_close(t);
		return err;
	}
	*ret = t;
	return 0;
}

void trace_close(struct trace *t)
{
	if (t == NULL)
		return;
	if (t->fd >= 0)
		close(t->fd);
	if (t->spool_fd >= 0)
		close(t->spool_fd);
	free(t);
}

const struct trace_shape *trace_shape(const struct trace *t)
{
	return &t->shape;
}

const char *trace_name(const struct trace *t)
{
	const char *slash = strrchr(t->path, '/');

	if (strcmp(t->path, "-") == 0)
		return "standard input";
	return slash != NULL ? slash + 1 : t->path;
}
