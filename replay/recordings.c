/* Shell. The commands about recordings: decide again, and count the cost. */
#include "replay/recordings.h"

#include "replay/bill.h"
#include "replay/comparison.h"
#include "replay/source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)4 << 20) /* bytes of one window, or of the bill of ten years */
#define ERRORS_MAX ((size_t)64 << 10)

struct run {
	const struct replay_options *options;
	struct planner_config config;
	struct comparison comparison;
	struct bill bill;
	struct buf out;
	size_t windows;
	struct source_counts source;
	size_t refused;
};

static void flush_out(struct run *r)
{
	fwrite(buf_text(&r->out), 1, r->out.len, stdout);
	buf_clear(&r->out);
}

/* Read the recording through a backtest of ${plans}. */
static int read_recording(struct run *r, bool plans, backtest_report *on_window)
{
	const struct replay_options *o = r->options;
	const struct backtest_options options = {
		.policy = &r->config.policy,
		.target = r->config.target,
		.plans = plans,
		.whole = o->json,
		.on_window = on_window,
		.cookie = r,
	};
	struct backtest *backtest = backtest_new(&options);
	int err = o->redis ? source_redis(backtest, &r->source)
			   : source_file(o->files[0], backtest, &r->source);

	if (!err) {
		backtest_end(backtest);
		r->refused = backtest_refused(backtest);
	}
	backtest_free(backtest);
	if (!err && r->windows == 0)
		fprintf(stderr, "replay: no alerts in %zu %s\n", r->source.lines,
			o->redis ? "messages" : "lines");
	return err || r->windows == 0 ? REPLAY_FAILED : REPLAY_OK;
}

static int begin(struct run *r, const struct replay_options *options)
{
	struct buf errors;

	*r = (struct run){.options = options};
	buf_init(&r->out, OUTPUT_MAX);
	buf_init(&errors, ERRORS_MAX);
	if (options->redis ? options->files_n > 0 : options->files_n == 0)
		buf_puts(&errors, "needs a recording: a FILE, - for standard input, or --redis\n");
	replay_options_settings(options, &r->config, &errors);
	fputs(buf_text(&errors), stderr);

	int status = errors.len ? REPLAY_BAD_USAGE : REPLAY_OK;
	buf_free(&errors);
	return status;
}

static int finish(struct run *r, int status)
{
	flush_out(r);
	buf_free(&r->out);
	settings_free(planner_settings, &r->config);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "replay: cannot write to standard output\n");
	return REPLAY_FAILED;
}

static void print_window(const struct backtest_window *w, void *cookie)
{
	struct run *r = cookie;
	bool shown = !r->options->differences || w->match == BACKTEST_DIFFERS;

	r->windows++;
	comparison_add(&r->comparison, w);
	if (shown && r->options->json)
		comparison_json(w, &r->out);
	else if (shown)
		comparison_line(&r->comparison, w, &r->out);
	flush_out(r);
}

int recordings_backtest(const struct replay_options *options)
{
	struct run r;
	int status = begin(&r, options);

	comparison_init(&r.comparison);
	if (status == REPLAY_OK)
		status = read_recording(&r, true, print_window);
	if (status == REPLAY_OK) {
		const struct comparison_source source = {r.source.malformed, r.refused,
							 options->sets.n > 0};
		if (options->json)
			comparison_summary_json(&r.comparison, &source, &r.out);
		else
			comparison_summary(&r.comparison, &source, &r.out);
	}
	return finish(&r, status);
}

static void bill_window(const struct backtest_window *w, void *cookie)
{
	struct run *r = cookie;

	r->windows++;
	bill_add(&r->bill, &r->config.policy, w);
}

int recordings_whatif(const struct replay_options *options)
{
	struct run r;
	int status = begin(&r, options);

	if (status == REPLAY_OK && isnan(options->price)) {
		fprintf(stderr, "whatif: needs --price, that of an hour of a replica\n");
		status = REPLAY_BAD_USAGE;
	}
	bill_init(&r.bill);
	if (status == REPLAY_OK)
		status = read_recording(&r, false, bill_window);
	if (status == REPLAY_OK && options->json)
		bill_json(&r.bill, options->price, r.config.policy.max_replicas, &r.out);
	else if (status == REPLAY_OK)
		bill_text(&r.bill, options->price, r.config.policy.max_replicas, &r.out);
	bill_free(&r.bill);
	return finish(&r, status);
}
