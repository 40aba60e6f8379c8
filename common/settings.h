/* Pure. Settings as one table per daemon: name, type, default, unit, range and a line of help make
 * the parser,
 * --help, the error messages and .env.example. */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum setting_type {
	SETTING_INT,    /* int */
	SETTING_NUM,    /* double; NaN when unset */
	SETTING_BOOL,   /* bool; true/false/yes/no/on/off/1/0 */
	SETTING_STR,    /* char *; NULL when unset */
	SETTING_CHOICE, /* int: index into choices */
	SETTING_URL,    /* char *; http:// or https:// with a host, no white space, no control
			   characters */
	SETTING_NAME,   /* char *; a container name (replica_target_valid) */
	SETTING_SECRET, /* char *; also read from the file that NAME_FILE names; never printed */
};

/* One row; the table ends with a row whose name is NULL. */
struct setting {
	const char *name;
	enum setting_type type;
	size_t offset;    /* of the value in the configuration structure */
	const char *def;  /* as it would stand in the environment; NULL: unset by default */
	const char *unit; /* "s", "ms", "requests", … or NULL */
	double min, max; /* inclusive, for INT and NUM; for STR, SECRET the length in bytes (0, 0: 1
			    to 4096) */
	const char *choices; /* "a|b|c" for CHOICE */
	const char *help;    /* one line, no full stop */
};

/* The value of ${name} or NULL.  ${ret_error} may be set to a sentence when it should be there and
 * cannot be read (NAME_FILE names no readable file). The text stays valid until the next call. */
typedef const char *settings_lookup(const char *name, const char **ret_error, void *cookie);

/* Fill ${config} from ${lookup} by ${table}; an empty value counts as unset.  Every offending
 * variable adds one line "NAME=value: what it must be" to ${errors} (a secret's value is never
 * shown).  The number of errors; the configuration is complete only at 0.  Free with settings_free
 * in either case; ${config} must be zeroed. */
int settings_parse(const struct setting *table, settings_lookup *lookup, void *cookie, void *config,
		   struct buf *errors);
void settings_free(const struct setting *table, void *config);

/* The table as aligned text for --help: name, default with unit, range, help. */
void settings_help(const struct setting *table, struct buf *out);

/* The table as lines for .env.example: "# help (unit, range)" and "NAME=default", commented out. */
void settings_env_example(const struct setting *table, struct buf *out);

#endif
