/* Points in time against what every calendar says. */
#include "tests/unit/unit.h"

#include "common/utc.h"

#include <string.h>
#include <time.h>

static void known_days(void **state)
{
	(void)state;
	static const struct {
		double ts;
		const char *text;
	} days[] = {
		{0, "1970-01-01 00:00:00"},
		{951782400, "2000-02-29 00:00:00"},
		{1795458155.613, "2026-11-23 18:22:35"},
		{4107542399, "2100-02-28 23:59:59"},
		{4107542400, "2100-03-01 00:00:00"}, /* no leap year */
		{253402300799.9, "9999-12-31 23:59:59"},
	};
	char text[UTC_TEXT_MAX];

	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		assert_true(utc_text(days[i].ts, text));
		assert_string_equal(text, days[i].text);
	}
}

static void every_day_of_400_years(void **state)
{
	(void)state;
	char text[UTC_TEXT_MAX];
	char expected[UTC_TEXT_MAX];
	struct tm tm;

	for (time_t day = 0; day < 146097; day++) {
		time_t t = day * 86400 + day % 86400;
		assert_true(utc_text((double)t, text));
		assert_non_null(gmtime_r(&t, &tm));
		strftime(expected, sizeof(expected), "%Y-%m-%d %H:%M:%S", &tm);
		assert_string_equal(text, expected);
	}
}

static void no_clock_says_so(void **state)
{
	(void)state;
	static const double ts[] = {-1, -0.001, 253402300800.0, 1e300, NAN, INFINITY, -INFINITY};
	char text[UTC_TEXT_MAX] = "untouched";

	for (size_t i = 0; i < sizeof(ts) / sizeof(ts[0]); i++)
		assert_false(utc_text(ts[i], text));
	assert_string_equal(text, "untouched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_days),
		cmocka_unit_test(every_day_of_400_years),
		cmocka_unit_test(no_clock_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
