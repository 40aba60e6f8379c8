/* Shell. Fuzz target: an environment, a line for each variable ("NAME=value"; "/path=text" is a
 * file), read as the settings of every daemon.  What is good is within its range and reads the same
 * when it is written out; of what is not, each variable is named once and no secret is shown. */
#include "common/mem.h"
#include "common/replica.h"
#include "common/service_settings.h"
#include "dashboard/config.h"
#include "executor/config.h"
#include "monitor/config.h"
#include "planner/config.h"
#include "subscriber/config.h"
#include "tests/fuzz/fuzz.h"
#include "watcher/config.h"

#include <math.h>
#include <strings.h>

#define ERRORS_MAX  ((size_t)1 << 20)
#define WRITTEN_MAX ((size_t)1 << 20)

struct environment {
	const char *text, *end;
	struct buf value; /* overwritten by every look, as the contract allows */
};

/* The rows that daemons have in common, as one table. */
static struct setting common_settings[SERVICE_ROWS_N + 1];

static int common_check(const void *config, struct buf *errors)
{
	const struct service_common *c = config;

	return service_docker_host_valid(c->docker_host) ? 0 : buf_puts(errors, "DOCKER_HOST") + 1;
}

static const struct daemon {
	const struct setting *table;
	int (*check)(const void *config, struct buf *errors);
} daemons[] = {
	{common_settings, common_check},
	{monitor_settings, monitor_config_check},
	{planner_settings, planner_config_check},
	{executor_settings, executor_config_check},
	{watcher_settings, watcher_config_check},
	{subscriber_settings, subscriber_config_check},
	{dashboard_settings, dashboard_config_check},
};

/* Any of their configurations. */
union config {
	struct service_common common;
	struct monitor_config monitor;
	struct planner_config planner;
	struct executor_config executor;
	struct watcher_config watcher;
	struct subscriber_config subscriber;
	struct dashboard_config dashboard;
	char bytes[1];
};

/* ---- the environment ---- */

/* The text of ${name}, "" where it has none: of the first line, as of the first variable. */
static const char *find(struct environment *e, const char *name)
{
	size_t name_len = strlen(name);

	buf_clear(&e->value);
	for (const char *line = e->text; line < e->end;) {
		const char *feed = memchr(line, '\n', (size_t)(e->end - line));
		size_t len = (size_t)((feed ? feed : e->end) - line);

		if (len > name_len && line[name_len] == '=' && !memcmp(line, name, name_len)) {
			buf_append(&e->value, line + name_len + 1, len - name_len - 1);
			return buf_text(&e->value);
		}
		line += len + 1;
	}
	return NULL;
}

static const char *lookup(const char *name, void *cookie)
{
	return find(cookie, name);
}

static char *read_file(const char *path, size_t max, const char **ret_error, void *cookie)
{
	const char *text = path[0] == '/' ? find(cookie, path) : NULL;

	if (text == NULL || strlen(text) > max) {
		*ret_error = "No such file or directory";
		return NULL;
	}
	return xstrdup(text);
}

static int parse(const struct daemon *d, const char *text, size_t len, union config *ret,
		 struct buf *errors)
{
	struct environment e = {.text = text, .end = text + len};

	buf_init(&e.value, SETTINGS_VALUE_MAX * 4);
	memset(ret, 0, sizeof(*ret));
	int n = settings_parse(d->table, lookup, read_file, &e, ret, errors);
	buf_free(&e.value);
	return n;
}

/* ---- what was wrong ---- */

/* Whether ${line} begins with the name of a setting of ${table}, and tells nothing secret. */
static bool is_error(const struct setting *table, const char *line)
{
	for (const struct setting *s = table; s->name; s++) {
		size_t len = strlen(s->name);
		const char *behind = line + len;

		if (strncmp(line, s->name, len) != 0)
			continue;
		if (s->type != SETTING_SECRET && *behind == '=')
			return true;
		if (s->type == SETTING_SECRET &&
		    (!strncmp(behind, ": must be ", 10) || !strncmp(behind, "_FILE=", 6)))
			return true;
	}
	return false;
}

static void check_errors(const struct daemon *d, int n, const struct buf *errors)
{
	const char *line = buf_text(errors);
	int lines = 0;

	for (; *line; lines++) {
		size_t len = strcspn(line, "\n");

		must(line[len] == '\n');
		must(is_error(d->table, line));
		for (size_t i = 0; i < len; i++)
			must(!iscntrl((unsigned char)line[i]));
		line += len + 1;
	}
	must(lines == n);
}

/* ---- what was right ---- */

static int choices_n(const char *choices)
{
	int n = 1;

	for (; *choices; choices++)
		n += *choices == '|';
	return n;
}

static void check_text(const struct setting *s, const char *text)
{
	if (text == NULL) {
		must(s->def == NULL);
		return;
	}
	for (const char *p = text; *p; p++)
		must(!iscntrl((unsigned char)*p));
	must(text[0] != '\0' && strlen(text) <= SETTINGS_VALUE_MAX);
	if (s->max > 0)
		must(strlen(text) >= (size_t)s->min && strlen(text) <= (size_t)s->max);
	if (s->type == SETTING_URL)
		must(!strncasecmp(text, "http://", 7) || !strncasecmp(text, "https://", 8));
	if (s->type == SETTING_NAME)
		must(replica_target_valid(text));
}

/* It is within its range; add it to ${out} as a line of an environment. */
static void check_value(const struct setting *s, const void *at, struct buf *out)
{
	static const char *const truths[] = {"no", "yes"};

	switch (s->type) {
	case SETTING_INT:
		must(*(const int *)at >= s->min && *(const int *)at <= s->max);
		buf_printf(out, "%s=%d\n", s->name, *(const int *)at);
		return;
	case SETTING_NUM:
		must(isnan(*(const double *)at)
			     ? s->def == NULL
			     : *(const double *)at >= s->min && *(const double *)at <= s->max);
		if (!isnan(*(const double *)at))
			buf_printf(out, "%s=%.17g\n", s->name, *(const double *)at);
		return;
	case SETTING_BOOL:
		buf_printf(out, "%s=%s\n", s->name, truths[*(const bool *)at]);
		return;
	case SETTING_CHOICE: {
		const char *choice = s->choices;

		must(*(const int *)at >= 0 && *(const int *)at < choices_n(s->choices));
		for (int i = 0; i < *(const int *)at; i++)
			choice = strchr(choice, '|') + 1;
		buf_printf(out, "%s=%.*s\n", s->name, (int)strcspn(choice, "|"), choice);
		return;
	}
	case SETTING_STR:
	case SETTING_URL:
	case SETTING_NAME:
	case SETTING_SECRET:
		check_text(s, *(char *const *)at);
		if (*(char *const *)at != NULL)
			buf_printf(out, "%s=%s\n", s->name, *(char *const *)at);
		return;
	}
	must(!"a type of setting that this does not know");
}

static void write_out(const struct setting *table, const union config *config, struct buf *out)
{
	for (const struct setting *s = table; s->name; s++)
		check_value(s, config->bytes + s->offset, out);
}

static void check_config(const struct daemon *d, const union config *config)
{
	union config again;
	struct buf written, twice, errors;

	buf_init(&written, WRITTEN_MAX);
	buf_init(&twice, WRITTEN_MAX);
	buf_init(&errors, ERRORS_MAX);
	write_out(d->table, config, &written);
	must(parse(d, buf_text(&written), written.len, &again, &errors) == 0);
	write_out(d->table, &again, &twice);
	must(strcmp(buf_text(&written), buf_text(&twice)) == 0);
	settings_free(d->table, &again);

	int n = d->check(config, &errors);
	must(n >= 0 && (n == 0) == (errors.len == 0));
	buf_free(&written);
	buf_free(&twice);
	buf_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, false);

	mem_init();
	for (size_t i = 0; i < SERVICE_ROWS_N; i++)
		common_settings[i] = service_rows[i].row;
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		union config config;
		struct buf errors;

		buf_init(&errors, ERRORS_MAX);
		int n = parse(&daemons[i], text, size, &config, &errors);
		check_errors(&daemons[i], n, &errors);
		if (n == 0)
			check_config(&daemons[i], &config);
		settings_free(daemons[i].table, &config);
		buf_free(&errors);
	}
	free(text);
	return 0;
}
