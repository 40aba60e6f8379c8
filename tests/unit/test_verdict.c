/* Shell. Unit tests of planner/verdict. */
#include "planner/verdict.h"

#include "common/mem.h"
#include "planner/envelope.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Without a NUL behind, so that reading on is an error under ASan. */
static int parse(const char *text, size_t len, struct verdict *ret, char error[160])
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	int err = verdict_parse(copy, len, ret, error, 160);
	free(copy);
	return err;
}

static struct verdict accept(const char *text)
{
	struct verdict v;
	char error[160] = "";

	if (parse(text, strlen(text), &v, error))
		fail_msg("refused (%s): %s", error, text);
	return v;
}

static void refuse_bytes(const char *text, size_t len, const char *why)
{
	struct verdict v, untouched;
	char error[160];

	memset(&v, 0x5a, sizeof(v));
	untouched = v;
	if (parse(text, len, &v, error) != -EBADMSG)
		fail_msg("not refused: %s", text);
	assert_string_equal(error, why);
	assert_memory_equal(&v, &untouched, sizeof(v));
}

static void every_action(void **state)
{
	(void)state;
	for (int i = ACTION_NOOP; i <= ACTION_SCALE_DOWN; i++) {
		char *text = xasprintf("{\"reason\":\"why\",\"action\":\"%s\"}",
				       message_action_name((enum message_action)i));
		struct verdict v = accept(text);

		assert_int_equal(v.action, i);
		assert_string_equal(v.reason, "why");
		assert_true(isnan(v.alpha_up) && isnan(v.beta_down));
		free(text);
	}
}

static void thresholds(void **state)
{
	struct verdict v =
		accept("{\"beta_down\":1.25,\"alpha_up\":4,\"action\":\"noop\",\"reason\":\"r\"}");

	(void)state;
	assert_double_near(v.alpha_up, 4);
	assert_double_near(v.beta_down, 1.25);

	v = accept("{\"reason\":\"r\",\"action\":\"noop\",\"alpha_up\":null,\"beta_down\":1}");
	assert_true(isnan(v.alpha_up));
	assert_double_near(v.beta_down, ADVICE_BETA_MIN);

	v = accept("{\"reason\":\"r\",\"action\":\"noop\",\"alpha_up\":10,\"beta_down\":null}");
	assert_double_near(v.alpha_up, ADVICE_ALPHA_MAX);
	assert_true(isnan(v.beta_down));
}

static void what_stands_around_it_is_passed_over(void **state)
{
	static const char *const around[][2] = {
		{"```json\n", "\n```"},    {"  \n\t", "  "},
		{"Sure: ", " as asked."},  {"", "\"}]}"},
		{"", "{\"action\":\"x\""}, {"[", "]"},
		{"\xff\x01", "\x01\xff"},
	};

	(void)state;
	for (size_t i = 0; i < N(around); i++) {
		char *text =
			xasprintf("%s{ \"reason\" : \"why\" ,\r\n \"action\" : \"scale_up\" }%s",
				  around[i][0], around[i][1]);

		assert_int_equal(accept(text).action, ACTION_SCALE_UP);
		free(text);
	}
}

static void reasons(void **state)
{
	static const struct {
		const char *json, *reason;
	} cases[] = {
		{"}{ \\\"a\\\" \\\\", "}{ \"a\" \\"},
		{"caf\\u00e9 \\ud83d\\ude00", "caf\xc3\xa9 \xf0\x9f\x98\x80"},
		{"a\\nb\\u0007c\\u007fd", "a b c d"},
		{"\\u0085next", "  next"},
		{"\xff\xc3 caf\xc3\xa9 \xed\xa0\x80", "   caf\xc3\xa9    "},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		char *text = xasprintf("{\"reason\":\"%s\",\"action\":\"noop\"}", cases[i].json);

		assert_string_equal(accept(text).reason, cases[i].reason);
		free(text);
	}
}

static void a_long_reason_is_cut_between_characters(void **state)
{
	char text[2048] = "{\"action\":\"noop\",\"reason\":\"x";

	(void)state;
	while (strlen(text) < 1500)
		strcat(text, "\xc3\xa9");
	strcat(text, "\"}");
	struct verdict v = accept(text);
	assert_int_equal(strlen(v.reason), MESSAGE_TEXT_MAX - 1);
	assert_memory_equal(v.reason + MESSAGE_TEXT_MAX - 3, "\xc3\xa9", 3);
}

#define NO_OBJECT     "no whole JSON object"
#define MALFORMED     "malformed JSON"
#define MEMBER        "a member that is not in the schema, or there twice"
#define ACTION        "must be noop|restart|scale_up|scale_down"
#define ALPHA         "alpha_up: must be a number from 1.2 to 10"
#define BETA          "beta_down: must be a number from 1 to 1.5"
#define WITH(members) "{\"reason\":\"r\",\"action\":\"noop\"," members "}"

static void anything_else_is_refused(void **state)
{
	static const char *const cases[][2] = {
		{"", NO_OBJECT},
		{"The service is fine.", NO_OBJECT},
		{"\"noop\"", NO_OBJECT},
		{"{\"reason\":\"r\",\"action\":\"noop\"", NO_OBJECT},
		{"{\"reason\":\"r\",\"action\":\"no", NO_OBJECT},
		{"{\"reason\":\"r\\", NO_OBJECT},
		{"}{", NO_OBJECT},

		{"{noop}", MALFORMED},
		{"so {x}: " WITH("\"alpha_up\":3"), MALFORMED}, /* only the first counts */
		{"{'reason':'r','action':'noop'}", MALFORMED},
		{WITH(""), MALFORMED},
		{WITH("\"alpha_up\":NaN"), MALFORMED},
		{WITH("\"alpha_up\":Infinity"), MALFORMED},
		{WITH("\"alpha_up\":1e400"), MALFORMED},
		{WITH("\"alpha_up\":03"), MALFORMED},
		{"{\"reason\":\"a\\u0000b\",\"action\":\"noop\"}", MALFORMED},
		{"{\"reason\":\"\\ud83d\",\"action\":\"noop\"}", MALFORMED},
		{"{\"reason\":\"two\nlines\",\"action\":\"noop\"}", MALFORMED},
		{"{\"reason\":\"r\",/**/\"action\":\"noop\"}", MALFORMED},

		{WITH("\"replicas\":999"), MEMBER},
		{WITH("\"confidence\":1"), MEMBER},
		{WITH("\"\":1"), MEMBER},
		{WITH("\"Action\":\"noop\""), MEMBER},
		{WITH("\"action\":\"scale_down\""), MEMBER},
		{WITH("\"alpha_up\":3,\"alpha_up\":4"), MEMBER},
		{"{\"verdict\":{\"reason\":\"r\",\"action\":\"noop\"}}", MEMBER},

		{"{}", "reason: missing, must be text"},
		{"{\"action\":\"noop\"}", "reason: missing, must be text"},
		{"{\"reason\":null,\"action\":\"noop\"}", "reason: missing, must be text"},
		{"{\"reason\":7,\"action\":\"noop\"}", "reason: must be text"},
		{"{\"reason\":[\"r\"],\"action\":\"noop\"}", "reason: must be text"},
		{"{\"reason\":\"\",\"action\":\"noop\"}", "reason: blank"},
		{"{\"reason\":\" \\t\\n\",\"action\":\"noop\"}", "reason: blank"},

		{"{\"reason\":\"r\"}", "action: missing, " ACTION},
		{"{\"reason\":\"r\",\"action\":null}", "action: missing, " ACTION},
		{"{\"reason\":\"r\",\"action\":\"\"}", "action: " ACTION},
		{"{\"reason\":\"r\",\"action\":\"NOOP\"}", "action: " ACTION},
		{"{\"reason\":\"r\",\"action\":\"noop \"}", "action: " ACTION},
		{"{\"reason\":\"r\",\"action\":\"scale_to_zero\"}", "action: " ACTION},
		{"{\"reason\":\"r\",\"action\":0}", "action: " ACTION},
		{"{\"reason\":\"r\",\"action\":true}", "action: " ACTION},
		{"{\"reason\":\"r\",\"action\":[\"noop\"]}", "action: " ACTION},

		{WITH("\"alpha_up\":\"3\""), ALPHA},
		{WITH("\"alpha_up\":false"), ALPHA},
		{WITH("\"alpha_up\":{}"), ALPHA},
		{WITH("\"alpha_up\":1.19"), ALPHA},
		{WITH("\"alpha_up\":10.01"), ALPHA},
		{WITH("\"alpha_up\":-3"), ALPHA},
		{WITH("\"beta_down\":0.99"), BETA},
		{WITH("\"beta_down\":1.51"), BETA},
		{WITH("\"beta_down\":[]"), BETA},
		{WITH("\"alpha_up\":1.4,\"beta_down\":1.4"), "beta_down: not below alpha_up"},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		refuse_bytes(cases[i][0], strlen(cases[i][0]), cases[i][1]);
}

static void a_raw_nul_is_refused(void **state)
{
	static const char in_reason[] = "{\"reason\":\"a\0b\",\"action\":\"noop\"}";
	static const char between[] = "{\"reason\":\"a\",\0\"action\":\"noop\"}";

	(void)state;
	refuse_bytes(in_reason, sizeof(in_reason) - 1, MALFORMED);
	refuse_bytes(between, sizeof(between) - 1, MALFORMED);
}

static void depth_is_bounded(void **state)
{
	enum { LEVELS = 100000 };
	char *text = xcalloc(1, (size_t)12 * LEVELS);

	(void)state;
	for (int i = 0; i < LEVELS; i++)
		memcpy(text + (size_t)5 * i, "{\"a\":", 5);
	memset(text + (size_t)5 * LEVELS, '}', LEVELS);
	refuse_bytes(text, (size_t)6 * LEVELS, MALFORMED);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_action),
		cmocka_unit_test(thresholds),
		cmocka_unit_test(what_stands_around_it_is_passed_over),
		cmocka_unit_test(reasons),
		cmocka_unit_test(a_long_reason_is_cut_between_characters),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(a_raw_nul_is_refused),
		cmocka_unit_test(depth_is_bounded),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
