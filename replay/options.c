/* Pure. What the replay tool is told on its command line. */
#include "replay/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- the rows --------------------------------------------------------------------------------- */

#define AT(member) offsetof(struct replay_options, member)
#define UNTIL_YEAR 31536000.0 /* seconds */

static const struct setting recording_rows[] = {
	{"--redis", SETTING_BOOL, AT(redis), "false", NULL, 0, 0, NULL,
	 "read the streams of Redis (REDIS_HOST, REDIS_PORT and so on, from the environment) in "
	 "place of a file"},
	{"--json", SETTING_BOOL, AT(json), "false", NULL, 0, 0, NULL, "JSON in place of text"},
	{0},
};

static const struct setting backtest_rows[] = {
	{"--differences", SETTING_BOOL, AT(differences), "false", NULL, 0, 0, NULL,
	 "of the decisions only those that differ from the live ones"},
	{0},
};

static const struct setting whatif_rows[] = {
	{"--price", SETTING_NUM, AT(price), NULL, NULL, 0, 1e9, NULL,
	 "of an hour of a replica, in any currency; required"},
	{0},
};

static const struct setting simulation_rows[] = {
	{"--seeds", SETTING_INT, AT(seeds), "5", "runs", 1, 1000, NULL,
	 "of each, every one with chances of its own"},
	{"--startup", SETTING_NUM, AT(startup_sec), "10", "s", 0, 3600, NULL,
	 "from wanting a replica to its first request"},
	{"--start-failures", SETTING_NUM, AT(start_failed_share), "0", NULL, 0, 0.95, NULL,
	 "share of the starts that never get ready"},
	{"--service-time", SETTING_NUM, AT(service_sec), "0.12", "s", 0.0001, 600, NULL,
	 "that a slot takes for a request, on average"},
	{"--service", SETTING_CHOICE, AT(service), "exponential", NULL, 0, 0,
	 "fixed|exponential|lognormal", "how that time is distributed"},
	{"--service-cv", SETTING_NUM, AT(service_cv), "1", NULL, 0.01, 10, NULL,
	 "lognormal: its standard deviation over its mean"},
	{"--slots", SETTING_INT, AT(slots), "8", "requests", 1, 1000, NULL,
	 "that a replica answers at once; others wait"},
	{"--peak", SETTING_INT, AT(peak), "8", "replicas", 0, 1000, NULL,
	 "scale the trace so that its highest rate needs so many; 0: take it as it is"},
	{"--smooth", SETTING_NUM, AT(smooth_sec), NULL, "s", 0, 3600, NULL,
	 "even the trace out over so long; unset: 60 s where most steps are shorter"},
	{"--window", SETTING_NUM, AT(window_sec), "2", "s", 0.1, 3600, NULL,
	 "length of the monitor's windows"},
	{"--json", SETTING_BOOL, AT(json), "false", NULL, 0, 0, NULL, "JSON in place of a table"},
	{"--csv", SETTING_BOOL, AT(csv), "false", NULL, 0, 0, NULL,
	 "comma-separated values, a line a run, in place of a table"},
	{"--svg", SETTING_STR, AT(svg), NULL, NULL, 0, 0, NULL, "also draw a picture to this file"},
	{0},
};

static const struct setting trace_rows[] = {
	{"--kind", SETTING_STR, AT(kind), NULL, NULL, 1, 20, NULL, "which; required"},
	{"--span", SETTING_NUM, AT(span_sec), NULL, "s", 1, UNTIL_YEAR, NULL, "how long"},
	{"--step", SETTING_NUM, AT(step_sec), NULL, "s", 0.001, 86400, NULL, "a point so often"},
	{"--low", SETTING_NUM, AT(low_rps), NULL, "requests/s", 0, 1e6, NULL, "lowest rate"},
	{"--high", SETTING_NUM, AT(high_rps), NULL, "requests/s", 0, 1e6, NULL, "highest rate"},
	{"--period", SETTING_NUM, AT(period_sec), NULL, "s", 1, UNTIL_YEAR, NULL,
	 "of what repeats"},
	{"--noise", SETTING_NUM, AT(noise), NULL, NULL, 0, 1, NULL,
	 "its standard deviation over the mean"},
	{"--seed", SETTING_INT, AT(seed), "1", NULL, 0, 2147483647, NULL,
	 "of what comes by chance"},
	{0},
};

const struct setting *const replay_backtest_options[] = {backtest_rows, recording_rows, NULL};
const struct setting *const replay_whatif_options[] = {whatif_rows, recording_rows, NULL};
const struct setting *const replay_simulate_options[] = {simulation_rows, NULL};
const struct setting *const replay_tune_options[] = {simulation_rows, NULL};
const struct setting *const replay_trace_options[] = {trace_rows, NULL};

/* Options that may be repeated. */
static const struct list_row {
	const char *name, *value;
	unsigned takes; /* REPLAY_TAKES_… */
	size_t offset;  /* of a struct replay_list */
	const char *help;
} list_rows[] = {
	{"--set", "NAME=VALUE", REPLAY_TAKES_SET, AT(sets),
	 "a setting of the planner, as `planner --help` lists them"},
	{"--policy", "NAME", REPLAY_TAKES_POLICY, AT(policies),
	 "adaptive, classic, hpa, kpa, aws, step, oracle or static:N; unset: all but the last"},
};

#define LISTS_N (sizeof(list_rows) / sizeof(list_rows[0]))

/* --- the command line ------------------------------------------------------------------------- */

#define GIVEN_MAX 64 /* options in one command line, those that may be repeated apart */
#define SHOWN_MAX 80 /* bytes of an argument in an error message */

struct reader {
	struct replay_options *options;
	struct buf *errors;
	struct {
		const struct setting *row;
		const char *value;
	} given[GIVEN_MAX];
	size_t given_n;
};

static const struct setting *find_row(const struct replay_command *command, const char *name,
				      size_t len)
{
	for (const struct setting *const *table = command->options; *table; table++)
		for (const struct setting *row = *table; row->name; row++)
			if (strlen(row->name) == len && strncmp(row->name, name, len) == 0)
				return row;
	return NULL;
}

static const struct list_row *find_list(const struct replay_command *command, const char *name,
					size_t len)
{
	for (size_t i = 0; i < LISTS_N; i++)
		if (command->takes & list_rows[i].takes && strlen(list_rows[i].name) == len &&
		    strncmp(list_rows[i].name, name, len) == 0)
			return &list_rows[i];
	return NULL;
}

/* The last one given counts. */
static const char *lookup(const char *name, void *cookie)
{
	const struct reader *r = cookie;

	for (size_t i = r->given_n; i-- > 0;)
		if (strcmp(r->given[i].row->name, name) == 0)
			return r->given[i].value;
	return NULL;
}

static void add_given(struct reader *r, const struct setting *row, const char *value)
{
	if (r->given_n == GIVEN_MAX) {
		buf_printf(r->errors, "%s: one option too many\n", row->name);
		return;
	}
	r->given[r->given_n].row = row;
	r->given[r->given_n++].value = value;
}

static void add_item(struct reader *r, const struct list_row *row, const char *value)
{
	struct replay_list *list = (void *)((char *)r->options + row->offset);

	if (list->n == REPLAY_LIST_MAX)
		buf_printf(r->errors, "%s: given more than %d times\n", row->name, REPLAY_LIST_MAX);
	else
		list->items[list->n++] = value;
}

/* Read the option at ${argv}[${i}] and return the index of its last argument; of one that is not
 * known nobody can tell, so that is the end. */
static int read_option(struct reader *r, int argc, char *const *argv, int i)
{
	const char *name = argv[i], *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct setting *row = find_row(r->options->command, name, len);
	const struct list_row *list = find_list(r->options->command, name, len);
	bool flag = row && row->type == SETTING_BOOL;

	if (!row && !list) {
		buf_printf(r->errors, "%.*s: no such option of %s\n",
			   (int)(len < SHOWN_MAX ? len : SHOWN_MAX), name,
			   r->options->command->name);
		return argc;
	}
	const char *value = equals ? equals + 1 : flag ? "true" : i + 1 < argc ? argv[++i] : "";
	if (!*value)
		buf_printf(r->errors, "%.*s: needs a value\n", (int)len, name);
	else if (row)
		add_given(r, row, value);
	else
		add_item(r, list, value);
	return i;
}

static void read_file_name(struct reader *r, const char *name)
{
	struct replay_options *o = r->options;

	if (o->files_n == o->command->files_max)
		buf_printf(r->errors, "%.*s: one argument too many\n", SHOWN_MAX, name);
	else
		o->files[o->files_n++] = name;
}

/* The first argument, where it names a command; else the first command. */
static const struct replay_command *find_command(const struct replay_command *commands, int argc,
						 char *const *argv)
{
	for (const struct replay_command *c = commands; argc > 1 && c->name; c++)
		if (strcmp(c->name, argv[1]) == 0)
			return c;
	return commands;
}

static void read_rows(struct reader *r)
{
	for (const struct setting *const *table = r->options->command->options; *table; table++)
		settings_parse(*table, lookup, NULL, r, r->options, r->errors);
}

int replay_options_parse(int argc, char *const *argv, const struct replay_command *commands,
			 struct replay_options *ret, struct buf *errors)
{
	struct reader r = {.options = ret, .errors = errors};
	bool only_files = false;

	*ret = (struct replay_options){.command = find_command(commands, argc, argv)};
	int i = argc > 1 && strcmp(argv[1], ret->command->name) == 0 ? 2 : 1;
	for (; i < argc; i++) {
		const char *argument = argv[i];
		if (only_files || argument[0] != '-' || !argument[1])
			read_file_name(&r, argument);
		else if (strcmp(argument, "--") == 0)
			only_files = true;
		else if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
			ret->help = true;
		else if (strcmp(argument, "--version") == 0)
			ret->version = true;
		else
			i = read_option(&r, argc, argv, i);
	}
	if (ret->help || ret->version)
		return 0;
	read_rows(&r);
	return errors->len ? -EINVAL : 0;
}

void replay_options_free(struct replay_options *options)
{
	for (const struct setting *const *table = options->command->options; *table; table++)
		settings_free(*table, options);
}

/* --- settings of the planner ------------------------------------------------------------------ */

static const char *lookup_set(const char *name, void *cookie)
{
	const struct replay_list *sets = cookie;
	size_t len = strlen(name);

	for (size_t i = sets->n; i-- > 0;)
		if (strncmp(sets->items[i], name, len) == 0 && sets->items[i][len] == '=')
			return sets->items[i] + len + 1;
	return NULL;
}

static bool is_setting(const char *set)
{
	size_t len = strcspn(set, "=");

	for (const struct setting *row = planner_settings; row->name; row++)
		if (strlen(row->name) == len && strncmp(row->name, set, len) == 0)
			return set[len] == '=';
	return false;
}

int replay_options_settings(const struct replay_options *options, struct planner_config *ret,
			    struct buf *errors)
{
	struct replay_list sets = options->sets;

	*ret = (struct planner_config){0};
	for (size_t i = 0; i < sets.n; i++)
		if (!is_setting(sets.items[i]))
			buf_printf(errors,
				   "--set %.*s: must be NAME=VALUE, with a NAME that `planner "
				   "--help` lists\n",
				   SHOWN_MAX, sets.items[i]);
	if (errors->len == 0 &&
	    settings_parse(planner_settings, lookup_set, NULL, &sets, ret, errors) == 0)
		planner_config_check(ret, errors);
	return errors->len ? -EINVAL : 0;
}

/* --- help ------------------------------------------------------------------------------------- */

void replay_options_usage(const struct replay_command *commands, struct buf *out)
{
	buf_puts(out,
		 "usage: replay [COMMAND] [OPTION]... [FILE]...\n"
		 "tries a scaling policy on recorded or simulated load: the planner's own code, "
		 "without a service\n\n");
	for (const struct replay_command *c = commands; c->name; c++)
		buf_printf(out, "  replay %-9s %-9s %s\n", c == commands ? "" : c->name,
			   c->arguments, c->summary);
	buf_puts(out, "\n`replay COMMAND --help` tells more; so does `replay ");
	buf_printf(out, "%s --help`, of the first.\n", commands->name);
	buf_puts(out, "Exit status: 0; 1 when it could not be done; 2 for a wrong command line.\n");
}

void replay_options_help(const struct replay_command *command, struct buf *out)
{
	buf_printf(out, "usage: replay %s [OPTION]... %s\n%s\n\n%s\noptions:\n", command->name,
		   command->arguments, command->summary, command->help);
	for (size_t i = 0; i < LISTS_N; i++)
		if (command->takes & list_rows[i].takes)
			buf_printf(out, "  %s %s\n      %s; may be repeated\n", list_rows[i].name,
				   list_rows[i].value, list_rows[i].help);
	for (const struct setting *const *table = command->options; *table; table++)
		settings_help(*table, out);
	if (command->more_help)
		command->more_help(out);
}
