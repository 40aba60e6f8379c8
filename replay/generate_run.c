/* Shell. A made-up trace on standard output, block by block. */
#include "replay/generate_run.h"

#include "replay/generate.h"
#include "replay/output.h"
#include "replay/trace_line.h"

#include <math.h>
#include <stdio.h>

#define BLOCK_BYTES ((size_t)64 << 10)
#define ERROR_BYTES 1024

static void take_option(double given, double *ret)
{
	if (!isnan(given))
		*ret = given;
}

/* 0, or -1 and a sentence in ${errors}. */
static int configure(const struct replay_options *o, struct generate_config *ret,
		     struct buf *errors)
{
	char why[256];

	if (o->kind == NULL || !generate_defaults(o->kind, ret)) {
		buf_puts(errors, "--kind: must be one of ");
		generate_names(errors);
		buf_puts(errors, "\n");
		return -1;
	}
	take_option(o->span_sec, &ret->span_sec);
	take_option(o->step_sec, &ret->step_sec);
	take_option(o->low_rps, &ret->low_rps);
	take_option(o->high_rps, &ret->high_rps);
	take_option(o->period_sec, &ret->period_sec);
	take_option(o->noise, &ret->noise);
	ret->seed = (uint64_t)o->seed;
	if (generate_check(ret, why, sizeof(why)) == 0)
		return 0;
	buf_printf(errors, "%s\n", why);
	return -1;
}

static int print_trace(const struct generate_config *config)
{
	struct generator generator;
	struct buf block;
	double sec, rps;
	int err = 0;

	buf_init(&block, BLOCK_BYTES + TRACE_LINE_MAX);
	buf_puts(&block, TRACE_HEADING "\n");
	generate_begin(&generator, config);
	while (err == 0 && generate_next(&generator, &sec, &rps)) {
		trace_line_write(sec, rps, &block);
		if (block.len < BLOCK_BYTES)
			continue;
		err = output_print(&block);
		buf_clear(&block);
	}
	if (err == 0)
		err = output_print(&block);
	buf_free(&block);
	return err == 0 ? REPLAY_OK : REPLAY_FAILED;
}

int generate_run(const struct replay_options *options)
{
	struct generate_config config;
	struct buf errors;
	int status = REPLAY_BAD_USAGE;

	buf_init(&errors, ERROR_BYTES);
	if (configure(options, &config, &errors) == 0)
		status = print_trace(&config);
	fputs(buf_text(&errors), stderr);
	buf_free(&errors);
	return status;
}
