/* Pure. Settings as one table per daemon: name, type, default, unit, range and a line of help make
 * the parser, --help, the error messages and .env.example. */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>

#define SETTINGS_VALUE_MAX 4096 /* bytes of one value */

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

/* The value of ${name} or NULL.  The text stays valid until the next call. */
typedef const char *settings_lookup(const char *name, void *cookie);

/* The contents of the file ${path} (at most ${max} bytes) as text that settings_parse frees, or
 * NULL with ${ret_error} set to a phrase that says why not ("No such file or directory"). */
typedef char *settings_read_file(const char *path, size_t max, const char **ret_error,
				 void *cookie);

/* Fill ${config} from ${lookup} by ${table}; an empty value counts as unset.  A SECRET may come
 * from NAME or from the file whose path is in NAME_FILE (one closing newline is not part of it),
 * not from both; ${read_file} is called for nothing else.  Every offending variable adds one line
 * "NAME=value: must be …" to ${errors} (a secret's value is never shown; others are cut at 80
 * bytes, their control characters replaced).  The number of errors; the configuration is complete
 * only at 0.  Free with settings_free in either case; ${config} must be zeroed. */
int settings_parse(const struct setting *table, settings_lookup *lookup,
		   settings_read_file *read_file, void *cookie, void *config, struct buf *errors);
void settings_free(const struct setting *table, void *config);

/* The table as aligned text for --help: name, default with unit, range, help. */
void settings_help(const struct setting *table, struct buf *out);

/* The table as lines for .env.example: "# help (unit, range)" and "NAME=default", commented out. */
void settings_env_example(const struct setting *table, struct buf *out);

#endif
