/* Shell. Where a recording comes from. */
#include "replay/source.h"

#include "planner/playback.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What to say of an error while reading. */
static const char *reason(int err)
{
	switch (err) {
	case -EBADMSG:
		return "more than 1 % of its lines are malformed: this is no recording";
	case -EFBIG:
		return "a line of it does not end: this is no recording";
	default:
		return strerrordesc_np(-err);
	}
}

static int take(const struct recorded *recorded, void *backtest, struct message_error *ret_error)
{
	int err = backtest_take(backtest, recorded, ret_error);

	return err ? err : ferror(stdout) ? -EPIPE : 0;
}

/* A directory can be opened as well, and says what it is only when it is read. */
static FILE *open_file(const char *path)
{
	struct stat what;
	FILE *in = fopen(path, "re");

	if (in && fstat(fileno(in), &what) == 0 && S_ISDIR(what.st_mode)) {
		fclose(in);
		errno = EISDIR;
		return NULL;
	}
	return in;
}

int source_file(const char *path, struct backtest *backtest, struct source_counts *ret)
{
	bool standard = !path || strcmp(path, "-") == 0;
	FILE *in = standard ? stdin : open_file(path);
	int err = in ? 0 : -errno;
	struct playback read = {0};

	if (in)
		err = playback_run(in, stderr, SOURCE_MALFORMED_MAX, take, backtest, &read);
	if (err)
		fprintf(stderr, "replay: %s: %s\n", standard ? "standard input" : path,
			reason(err));
	if (in && !standard)
		fclose(in);
	*ret = (struct source_counts){read.lines, read.malformed};
	return err;
}
