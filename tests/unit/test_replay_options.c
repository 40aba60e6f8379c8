/* The replay tool's command line. */
#include "tests/unit/unit.h"

#include "replay/options.h"
#include "replay/plant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 160

static const struct replay_command commands[] = {
	{.name = "backtest",
	 .files_max = 1,
	 .takes = REPLAY_TAKES_SET,
	 .options = replay_backtest_options},
	{.name = "simulate",
	 .arguments = "TRACE",
	 .summary = "s",
	 .help = "h\n",
	 .files_max = 2,
	 .takes = REPLAY_TAKES_SET | REPLAY_TAKES_POLICY,
	 .options = replay_simulate_options},
	{.name = "whatif", .files_max = 1, .options = replay_whatif_options},
	{.name = "trace", .options = replay_trace_options},
	{0},
};

static struct replay_options options;
static struct buf errors;

/* Parse "replay ${line}", a command line of words. */
static int parse(const char *line)
{
	static char words[8192];
	char *argv[ARGS_MAX + 1], *save = NULL;
	static char name[] = "replay";
	int argc = 0;

	snprintf(words, sizeof(words), "%s", line);
	argv[argc++] = name;
	for (char *w = strtok_r(words, " ", &save); w && argc < ARGS_MAX;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	return replay_options_parse(argc, argv, commands, &options, &errors);
}

static int begin(void **state)
{
	(void)state;
	buf_init(&errors, 65536);
	return 0;
}

static int end(void **state)
{
	(void)state;
	buf_free(&errors);
	return 0;
}

static void parse_good(const char *line)
{
	assert_int_equal(parse(line), 0);
	assert_string_equal(buf_text(&errors), "");
}

static void the_first_command_needs_no_name(void **state)
{
	(void)state;
	static const char *const lines[] = {"a.jsonl --json", "backtest a.jsonl --json",
					    "--json a.jsonl", "--json=true -- a.jsonl"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		parse_good(lines[i]);
		assert_ptr_equal(options.command, &commands[0]);
		assert_int_equal(options.files_n, 1);
		assert_string_equal(options.files[0], "a.jsonl");
		assert_true(options.json && !options.redis && !options.differences);
		replay_options_free(&options);
	}
}

static void defaults_are_those_of_the_demo(void **state)
{
	(void)state;
	parse_good("simulate t.csv");
	assert_string_equal(options.command->name, "simulate");
	assert_int_equal(options.seeds, 5);
	assert_int_equal(options.slots, 8);
	assert_int_equal(options.service, PLANT_EXPONENTIAL);
	assert_true(options.startup_sec == 10 && options.service_sec == 0.12);
	assert_true(options.window_sec == 2 && isnan(options.smooth_sec));
	assert_null(options.svg);
	replay_options_free(&options);
}

static void values_stand_behind_or_after_an_equals_sign(void **state)
{
	(void)state;
	parse_good("simulate --seeds 3 --startup=60 a --service lognormal --svg x.svg b --csv");
	assert_int_equal(options.seeds, 3);
	assert_true(options.startup_sec == 60 && options.csv);
	assert_int_equal(options.service, PLANT_LOGNORMAL);
	assert_string_equal(options.svg, "x.svg");
	assert_int_equal(options.files_n, 2);
	replay_options_free(&options);
	parse_good("simulate --seeds 3 --seeds 4 --service fixed -");
	assert_int_equal(options.seeds, 4); /* the last counts */
	assert_int_equal(options.service, PLANT_FIXED);
	assert_string_equal(options.files[0], "-");
	replay_options_free(&options);
	parse_good("-- --json"); /* a file */
	assert_string_equal(options.files[0], "--json");
	assert_false(options.json);
	replay_options_free(&options);
}

static void what_suits_the_kind_is_left_open(void **state)
{
	(void)state;
	parse_good("trace --kind step --high 200");
	assert_string_equal(options.kind, "step");
	assert_true(options.high_rps == 200 && isnan(options.low_rps) && isnan(options.span_sec));
	assert_int_equal(options.seed, 1);
	replay_options_free(&options);
}

static void lists_keep_their_order(void **state)
{
	(void)state;
	parse_good("simulate --policy hpa --set ALPHA_UP=3 --policy=static:4 --set A=B=C");
	assert_int_equal(options.policies.n, 2);
	assert_string_equal(options.policies.items[1], "static:4");
	assert_int_equal(options.sets.n, 2);
	assert_string_equal(options.sets.items[1], "A=B=C");
	replay_options_free(&options);
}

static void help_comes_before_mistakes(void **state)
{
	(void)state;
	static const char *const lines[] = {"--help", "a b --help", "simulate -h --seeds x"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(parse(lines[i]), 0);
		assert_true(options.help);
		replay_options_free(&options);
	}
	assert_int_equal(parse("--version"), 0);
	assert_true(options.version && !options.help);
	replay_options_free(&options);
}

static void mistakes_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *line, *error;
	} rows[] = {
		{"a b", "b: one argument too many\n"},
		{"--seeds 3 a", "--seeds: no such option of backtest\n"},
		{"--policy hpa", "--policy: no such option of backtest\n"},
		{"whatif --set A=1 a b", "--set: no such option of whatif\n"},
		{"simulate --seeds", "--seeds: needs a value\n"},
		{"simulate --seeds=", "--seeds: needs a value\n"},
		{"simulate --seeds 0",
		 "--seeds=0: must be a whole number of runs from 1 to 1000\n"},
		{"simulate --startup nan",
		 "--startup=nan: must be a number of seconds from 0 to 3600\n"},
		{"simulate --service deterministic",
		 "--service=deterministic: must be one of fixed, exponential, lognormal\n"},
		{"simulate --json=maybe",
		 "--json=maybe: must be true or false (yes, no, on, off, 1 and 0 will do)\n"},
		{"simulate --seeds x --slots y",
		 "--seeds=x: must be a whole number of runs from 1 to 1000\n"
		 "--slots=y: must be a whole number of requests from 1 to 1000\n"},
		{"-x", "-x: no such option of backtest\n"},
		{"simulates", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i].line), *rows[i].error ? -EINVAL : 0);
		assert_string_equal(buf_text(&errors), rows[i].error);
		replay_options_free(&options);
		buf_clear(&errors);
	}
}

static void everything_has_an_end(void **state)
{
	(void)state;
	char line[4096] = "simulate";

	for (int i = 0; i <= REPLAY_LIST_MAX; i++)
		strcat(line, " --set A=1");
	assert_int_equal(parse(line), -EINVAL);
	assert_string_equal(buf_text(&errors), "--set: given more than 64 times\n");
	replay_options_free(&options);
	buf_clear(&errors);
	strcpy(line, "simulate");
	for (int i = 0; i <= 64; i++)
		strcat(line, " --json");
	assert_int_equal(parse(line), -EINVAL);
	assert_string_equal(buf_text(&errors), "--json: one option too many\n");
	replay_options_free(&options);
}

/* --- settings --------------------------------------------------------------------------------- */

static int settings(const char *line, struct planner_config *ret)
{
	parse_good(line);
	return replay_options_settings(&options, ret, &errors);
}

static void done(struct planner_config *config)
{
	settings_free(planner_settings, config);
	replay_options_free(&options);
	buf_clear(&errors);
}

static void settings_are_the_planners_own(void **state)
{
	(void)state;
	struct planner_config c;

	setenv("MAX_REPLICAS", "3", 1); /* the environment is none of them */
	assert_int_equal(settings("f", &c), 0);
	assert_int_equal(c.policy.policy, POLICY_ADAPTIVE);
	assert_int_equal(c.policy.max_replicas, 10);
	assert_string_equal(c.target, "app");
	done(&c);
	assert_int_equal(settings("f --set ALPHA_UP=3 --set PLANNER_POLICY=classic --set TARGET=a "
				  "--set ALPHA_UP=4 --set LLM_API_KEY=x",
				  &c),
			 0);
	assert_int_equal(c.policy.policy, POLICY_CLASSIC);
	assert_true(c.policy.alpha_up == 4);
	assert_string_equal(c.target, "a");
	done(&c);
}

static void wrong_settings_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *set, *error;
	} rows[] = {
		{"ALPHA=3", "--set ALPHA=3: must be NAME=VALUE, with a NAME that `planner --help` "
			    "lists\n"},
		{"ALPHA_UP", "--set ALPHA_UP: must be NAME=VALUE, with a NAME that `planner "
			     "--help` lists\n"},
		{"=3", "--set =3: must be NAME=VALUE, with a NAME that `planner --help` lists\n"},
		{"LLM_API_KEY_FILE=/x",
		 "--set LLM_API_KEY_FILE=/x: must be NAME=VALUE, with a NAME "
		 "that `planner --help` lists\n"},
		{"ALPHA_UP=0", "ALPHA_UP=0: must be a number of x baseline from 1 to 1000\n"},
		{"MIN_REPLICAS=20", "MIN_REPLICAS=20: must be at most MAX_REPLICAS=10\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[128];
		struct planner_config c;
		snprintf(line, sizeof(line), "f --set %s", rows[i].set);
		assert_int_equal(settings(line, &c), -EINVAL);
		assert_string_equal(buf_text(&errors), rows[i].error);
		done(&c);
	}
}

static void help_names_all_options(void **state)
{
	(void)state;
	static const char *const words[] = {"usage: replay simulate [OPTION]... TRACE\ns\n\nh\n",
					    "--set NAME=VALUE", "--policy NAME", "--seeds",
					    "--svg"};
	struct buf out;

	buf_init(&out, 65536);
	replay_options_help(&commands[1], &out);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_non_null(strstr(buf_text(&out), words[i]));
	buf_free(&out);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_command_needs_no_name),
		TEST(defaults_are_those_of_the_demo),
		TEST(values_stand_behind_or_after_an_equals_sign),
		TEST(what_suits_the_kind_is_left_open),
		TEST(lists_keep_their_order),
		TEST(help_comes_before_mistakes),
		TEST(mistakes_are_named),
		TEST(everything_has_an_end),
		TEST(settings_are_the_planners_own),
		TEST(wrong_settings_are_named),
		TEST(help_names_all_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
