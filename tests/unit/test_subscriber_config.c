/* Shell. Unit tests of subscriber/subscriber_config. */
#include "subscriber/config.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

static void test_since(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
		bool relative;
	} good[] = {
		{"90s", 90000, true},
		{"15m", 900000, true},
		{"24h", 86400000, true},
		{"7d", 604800000, true},
		{"0s", 0, true},
		{"36500d", 3153600000000, true},
		{"1795458155613-0", 1795458155613, false},
		{"0-0", 0, false},
	};
	static const char *const bad[] = {
		"",
		"90",
		"s",
		"-90s",
		"90 s",
		"90sec",
		"1.5h",
		"24H",
		"+1h",
		" 1h",
		"yesterday",
		"36501d",
		"18446744073709551616d",
		"1-",
		"-1",
		"1-2x",
	};
	struct subscriber_since since;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(subscriber_since_parse(good[i].text, &since), 0);
		assert_true(since.ms == good[i].ms && since.relative == good[i].relative);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(subscriber_since_parse(bad[i], &since), -EINVAL);
}

/* Feed the arguments to the options; whether all were taken. */
static bool take(struct subscriber_config *c, int argc, const char *const *args)
{
	static char kept[16][80]; /* the configuration points at its arguments */
	char *argv[16];

	memset(c, 0, sizeof(*c));
	c->min_replicas = c->max_replicas = 2;
	for (int i = 0; i < argc; i++) {
		strcpy(kept[i], args[i]);
		argv[i] = kept[i];
	}
	for (int i = 0; i < argc; i++)
		if (!subscriber_config_option(argc, argv, &i, c))
			return false;
	return true;
}

static void assert_errors(const struct subscriber_config *c, int n, const char *text)
{
	struct buf errors;

	buf_init(&errors, 4096);
	assert_int_equal(subscriber_config_check(c, &errors), n);
	assert_non_null(strstr(buf_text(&errors), text));
	buf_free(&errors);
}

#define TAKE(c, ...)                                                                               \
	take(c, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),                       \
	     (const char *const[]){__VA_ARGS__})

static void test_options(void **state)
{
	struct subscriber_config c;

	(void)state;
	assert_true(TAKE(&c, "--json", "-v", "--channel", "alerts", "--simulate", "--since", "1h",
			 "--channel", "results", "--channel", "alerts"));
	assert_true(c.json && c.verbose && c.simulate && c.has_since);
	assert_int_equal(c.since.ms, 3600000);
	assert_int_equal(c.channels_n, 2);
	assert_string_equal(c.channels[0], "alerts");
	assert_string_equal(c.channels[1], "results");
	assert_errors(&c, 0, "");

	assert_false(TAKE(&c, "--jsonx"));
	assert_false(c.json || c.verbose || c.simulate || c.has_since);
}

static void test_bad_values(void **state)
{
	struct subscriber_config c;

	(void)state;
	assert_true(TAKE(&c, "--since", "1x", "--channel", "b d"));
	assert_errors(&c, 1, "--since \"1x\": must be");
	assert_true(TAKE(&c, "--since"));
	assert_errors(&c, 1, "--since \"\": must be");
	assert_true(TAKE(&c, "--channel", "b d"));
	assert_errors(&c, 1, "--channel \"b d\": must be");
	assert_true(TAKE(&c, "--channel", "a", "--channel", "b", "--channel", "c", "--channel", "d",
			 "--channel", "e", "--channel", "f"));
	assert_errors(&c, 0, "");
	assert_true(TAKE(&c, "--channel", "a", "--channel", "b", "--channel", "c", "--channel", "d",
			 "--channel", "e", "--channel", "f", "--channel", "g"));
	assert_errors(&c, 1, "at most 6");
	c.min_replicas = 3;
	assert_errors(&c, 2, "MIN_REPLICAS=3: must be at most MAX_REPLICAS=2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_bad_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
