/* Shell. Fuzz target: whatever stands in a line of a trace, trace_line_read gives a point that a
 * simulation can go by, and the same one when it is written again; the points of all lines make a
 * rate that is one at any time. */
#include "common/mem.h"
#include "replay/feed.h"
#include "replay/trace_line.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <math.h>

#define SPAN_SEC_MAX (400 * 86400.0) /* of a trace, as trace_open sees to */

struct lines {
	const char *at, *end;
	double first_sec, last_sec, least_rps, most_rps;
	size_t points;
};

static bool near(double a, double b, double share, double absolute)
{
	return fabs(a - b) <= fabs(a) * share + absolute;
}

static void check_point(double sec, double rps)
{
	double sec_again, rps_again;
	const char *why;
	struct buf out;

	must(isfinite(sec) && isfinite(rps) && rps >= 0 && rps <= TRACE_RPS_MAX);
	if (fabs(sec) >= 1e300)
		return; /* no clock has such times, and a double no thousand times as many */
	buf_init(&out, TRACE_LINE_MAX);
	trace_line_write(sec, rps, &out);
	must(out.len > 0 && out.data[out.len - 1] == '\n');
	must(trace_line_read(out.data, out.len, &sec_again, &rps_again, &why) == 0);
	/* beyond 1e15 s a double has no milliseconds left */
	must(near(sec, sec_again, 1e-14, 0.0005001));
	must(near(rps, rps_again, 5.1e-6, 0));
	buf_free(&out);
}

static int read_line(const char *line, size_t len, double *ret_sec, double *ret_rps)
{
	char *copy = fuzz_copy((const uint8_t *)line, len, false);
	const char *why = NULL;
	double sec = -1, rps = -2;
	int err = trace_line_read(copy, len, &sec, &rps, &why);

	must(err == 0 || err == -ENOMSG || err == -EBADMSG || err == -ERANGE);
	if (err == -EBADMSG || err == -ERANGE)
		must(why != NULL && why[0] != '\0');
	if (err != 0)
		must(sec == -1 && rps == -2);
	if (err == 0) {
		must(!trace_line_is_heading(copy, len));
		check_point(sec, rps);
		*ret_sec = sec;
		*ret_rps = rps;
	}
	(void)trace_line_is_heading(copy, len);
	free(copy);
	return err;
}

static bool goes_on(const struct lines *l, double sec)
{
	return l->points == 0 || (sec >= l->last_sec && sec - l->first_sec <= SPAN_SEC_MAX);
}

/* A feed_source: the points of those lines that are good and go on from the last. */
static bool next_point(void *cookie, double *ret_sec, double *ret_rps)
{
	struct lines *l = cookie;

	while (l->at < l->end) {
		const char *line = l->at, *feed = memchr(line, '\n', (size_t)(l->end - line));
		size_t len = (size_t)((feed ? feed : l->end) - line);

		l->at = feed ? feed + 1 : l->end;
		if (read_line(line, len, ret_sec, ret_rps) != 0 || !goes_on(l, *ret_sec))
			continue;
		if (l->points == 0)
			l->first_sec = *ret_sec;
		l->least_rps = fmin(l->least_rps, *ret_rps);
		l->most_rps = fmax(l->most_rps, *ret_rps);
		l->last_sec = *ret_sec;
		l->points++;
		return true;
	}
	return false;
}

static void check_feed(const char *text, size_t size)
{
	struct lines lines = {.at = text, .end = text + size, .least_rps = INFINITY, .most_rps = 0};
	struct trace_feed feed;

	feed_init(&feed, next_point, &lines, 0, 2);
	for (double sec = 0; sec < 600; sec = sec * 1.5 + 0.25) {
		double rate = feed_rate(&feed, sec);

		must(isfinite(rate) && rate >= 0);
		if (lines.points > 0)
			must(rate >= 2 * lines.least_rps * (1 - 1e-9) &&
			     rate <= 2 * lines.most_rps * (1 + 1e-9));
		else
			must(rate == 0);
	}
	feed_free(&feed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	double sec, rps;
	char *text = fuzz_copy(data, size, false);

	mem_init();
	(void)read_line(text, size, &sec, &rps);
	check_feed(text, size);
	free(text);
	return 0;
}
