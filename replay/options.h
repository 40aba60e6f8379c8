/* Pure. What the replay tool is told on its command line.  Options are rows of the same kind as
 * settings, so they share their parser, their messages and their help. */
#ifndef REPLAY_OPTIONS_H
#define REPLAY_OPTIONS_H

#include "common/buf.h"
#include "common/settings.h"
#include "planner/config.h"

#include <stdbool.h>
#include <stddef.h>

#define REPLAY_FILES_MAX 64
#define REPLAY_LIST_MAX  64 /* times that an option may be repeated */

struct replay_list {
	const char *items[REPLAY_LIST_MAX];
	size_t n;
};

struct replay_options {
	const struct replay_command *command;
	bool help, version;
	const char *files[REPLAY_FILES_MAX]; /* the command line's, like the lists */
	size_t files_n;
	struct replay_list sets;     /* --set */
	struct replay_list policies; /* --policy */

	bool json, csv;
	char *svg; /* NULL: no picture */

	/* of recordings */
	bool redis, differences;
	double price; /* of an hour of a replica; NaN: not given */

	/* of simulations */
	int seeds, slots, peak;
	int service; /* enum plant_service */
	double startup_sec, start_failed_share, service_sec, service_cv;
	double window_sec, smooth_sec; /* NaN: as the trace needs */

	/* of made-up traces; NaN: as suits the kind */
	char *kind;
	double span_sec, step_sec, low_rps, high_rps, period_sec, noise;
	int seed;
};

enum { REPLAY_OK = 0, REPLAY_FAILED = 1, REPLAY_BAD_USAGE = 2 }; /* exit status */

enum { REPLAY_TAKES_SET = 1, REPLAY_TAKES_POLICY = 2 };

struct replay_command {
	const char *name;      /* the first argument; that of the first command may be missing */
	const char *arguments; /* beside options, for --help */
	const char *summary;   /* likewise, a line */
	const char *help;      /* likewise, what it does */
	void (*more_help)(struct buf *out); /* likewise, behind the options; NULL: nothing */
	size_t files_max;
	unsigned takes;
	const struct setting *const *options; /* tables of struct replay_options, ended by NULL */
	int (*run)(const struct replay_options *); /* the exit status */
};

/* Options of the commands. */
extern const struct setting *const replay_backtest_options[],
	*const replay_simulate_options[], *const replay_tune_options[],
						  *const replay_whatif_options[],
							  *const replay_trace_options[];

/* Read ${argv} from its second element on by the table ${commands}, ended by a row without a name.
 * 0; or -EINVAL and a line for each fault in ${errors}.  With --help and --version the rest is not
 * looked at.  ${ret} is to be freed in either case. */
int replay_options_parse(int argc, char *const *argv, const struct replay_command *commands,
			 struct replay_options *ret, struct buf *errors);
void replay_options_free(struct replay_options *);

/* The planner's settings with what --set says of them; none is taken from the environment.  0; or
 * -EINVAL and a line for each fault in ${errors}.  To be freed by settings_free with
 * planner_settings in either case. */
int replay_options_settings(const struct replay_options *, struct planner_config *ret,
			    struct buf *errors);

/* Text for --help: of all commands, of one. */
void replay_options_usage(const struct replay_command *commands, struct buf *out);
void replay_options_help(const struct replay_command *, struct buf *out);

#endif
