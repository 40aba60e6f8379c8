/* Shell. Unit tests of common/settings. */
#include "common/settings.h"

#include "common/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

struct config {
	int requests;
	double interval_sec;
	double target_ms;
	bool cold;
	char *host;
	char *user;
	int level;
	char *url;
	char *target;
	char *password;
};

#define AT(member) offsetof(struct config, member)

static const struct setting table[] = {
	{"PROBE_REQUESTS", SETTING_INT, AT(requests), "40", "requests", 1, 1000, NULL,
	 "Probes in one window"},
	{"SAMPLE_INTERVAL", SETTING_NUM, AT(interval_sec), "3", "s", 0.2, 3600, NULL,
	 "Length of a window, at the end of which the measurements of all its probes are summed "
	 "up"},
	{"TARGET_P95_MS", SETTING_NUM, AT(target_ms), NULL, "ms", 1, 60000, NULL,
	 "p95 above which to scale up whatever the baseline says"},
	{"COLD", SETTING_BOOL, AT(cold), "false", NULL, 0, 0, NULL, "Start without memory"},
	{"REDIS_HOST", SETTING_STR, AT(host), "redis", NULL, 0, 0, NULL, "Where Redis is"},
	{"REDIS_USERNAME", SETTING_STR, AT(user), NULL, NULL, 1, 8, NULL, "Redis user"},
	{"LOG_LEVEL", SETTING_CHOICE, AT(level), "info", NULL, 0, 0, "error|warn|info|debug",
	 "Least severe level that is logged"},
	{"TARGET_URL", SETTING_URL, AT(url), "http://lb/", NULL, 0, 0, NULL, "What to probe"},
	{"TARGET", SETTING_NAME, AT(target), "app", NULL, 0, 0, NULL, "The service's template"},
	{"REDIS_PASSWORD", SETTING_SECRET, AT(password), NULL, NULL, 0, 0, NULL, "Redis password"},
	{0},
};

/* ---- an environment and a file system of strings ---- */

struct world {
	const char *vars[8][2];
	const char *files[4][2]; /* a file without contents cannot be read */
	char text[8192];         /* overwritten by every look, as the contract allows */
};

static const char *look(const char *name, void *cookie)
{
	struct world *world = cookie;

	memset(world->text, '#', sizeof(world->text));
	for (size_t i = 0; i < N(world->vars) && world->vars[i][0]; i++) {
		if (!strcmp(world->vars[i][0], name)) {
			snprintf(world->text, sizeof(world->text), "%s", world->vars[i][1]);
			return world->text;
		}
	}
	return NULL;
}

static char *read_file(const char *path, size_t max, const char **ret_error, void *cookie)
{
	struct world *world = cookie;

	for (size_t i = 0; i < N(world->files) && world->files[i][0]; i++) {
		const char *contents = world->files[i][1];

		if (!strcmp(world->files[i][0], path)) {
			*ret_error = "File too large";
			return strlen(contents) <= max ? xstrdup(contents) : NULL;
		}
	}
	*ret_error = "No such file or directory";
	return NULL;
}

static int parse(struct world *world, struct config *config, struct buf *errors)
{
	memset(config, 0, sizeof(*config));
	buf_init(errors, 16384);
	return settings_parse(table, look, read_file, world, config, errors);
}

static void assert_parses(struct world *world, struct config *config)
{
	struct buf errors;
	int n = parse(world, config, &errors);

	assert_string_equal(buf_text(&errors), "");
	assert_int_equal(n, 0);
}

static void assert_error(struct world *world, const char *wanted)
{
	struct config config;
	struct buf errors;
	int n = parse(world, &config, &errors);

	assert_string_equal(buf_text(&errors), wanted);
	assert_int_equal(n, 1);
	buf_free(&errors);
	settings_free(table, &config);
}

static void test_defaults(void **state)
{
	struct world world = {0};
	struct config c;

	(void)state;
	assert_parses(&world, &c);
	assert_int_equal(c.requests, 40);
	assert_true(c.interval_sec == 3);
	assert_true(isnan(c.target_ms));
	assert_false(c.cold);
	assert_string_equal(c.host, "redis");
	assert_null(c.user);
	assert_int_equal(c.level, 2);
	assert_string_equal(c.url, "http://lb/");
	assert_string_equal(c.target, "app");
	assert_null(c.password);
	settings_free(table, &c);
	assert_null(c.host);
	settings_free(table, &c);
}

static void test_values(void **state)
{
	struct world world = {{{"PROBE_REQUESTS", "1000"},
			       {"SAMPLE_INTERVAL", "0.2"},
			       {"TARGET_P95_MS", "2.5e2"},
			       {"COLD", "Yes"},
			       {"REDIS_HOST", ""},
			       {"LOG_LEVEL", "ERROR"},
			       {"TARGET_URL", "https://user@host:8443/path?q=1"},
			       {"REDIS_PASSWORD", "s3cret with spaces"}},
			      {{0}},
			      ""};
	struct config c;

	(void)state;
	assert_parses(&world, &c);
	assert_int_equal(c.requests, 1000);
	assert_true(c.interval_sec == 0.2 && c.target_ms == 250);
	assert_true(c.cold);
	assert_string_equal(c.host, "redis"); /* empty is unset */
	assert_int_equal(c.level, 0);
	assert_string_equal(c.url, "https://user@host:8443/path?q=1");
	assert_string_equal(c.password, "s3cret with spaces");
	settings_free(table, &c);
}

static void test_longest_text(void **state)
{
	struct world world = {{{"REDIS_USERNAME", "8 bytes!"}}, {{0}}, ""};
	struct config c;

	(void)state;
	assert_parses(&world, &c);
	assert_string_equal(c.user, "8 bytes!");
	settings_free(table, &c);
}

static void test_booleans(void **state)
{
	static const char *const words[2][4] = {{"false", "no", "off", "0"},
						{"true", "yes", "ON", "1"}};

	(void)state;
	for (int value = 0; value < 2; value++) {
		for (int i = 0; i < 4; i++) {
			struct world world = {{{"COLD", words[value][i]}}, {{0}}, ""};
			struct config c;

			assert_parses(&world, &c);
			assert_int_equal(c.cold, value);
			settings_free(table, &c);
		}
	}
}

static const char interval_error[] = "must be a number of seconds from 0.2 to 3600";
static const char requests_error[] = "must be a whole number of requests from 1 to 1000";
static const char target_ms_error[] = "must be a number of milliseconds from 1 to 60000";
static const char bool_error[] = "must be true or false (yes, no, on, off, 1 and 0 will do)";
static const char level_error[] = "must be one of error, warn, info, debug";
static const char url_error[] = "must be a URL like http://host:port/path";
static const char user_error[] = "must be text of 1 to 8 bytes without control characters";
static const char name_error[] =
	"must be a container name of letters, digits and _.-, at most 100 bytes";

static const struct {
	const char *name, *value, *shown, *error;
} refused[] = {
	{"SAMPLE_INTERVAL", "abc", NULL, interval_error},
	{"SAMPLE_INTERVAL", "0.19", NULL, interval_error},
	{"SAMPLE_INTERVAL", "3600.1", NULL, interval_error},
	{"SAMPLE_INTERVAL", "-1", NULL, interval_error},
	{"SAMPLE_INTERVAL", "3s", NULL, interval_error},
	{"SAMPLE_INTERVAL", " 3", NULL, interval_error},
	{"SAMPLE_INTERVAL", "3 ", NULL, interval_error},
	{"SAMPLE_INTERVAL", "3,5", NULL, interval_error},
	{"SAMPLE_INTERVAL", "0x10", NULL, interval_error},
	{"SAMPLE_INTERVAL", "nan", NULL, interval_error},
	{"SAMPLE_INTERVAL", "inf", NULL, interval_error},
	{"SAMPLE_INTERVAL", "1e999", NULL, interval_error},
	{"SAMPLE_INTERVAL", "1e", NULL, interval_error},
	{"SAMPLE_INTERVAL", "--3", NULL, interval_error},
	{"SAMPLE_INTERVAL", ".", NULL, interval_error},
	{"TARGET_P95_MS", "0", NULL, target_ms_error},
	{"PROBE_REQUESTS", "0", NULL, requests_error},
	{"PROBE_REQUESTS", "1001", NULL, requests_error},
	{"PROBE_REQUESTS", "2.0", NULL, requests_error},
	{"PROBE_REQUESTS", "1e2", NULL, requests_error},
	{"PROBE_REQUESTS", "99999999999999999999", NULL, requests_error},
	{"PROBE_REQUESTS", "12x", NULL, requests_error},
	{"COLD", "maybe", NULL, bool_error},
	{"COLD", "2", NULL, bool_error},
	{"LOG_LEVEL", "verbose", NULL, level_error},
	{"LOG_LEVEL", "inf", NULL, level_error},
	{"LOG_LEVEL", "info|", NULL, level_error},
	{"LOG_LEVEL", "error|warn", NULL, level_error},
	{"TARGET_URL", "lb", NULL, url_error},
	{"TARGET_URL", "ftp://lb/", NULL, url_error},
	{"TARGET_URL", "http://", NULL, url_error},
	{"TARGET_URL", "http:///path", NULL, url_error},
	{"TARGET_URL", "http://:80/", NULL, url_error},
	{"TARGET_URL", "http://a b/", NULL, url_error},
	{"TARGET_URL", "http://a\r\nHost: b/", "http://a??Host: b/", url_error},
	{"TARGET", "-app", NULL, name_error},
	{"TARGET", "a/b", NULL, name_error},
	{"REDIS_USERNAME", "ninebytes", NULL, user_error},
	{"REDIS_USERNAME", "a\x1b[2J", "a?[2J", user_error},
};

static void test_refused_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(refused); i++) {
		struct world world = {{{refused[i].name, refused[i].value}}, {{0}}, ""};
		char *line = xasprintf("%s=%s: %s\n", refused[i].name,
				       refused[i].shown ? refused[i].shown : refused[i].value,
				       refused[i].error);

		assert_error(&world, line);
		free(line);
	}
}

static void test_every_error_is_named(void **state)
{
	struct world world = {
		{{"PROBE_REQUESTS", "x"}, {"COLD", "x"}, {"TARGET_URL", "x"}, {"LOG_LEVEL", "x"}},
		{{0}},
		""};
	struct config config;
	struct buf errors;

	(void)state;
	assert_int_equal(parse(&world, &config, &errors), 4);
	for (int i = 0; i < 4; i++)
		assert_non_null(strstr(buf_text(&errors), world.vars[i][0]));
	buf_free(&errors);
	settings_free(table, &config);
}

static void test_long_values_are_cut_in_errors(void **state)
{
	char value[5000];
	char *line;
	struct world world = {{{"SAMPLE_INTERVAL", value}}, {{0}}, ""};

	(void)state;
	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	line = xasprintf("SAMPLE_INTERVAL=%.80s…: %s\n", value, interval_error);
	assert_error(&world, line);
	free(line);

	/* Longer than any text may be. */
	world.vars[0][0] = "REDIS_HOST";
	line = xasprintf("REDIS_HOST=%.80s…: must be text of 1 to 4096 bytes without control "
			 "characters\n",
			 value);
	assert_error(&world, line);
	free(line);
}

static void assert_secret_from_file(const char *contents, const char *wanted)
{
	struct world world = {
		{{"REDIS_PASSWORD_FILE", "/run/secrets/pw"}}, {{"/run/secrets/pw", contents}}, ""};
	struct config c;

	assert_parses(&world, &c);
	assert_string_equal(c.password, wanted);
	settings_free(table, &c);
}

static void test_secret_from_a_file(void **state)
{
	(void)state;
	assert_secret_from_file("s3cret", "s3cret");
	assert_secret_from_file("s3cret\n", "s3cret");
	assert_secret_from_file("s3cret\r\n", "s3cret");
	assert_secret_from_file(" s3cret \n", " s3cret ");
}

static void test_secret_errors_show_no_secret(void **state)
{
	char long_secret[4200];
	struct world unset = {{{"REDIS_PASSWORD", ""}, {"REDIS_PASSWORD_FILE", ""}}, {{0}}, ""};
	struct world control = {{{"REDIS_PASSWORD", "hush\x01"}}, {{0}}, ""};
	struct world too_long = {{{"REDIS_PASSWORD", long_secret}}, {{0}}, ""};
	struct world missing = {{{"REDIS_PASSWORD_FILE", "/none"}}, {{0}}, ""};
	struct world empty = {{{"REDIS_PASSWORD_FILE", "/f"}}, {{"/f", "\n"}}, ""};
	struct world lines = {{{"REDIS_PASSWORD_FILE", "/f"}}, {{"/f", "hush\nhush\n"}}, ""};
	struct world huge = {{{"REDIS_PASSWORD_FILE", "/f"}}, {{"/f", long_secret}}, ""};
	struct world both = {
		{{"REDIS_PASSWORD", "hush"}, {"REDIS_PASSWORD_FILE", "/f"}}, {{"/f", "hush"}}, ""};
	struct config c;

	(void)state;
	memset(long_secret, 's', sizeof(long_secret));
	long_secret[sizeof(long_secret) - 1] = '\0';
	assert_parses(&unset, &c);
	assert_null(c.password);
	settings_free(table, &c);
	assert_error(&control, "REDIS_PASSWORD: must be text of 1 to 4096 bytes without control "
			       "characters\n");
	assert_error(&too_long, "REDIS_PASSWORD: must be text of 1 to 4096 bytes without control "
				"characters\n");
	assert_error(&missing, "REDIS_PASSWORD_FILE=/none: must be a readable file (No such file "
			       "or directory)\n");
	assert_error(&empty, "REDIS_PASSWORD_FILE=/f: must hold text of 1 to 4096 bytes without "
			     "control characters\n");
	assert_error(&lines, "REDIS_PASSWORD_FILE=/f: must hold text of 1 to 4096 bytes without "
			     "control characters\n");
	assert_error(&huge, "REDIS_PASSWORD_FILE=/f: must be a readable file (File too large)\n");
	assert_error(&both, "REDIS_PASSWORD_FILE=/f: must not be set beside REDIS_PASSWORD\n");
}

static void test_help(void **state)
{
	static const char wanted[] =
		"  PROBE_REQUESTS      40 requests    1 to 1000              "
		"Probes in one window\n"
		"  SAMPLE_INTERVAL     3 s            0.2 to 3600            "
		"Length of a window, at the end of which\n"
		"                                                            "
		"the measurements of all its probes are\n"
		"                                                            summed up\n"
		"  TARGET_P95_MS       -              1 to 60000             "
		"p95 above which to scale up whatever the\n"
		"                                                            "
		"baseline says\n"
		"  COLD                false          true|false             "
		"Start without memory\n"
		"  REDIS_HOST          redis          text                   "
		"Where Redis is\n"
		"  REDIS_USERNAME      -              1 to 8 bytes           Redis user\n"
		"  LOG_LEVEL           info           error|warn|info|debug  "
		"Least severe level that is logged\n"
		"  TARGET_URL          http://lb/     URL                    "
		"What to probe\n"
		"  TARGET              app            container name         "
		"The service's template\n"
		"  REDIS_PASSWORD      -              secret                 "
		"Redis password; or the file that\n"
		"                                                            "
		"REDIS_PASSWORD_FILE names\n";
	struct buf out;

	(void)state;
	buf_init(&out, 16384);
	settings_help(table, &out);
	assert_string_equal(buf_text(&out), wanted);
	buf_free(&out);
}

/* A cell that is wider than its column pushes the next one to a line of its own. */
static void test_help_of_wide_cells(void **state)
{
	static const struct setting rows[] = {
		{"A_NAME_AS_LONG_AS_THIS", SETTING_STR, 0, "unix:///var/run/docker.sock", NULL, 0,
		 0, NULL, "Word"},
		{0},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	settings_help(rows, &out);
	assert_string_equal(buf_text(&out),
			    "  A_NAME_AS_LONG_AS_THIS\n"
			    "                      unix:///var/run/docker.sock\n"
			    "                                     text              "
			    "     Word\n");
	buf_free(&out);
}

static void test_env_example(void **state)
{
	static const struct setting rows[] = {
		{"SAMPLE_INTERVAL", SETTING_NUM, 0, "3", "s", 0.2, 3600, NULL, "Window"},
		{"REDIS_USERNAME", SETTING_STR, 0, NULL, NULL, 0, 0, NULL, "Redis user"},
		{"LOG_LEVEL", SETTING_CHOICE, 0, "info", NULL, 0, 0, "info|debug", "Level"},
		{"REDIS_PASSWORD", SETTING_SECRET, 0, NULL, NULL, 0, 0, NULL, "Redis password"},
		{0},
	};
	static const char wanted[] =
		"# Window (s, 0.2 to 3600)\n"
		"#SAMPLE_INTERVAL=3\n"
		"# Redis user (text)\n"
		"#REDIS_USERNAME=\n"
		"# Level (info|debug)\n"
		"#LOG_LEVEL=info\n"
		"# Redis password (secret; or the file that REDIS_PASSWORD_FILE names)\n"
		"#REDIS_PASSWORD=\n";
	struct buf out;

	(void)state;
	buf_init(&out, 16384);
	settings_env_example(rows, &out);
	assert_string_equal(buf_text(&out), wanted);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_longest_text),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_refused_values),
		cmocka_unit_test(test_every_error_is_named),
		cmocka_unit_test(test_long_values_are_cut_in_errors),
		cmocka_unit_test(test_secret_from_a_file),
		cmocka_unit_test(test_secret_errors_show_no_secret),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_help_of_wide_cells),
		cmocka_unit_test(test_env_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
