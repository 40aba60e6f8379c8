/* Wiring. The replay tool: tries a scaling policy on recorded or simulated load, before it bites.
 * */
#include "common/mem.h"
#include "replay/generate.h"
#include "replay/generate_run.h"
#include "replay/recordings.h"
#include "replay/simulate.h"
#include "replay/tune_run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)64 << 10) /* bytes of help, or of what is wrong with a command line */

static void help_of_kinds(struct buf *out)
{
	buf_puts(out, "\nkinds, and what suits them:\n");
	generate_help(out);
}

static const struct replay_command commands[] = {
	{
		.name = "backtest",
		.arguments = "FILE",
		.summary = "decides again about recorded telemetry, beside the live decisions",
		.help = "FILE is what `subscriber --json` prints; \"-\" is standard input.\n"
			"With the settings of the live planner every decision is the same.\n"
			"What was measured stays as it was recorded: latency does not answer\n"
			"to another replica count.\n",
		.files_max = 1,
		.takes = REPLAY_TAKES_SET,
		.options = replay_backtest_options,
		.run = recordings_backtest,
	},
	{
		.name = "simulate",
		.arguments = "TRACE",
		.summary = "runs policies in a simulated service along a trace, side by side",
		.help = "TRACE has a line for each point, \"t_seconds,requests_per_second\"; \"-\" "
			"is standard input.\n"
			"On a virtual clock: Poisson arrivals at that rate, a least_conn load\n"
			"balancer, replicas that take time to start, and windows as the monitor\n"
			"measures them.\n",
		.files_max = 1,
		.takes = REPLAY_TAKES_SET | REPLAY_TAKES_POLICY,
		.options = replay_simulate_options,
		.run = simulate_run,
	},
	{
		.name = "tune",
		.arguments = "TRACE...",
		.summary = "tries the settings that matter, prints those that are worth having",
		.help = "A Pareto front: each line trades windows over the objective against "
			"replica-hours.  Ctrl-C\n"
			"prints what there is so far.\n",
		.files_max = REPLAY_FILES_MAX,
		.takes = REPLAY_TAKES_SET,
		.options = replay_tune_options,
		.run = tune_run,
	},
	{
		.name = "whatif",
		.arguments = "FILE",
		.summary = "counts what it cost, and what MAX_REPLICAS all the time would have",
		.help = "FILE is what `subscriber --json` prints; \"-\" is standard input.\n"
			"Counted are the replicas that ran in each recorded window, and the\n"
			"windows within the objective.\n",
		.files_max = 1,
		.takes = REPLAY_TAKES_SET,
		.options = replay_whatif_options,
		.run = recordings_whatif,
	},
	{
		.name = "trace",
		.arguments = "",
		.summary = "makes up a trace, on standard output",
		.help = "What is not given is as suits the kind.\n",
		.more_help = help_of_kinds,
		.options = replay_trace_options,
		.run = generate_run,
	},
	{0},
};

static int print_help(const struct replay_options *options, bool of_all)
{
	struct buf out;

	buf_init(&out, TEXT_MAX);
	if (of_all)
		replay_options_usage(commands, &out);
	else
		replay_options_help(options->command, &out);
	fputs(buf_text(&out), stdout);
	buf_free(&out);
	return fflush(stdout) ? REPLAY_FAILED : REPLAY_OK;
}

static int run(const struct replay_options *options, bool named)
{
	if (options->help)
		return print_help(options, !named);
	if (options->version)
		return printf("replay %s\n", VERSION) < 0 ? REPLAY_FAILED : REPLAY_OK;
	return options->command->run(options);
}

int main(int argc, char **argv)
{
	struct replay_options options;
	struct buf errors;
	int status = REPLAY_BAD_USAGE;

	mem_init();
	signal(SIGPIPE, SIG_IGN);
	buf_init(&errors, TEXT_MAX);
	if (replay_options_parse(argc, argv, commands, &options, &errors) == 0)
		status = run(&options, argc > 1 && strcmp(argv[1], options.command->name) == 0);
	fputs(buf_text(&errors), stderr);
	buf_free(&errors);
	replay_options_free(&options);
	return status;
}
