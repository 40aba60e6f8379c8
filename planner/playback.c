/* Shell. A recording read from a file, line by line. */
#include "planner/playback.h"

#include "common/mem.h"

#include <errno.h>
#include <stdlib.h>

#define NAMED_MAX   10    /* malformed lines that are named; more are only counted */
#define JUDGED_FROM 10000 /* lines, from which on their share speaks for the rest as well */

/* One line without its break into ${line}, of a longer one the beginning, and its whole length.
 * 1; 0 at the end; -EFBIG or why it cannot be read. */
static int read_line(FILE *in, char line[RECORDING_LINE_MAX], size_t *ret_len)
{
	size_t len = 0;
	int c;

	while ((c = getc_unlocked(in)) != EOF && c != '\n') {
		if (len < RECORDING_LINE_MAX)
			line[len] = (char)c;
		if (++len > PLAYBACK_LINE_MAX)
			return -EFBIG;
	}
	*ret_len = len;
	if (ferror_unlocked(in))
		return errno ? -errno : -EIO;
	return c != EOF || len > 0;
}

static int take_line(const char *line, size_t len, playback_take *take, void *cookie,
		     struct message_error *ret_error)
{
	struct recorded recorded;
	int err = recording_read(line, len, &recorded, ret_error);

	if (err)
		return err == -ENOMSG ? 0 : err;
	err = take(&recorded, cookie, ret_error);
	free(recorded.text);
	return err;
}

static void name(FILE *err, struct playback *p, const struct message_error *error)
{
	if (p->malformed++ < NAMED_MAX)
		fprintf(err, "line %zu: %s\n", p->lines, error->text);
}

static int judge(const struct playback *p, double malformed_max)
{
	return (double)p->malformed > malformed_max * (double)p->lines ? -EBADMSG : 0;
}

int playback_run(FILE *in, FILE *err, double malformed_max, playback_take *take, void *cookie,
		 struct playback *ret)
{
	char *line = xcalloc(1, RECORDING_LINE_MAX);
	struct message_error error;
	size_t len;
	int status;

	*ret = (struct playback){0};
	errno = 0;
	while ((status = read_line(in, line, &len)) > 0) {
		ret->lines++;
		status = take_line(line, len, take, cookie, &error);
		if (status == -EBADMSG) {
			name(err, ret, &error);
			status = ret->lines < JUDGED_FROM ? 0 : judge(ret, malformed_max);
		}
		if (status)
			break;
	}
	free(line);
	return status ? status : judge(ret, malformed_max);
}
