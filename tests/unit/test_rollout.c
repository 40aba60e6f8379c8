/* The next step about nginx, and the watch over a reload. */
#include "tests/unit/unit.h"

#include "watcher/rollout.h"

#include <string.h>

static void every_situation_has_its_step(void **state)
{
	(void)state;
	enum { NO, YES };
	/* clang-format off */
	static const struct {
		struct rollout_facts facts;
		enum rollout_action expect;
	} cases[] = {
		/* lb   undecided ready kept in_file failed answer; first, the placeholder stands */
		{{YES, NO,  NO,  NO,  YES, NO,  ROLLOUT_UNKNOWN},   ROLLOUT_REST},
		{{NO,  NO,  YES, NO,  NO,  NO,  ROLLOUT_UNKNOWN},   ROLLOUT_WRITE},
		{{YES, NO,  YES, NO,  NO,  NO,  ROLLOUT_UNKNOWN},   ROLLOUT_CHANGE},
		{{YES, NO,  YES, YES, NO,  NO,  ROLLOUT_CONFIRMED}, ROLLOUT_CHANGE},
		{{YES, NO,  YES, YES, NO,  NO,  ROLLOUT_OTHER},     ROLLOUT_CHANGE},
		{{YES, NO,  YES, YES, NO,  YES, ROLLOUT_CONFIRMED}, ROLLOUT_REST}, /* refused */
		{{NO,  NO,  YES, YES, NO,  YES, ROLLOUT_UNKNOWN},   ROLLOUT_REST}, /* disk full */
		{{YES, NO,  YES, YES, YES, NO,  ROLLOUT_UNKNOWN},   ROLLOUT_CHECK},
		{{YES, NO,  YES, YES, YES, NO,  ROLLOUT_CONFIRMED}, ROLLOUT_REST},
		{{YES, NO,  YES, YES, YES, NO,  ROLLOUT_OTHER},     ROLLOUT_RELOAD},
		{{YES, NO,  YES, YES, YES, YES, ROLLOUT_OTHER},     ROLLOUT_REST},
		{{NO,  NO,  YES, YES, YES, NO,  ROLLOUT_UNKNOWN},   ROLLOUT_REST},
		{{NO,  NO,  YES, YES, YES, NO,  ROLLOUT_OTHER},     ROLLOUT_REST},
		/* nothing is ready: the last file stays, and nginx runs it */
		{{YES, NO,  NO,  YES, NO,  NO,  ROLLOUT_CONFIRMED}, ROLLOUT_REST},
		{{YES, NO,  NO,  YES, NO,  NO,  ROLLOUT_UNKNOWN},   ROLLOUT_CHECK},
		{{YES, NO,  NO,  YES, NO,  NO,  ROLLOUT_OTHER},     ROLLOUT_RELOAD},
		/* after a start: no server of the file is dropped before it had time to answer */
		{{YES, YES, YES, YES, NO,  NO,  ROLLOUT_UNKNOWN},   ROLLOUT_CHECK},
		{{YES, YES, YES, YES, NO,  NO,  ROLLOUT_CONFIRMED}, ROLLOUT_REST},
		{{NO,  YES, YES, YES, NO,  NO,  ROLLOUT_UNKNOWN},   ROLLOUT_REST},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (rollout_next(&cases[i].facts) != cases[i].expect)
			fail_msg("case %zu: step %d, not %d", i, (int)rollout_next(&cases[i].facts),
				 (int)cases[i].expect);
}

static void a_reload_is_confirmed_when_only_the_new_generation_answers(void **state)
{
	(void)state;
	struct rollout_watch w = {.generation = 7,
				  .may_come = true,
				  .start_ms = 1000,
				  .limit_ms = 10000,
				  .stable_ms = 200};

	assert_int_equal(rollout_answered(&w, 1000, 6), ROLLOUT_MORE);
	assert_int_equal(rollout_answered(&w, 1050, 7), ROLLOUT_MORE);
	assert_int_equal(rollout_answered(&w, 1200, 7), ROLLOUT_MORE);
	assert_int_equal(rollout_answered(&w, 1240, 6), ROLLOUT_MORE); /* an old worker */
	assert_int_equal(rollout_answered(&w, 1300, 7), ROLLOUT_MORE);
	assert_int_equal(rollout_answered(&w, 1400, -1), ROLLOUT_MORE); /* no answer */
	assert_int_equal(rollout_answered(&w, 1500, 7), ROLLOUT_MORE);
	assert_int_equal(rollout_answered(&w, 1699, 7), ROLLOUT_MORE);
	assert_int_equal(rollout_answered(&w, 1700, 7), ROLLOUT_YES);
}

static void a_reload_that_does_not_come_has_an_end(void **state)
{
	(void)state;
	struct rollout_watch w = {
		.generation = 7, .may_come = true, .start_ms = 1000, .limit_ms = 10000};

	assert_int_equal(rollout_answered(&w, 10999, 6), ROLLOUT_MORE);
	assert_int_equal(rollout_answered(&w, 11000, 6), ROLLOUT_TIMEOUT);
	assert_int_equal(rollout_answered(&w, 11000, -1), ROLLOUT_TIMEOUT);
	assert_int_equal(rollout_answered(&w, 11000, 7), ROLLOUT_YES);
}

static void without_a_reload_another_answer_is_a_verdict(void **state)
{
	(void)state;
	struct rollout_watch w = {.generation = 7, .start_ms = 1000, .limit_ms = 5000};

	assert_int_equal(rollout_answered(&w, 1010, -1), ROLLOUT_MORE); /* it is starting */
	assert_int_equal(rollout_answered(&w, 1020, 6), ROLLOUT_NO);
	assert_int_equal(rollout_answered(&w, 1030, 7), ROLLOUT_YES);
	assert_int_equal(rollout_answered(&w, 6000, -1), ROLLOUT_TIMEOUT);
}

static void only_a_number_on_a_line_is_a_generation(void **state)
{
	(void)state;
	assert_int_equal(rollout_generation("17\n"), 17);
	assert_int_equal(rollout_generation("0\n"), 0);
	assert_int_equal(rollout_generation("17"), -1);
	assert_int_equal(rollout_generation(""), -1);
	assert_int_equal(rollout_generation("-1\n"), -1);
	assert_int_equal(rollout_generation(" 1\n"), -1);
	assert_int_equal(rollout_generation("1 \n"), -1);
	assert_int_equal(rollout_generation("99999999999\n"), -1);
	assert_int_equal(rollout_generation("<html>\n"), -1);
}

static void a_refusal_is_one_line_that_does_not_change(void **state)
{
	(void)state;
	char text[64];

	rollout_refusal("2026/11/23 20:00:00 [emerg] 24#31: unknown directive \"x\" in f:3\n"
			"nginx: configuration file /etc/nginx/nginx.conf test failed\n",
			text, sizeof(text));
	assert_string_equal(text, "unknown directive \"x\" in f:3");
	rollout_refusal("nginx: [warn] low on worker_connections\n"
			"nginx: [emerg] unknown directive \"x\" in f:3\n",
			text, sizeof(text));
	assert_string_equal(text, "unknown directive \"x\" in f:3");
	rollout_refusal("[emerg] bad\x1b\tword\nmore", text, sizeof(text));
	assert_string_equal(text, "bad  word");
	rollout_refusal("exec: \"nginx\": not found\nmore\n", text, sizeof(text));
	assert_string_equal(text, "exec: \"nginx\": not found");
	rollout_refusal("", text, sizeof(text));
	assert_string_equal(text, "");
	rollout_refusal("nginx: [emerg] "
			"01234567890123456789012345678901234567890123456789012345678901234567",
			text, sizeof(text));
	assert_int_equal(strlen(text), sizeof(text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_situation_has_its_step),
		cmocka_unit_test(a_reload_is_confirmed_when_only_the_new_generation_answers),
		cmocka_unit_test(a_reload_that_does_not_come_has_an_end),
		cmocka_unit_test(without_a_reload_another_answer_is_a_verdict),
		cmocka_unit_test(only_a_number_on_a_line_is_a_generation),
		cmocka_unit_test(a_refusal_is_one_line_that_does_not_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
