/* Pure. Settings as one table per daemon. */
#include "common/settings.h"

#include "common/mem.h"
#include "common/replica.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHOWN_MAX = 80, NAME_BYTES_MAX = 64 };

/* Columns of settings_help: where each cell begins and where the line ends. */
enum { COL_NAME = 2, COL_DEFAULT = 22, COL_RANGE = 37, COL_HELP = 60, COL_END = 100 };

/* One run of settings_parse. */
struct reader {
	settings_lookup *lookup;
	settings_read_file *read_file;
	void *cookie;
	char *config;
	struct buf *errors;
};

static bool is_string(enum setting_type type)
{
	return type == SETTING_STR || type == SETTING_URL || type == SETTING_NAME ||
	       type == SETTING_SECRET;
}

static size_t length_min(const struct setting *s)
{
	return s->max > 0 ? (size_t)s->min : 1;
}

static size_t length_max(const struct setting *s)
{
	return s->max > 0 ? (size_t)s->max : SETTINGS_VALUE_MAX;
}

/* ---- one value ---- */

/* The whole of ${text} as a decimal number: no white space, no hexadecimal, no "inf". */
static int parse_number(const char *text, double *ret)
{
	char *end;

	if (!*text || text[strspn(text, "0123456789+-.eE")])
		return -EINVAL;

	double value = strtod(text, &end);
	if (*end)
		return -EINVAL;
	*ret = value;
	return 0;
}

static int parse_int(const struct setting *s, const char *text, int *ret)
{
	double value;
	int err = parse_number(text, &value);

	if (err || text[strcspn(text, ".eE")] || value < s->min || value > s->max)
		return -EINVAL;
	*ret = (int)value;
	return 0;
}

static int parse_num(const struct setting *s, const char *text, double *ret)
{
	double value;
	int err = parse_number(text, &value);

	if (err || value < s->min || value > s->max)
		return -EINVAL;
	*ret = value;
	return 0;
}

static int parse_bool(const char *text, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{"true", true}, {"false", false}, {"yes", true}, {"no", false},
		{"on", true},   {"off", false},   {"1", true},   {"0", false},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcasecmp(words[i].word, text)) {
			*ret = words[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_choice(const struct setting *s, const char *text, int *ret)
{
	const char *choice = s->choices;
	size_t text_len = strlen(text);

	for (int i = 0; choice; i++) {
		size_t len = strcspn(choice, "|");

		if (len == text_len && !strncasecmp(choice, text, len)) {
			*ret = i;
			return 0;
		}
		choice = choice[len] ? choice + len + 1 : NULL;
	}
	return -EINVAL;
}

static bool has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

static bool url_valid(const char *url)
{
	static const char *const schemes[] = {"http://", "https://"};

	if (strchr(url, ' ') || strlen(url) > SETTINGS_VALUE_MAX)
		return false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i]);

		if (!strncasecmp(url, schemes[i], len))
			return strcspn(url + len, "/?#:@") > 0;
	}
	return false;
}

static bool string_valid(const struct setting *s, const char *text)
{
	size_t len = strlen(text);

	if (has_control(text))
		return false;
	if (s->type == SETTING_URL)
		return url_valid(text);
	if (s->type == SETTING_NAME)
		return replica_target_valid(text);
	return len >= length_min(s) && len <= length_max(s);
}

static int parse_string(const struct setting *s, const char *text, char **ret)
{
	if (!string_valid(s, text))
		return -EINVAL;
	*ret = xstrdup(text);
	return 0;
}

static int parse_value(const struct setting *s, const char *text, void *at)
{
	switch (s->type) {
	case SETTING_INT:
		return parse_int(s, text, at);
	case SETTING_NUM:
		return parse_num(s, text, at);
	case SETTING_BOOL:
		return parse_bool(text, at);
	case SETTING_CHOICE:
		return parse_choice(s, text, at);
	case SETTING_STR:
	case SETTING_URL:
	case SETTING_NAME:
	case SETTING_SECRET:
		return parse_string(s, text, at);
	}
	return -EINVAL;
}

/* ---- words for people ---- */

/* " of seconds", or nothing. */
static void add_unit(const struct setting *s, struct buf *out)
{
	const char *unit = s->unit;

	if (!unit)
		return;
	if (!strcmp(unit, "s"))
		unit = "seconds";
	if (!strcmp(unit, "ms"))
		unit = "milliseconds";
	buf_printf(out, " of %s", unit);
}

/* "a number of seconds from 0.2 to 3600" */
static void add_requirement(const struct setting *s, struct buf *out)
{
	switch (s->type) {
	case SETTING_INT:
	case SETTING_NUM:
		buf_puts(out, s->type == SETTING_INT ? "a whole number" : "a number");
		add_unit(s, out);
		buf_printf(out, " from %.12g to %.12g", s->min, s->max);
		return;
	case SETTING_BOOL:
		buf_puts(out, "true or false (yes, no, on, off, 1 and 0 will do)");
		return;
	case SETTING_CHOICE:
		buf_puts(out, "one of ");
		for (const char *c = s->choices; *c; c++)
			buf_puts(out, *c == '|' ? ", " : (const char[]){*c, '\0'});
		return;
	case SETTING_URL:
		buf_puts(out, "a URL like http://host:port/path");
		return;
	case SETTING_NAME:
		buf_puts(out, "a container name of letters, digits and _.-, at most 100 bytes");
		return;
	case SETTING_STR:
	case SETTING_SECRET:
		buf_printf(out, "text of %zu to %zu bytes without control characters",
			   length_min(s), length_max(s));
	}
}

/* "0.2 to 3600" */
static void add_range(const struct setting *s, struct buf *out)
{
	static const char *const plain[] = {
		[SETTING_BOOL] = "true|false",
		[SETTING_URL] = "URL",
		[SETTING_NAME] = "container name",
	};

	if (s->type == SETTING_INT || s->type == SETTING_NUM)
		buf_printf(out, "%.12g to %.12g", s->min, s->max);
	else if (s->type == SETTING_CHOICE)
		buf_puts(out, s->choices);
	else if (s->type != SETTING_STR && s->type != SETTING_SECRET)
		buf_puts(out, plain[s->type]);
	else if (s->max > 0)
		buf_printf(out, "%zu to %zu bytes", length_min(s), length_max(s));
	else
		buf_puts(out, s->type == SETTING_SECRET ? "secret" : "text");
}

/* ---- parsing ---- */

/* "${name}=${value}: must be", the value made harmless and short; ${value} NULL: not shown. */
static void begin_error(struct buf *errors, const char *name, const char *value)
{
	buf_puts(errors, name);
	if (value) {
		char shown[SHOWN_MAX + 1];

		snprintf(shown, sizeof(shown), "%s", value);
		for (char *p = shown; *p; p++) {
			if ((unsigned char)*p < 0x20 || *p == 0x7f)
				*p = '?';
		}
		buf_printf(errors, "=%s%s", shown, strlen(value) > SHOWN_MAX ? "…" : "");
	}
	buf_puts(errors, ": must ");
}

/* Store ${text}, which the variable ${name} is or leads to (${verb} "be" or "hold"): the number of
 * errors. */
static int store(const struct reader *r, const struct setting *s, const char *text,
		 const char *name, const char *shown, const char *verb)
{
	if (!parse_value(s, text, r->config + s->offset))
		return 0;
	begin_error(r->errors, name, shown);
	buf_printf(r->errors, "%s ", verb);
	add_requirement(s, r->errors);
	buf_puts(r->errors, "\n");
	return 1;
}

/* What ${name} is set to, or NULL: empty is unset. */
static const char *look(const struct reader *r, const char *name)
{
	const char *text = r->lookup(name, r->cookie);

	return text && *text ? text : NULL;
}

static void strip_newline(char *text)
{
	size_t len = strlen(text);

	if (len && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len && text[len - 1] == '\r')
		text[len - 1] = '\0';
}

/* The secret ${s} from the file ${path}, which the variable ${name} names. */
static int read_secret(const struct reader *r, const struct setting *s, const char *name,
		       const char *path)
{
	const char *reason = "";
	char *text = r->read_file(path, SETTINGS_VALUE_MAX + 2, &reason, r->cookie);

	if (!text) {
		begin_error(r->errors, name, path);
		buf_printf(r->errors, "be a readable file (%s)\n", reason);
		return 1;
	}
	strip_newline(text);
	int errors = store(r, s, text, name, path, "hold");
	free(text);
	return errors;
}

static int parse_secret(const struct reader *r, const struct setting *s)
{
	char name[NAME_BYTES_MAX];
	const char *found;
	char *path;
	int errors = 0;

	snprintf(name, sizeof(name), "%s_FILE", s->name);
	path = xstrdup(look(r, name)); /* the next look may move the text */
	found = look(r, s->name);
	if (found && path) {
		begin_error(r->errors, name, path);
		buf_printf(r->errors, "not be set beside %s\n", s->name);
		errors = 1;
	} else if (found) {
		errors = store(r, s, found, s->name, NULL, "be");
	} else if (path) {
		errors = read_secret(r, s, name, path);
	}
	free(path);
	return errors;
}

static int parse_setting(const struct reader *r, const struct setting *s)
{
	const char *text;

	if (s->type == SETTING_SECRET)
		return parse_secret(r, s);
	text = look(r, s->name);
	if (!text)
		text = s->def;
	if (text)
		return store(r, s, text, s->name, text, "be");
	if (s->type == SETTING_NUM)
		*(double *)(void *)(r->config + s->offset) = NAN;
	return 0;
}

int settings_parse(const struct setting *table, settings_lookup *lookup,
		   settings_read_file *read_file, void *cookie, void *config, struct buf *errors)
{
	const struct reader r = {lookup, read_file, cookie, config, errors};
	int n = 0;

	for (const struct setting *s = table; s->name; s++)
		n += parse_setting(&r, s);
	return n;
}

void settings_free(const struct setting *table, void *config)
{
	for (const struct setting *s = table; s->name; s++) {
		if (!is_string(s->type))
			continue;

		char **text = (char **)((char *)config + s->offset);
		free(*text);
		*text = NULL;
	}
}

/* ---- help ---- */

/* Go on to column ${col} from ${at}, on a new line when the last cell reaches into it. */
static size_t go_to(size_t at, size_t col, struct buf *out)
{
	if (at + 1 > col && at > 0) {
		buf_puts(out, "\n");
		at = 0;
	}
	buf_printf(out, "%*s", (int)(col - at), "");
	return col;
}

static size_t add_cell(size_t at, size_t col, const char *text, struct buf *out)
{
	at = go_to(at, col, out);
	buf_puts(out, text);
	return at + strlen(text);
}

/* ${text} from column COL_HELP on, wrapped between words before COL_END. */
static void add_wrapped(size_t at, const char *text, struct buf *out)
{
	size_t word;

	at = go_to(at, COL_HELP, out);
	for (; (word = strcspn(text, " ")); text += word + strspn(text + word, " ")) {
		if (at > COL_HELP) {
			bool fits = at + 1 + word <= COL_END;

			at = go_to(fits ? at : COL_END, fits ? at + 1 : COL_HELP, out);
		}
		buf_append(out, text, word);
		at += word;
	}
	buf_puts(out, "\n");
}

static void add_help(const struct setting *s, struct buf *out)
{
	struct buf cell;
	size_t at;

	buf_init(&cell, SETTINGS_VALUE_MAX);
	at = add_cell(0, COL_NAME, s->name, out);

	buf_printf(&cell, "%s%s%s", s->def ? s->def : "-", s->def && s->unit ? " " : "",
		   s->def && s->unit ? s->unit : "");
	at = add_cell(at, COL_DEFAULT, buf_text(&cell), out);

	buf_clear(&cell);
	add_range(s, &cell);
	at = add_cell(at, COL_RANGE, buf_text(&cell), out);

	buf_clear(&cell);
	buf_puts(&cell, s->help);
	if (s->type == SETTING_SECRET)
		buf_printf(&cell, "; or the file that %s_FILE names", s->name);
	add_wrapped(at, buf_text(&cell), out);
	buf_free(&cell);
}

void settings_help(const struct setting *table, struct buf *out)
{
	for (const struct setting *s = table; s->name; s++)
		add_help(s, out);
}

void settings_env_example(const struct setting *table, struct buf *out)
{
	for (const struct setting *s = table; s->name; s++) {
		buf_printf(out, "# %s (%s%s", s->help, s->unit ? s->unit : "", s->unit ? ", " : "");
		add_range(s, out);
		if (s->type == SETTING_SECRET)
			buf_printf(out, "; or the file that %s_FILE names", s->name);
		buf_printf(out, ")\n#%s=%s\n", s->name, s->def ? s->def : "");
	}
}
