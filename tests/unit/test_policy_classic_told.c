/* The classic law: what it says of a decision, and what it makes of what it is told back. */
#include "tests/unit/classic_run.h"

static void a_noop_repeats_the_count_wanted_so_far(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	window(&r, 100, 3);
	assert_int_equal(r.d.replicas, 3);
	window(&r, 100, 4); /* nothing was asked for yet: what runs is what is wanted */
	assert_int_equal(r.d.replicas, 4);
	windows(&r, 10, 100, 2);
	window(&r, 900, 2);
	assert_decision(&r, ACTION_SCALE_UP, 3, "9.0x baseline");
	window(&r, 900, 2); /* the new one is not there yet */
	assert_decision(&r, ACTION_NOOP, 3, "cooldown");
	policy_result(r.state, 2, true);
	window(&r, 100, 7);
	assert_decision(&r, ACTION_NOOP, 2, "heuristic");
	run_free(&r);
}

static void the_idle_hint_shows_only_while_warming_at_zero(void **state)
{
	(void)state;
	struct policy_config config = defaults();

	config.idle_hint_ms = 120;
	config.warmup_windows = 4;
	struct run r = run_new(config);
	windows(&r, 2, 0, 2);
	assert_true(r.d.baseline_ms == 120 && r.d.sigma_ms == 0);
	windows(&r, 1, 8, 2);
	assert_true(r.d.baseline_ms == 120);
	window(&r, 8, 2); /* warm: the median of 0 0 8 8 */
	assert_true(r.d.baseline_ms == 4);
	run_free(&r);

	r = run_new(config);
	window(&r, 50, 2);
	assert_true(r.d.baseline_ms == 50);
	windows(&r, 3, 0, 2);
	assert_true(r.d.baseline_ms == 0);
	run_free(&r);
}

/* The baseline is 4 ms; halves go to the even digit, as in Python. */
static void the_ratio_is_rounded_as_printf_does(void **state)
{
	(void)state;
	static const struct {
		double p95_ms;
		const char *reason;
	} cases[] = {{33, "8.2x baseline"}, {35, "8.8x baseline"}, {33.8, "8.4x baseline"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run r = run_new(defaults());
		windows(&r, 12, 4, 2);
		window(&r, cases[i].p95_ms, 2);
		assert_decision(&r, ACTION_SCALE_UP, 3, cases[i].reason);
		run_free(&r);
	}
}

static void alpha_up_is_7_5_unless_it_is_set(void **state)
{
	(void)state;
	struct policy_config config = defaults();

	config.alpha_up = NAN;
	config.warmup_windows = 11;
	struct run r = run_new(config);
	wide_history(&r, nextafter(75, 0));
	assert_decision(&r, ACTION_NOOP, 2, "heuristic");
	run_free(&r);
	r = run_new(config);
	wide_history(&r, 75);
	assert_decision(&r, ACTION_SCALE_UP, 3, "7.5x baseline");
	assert_true(gate(&r, "ratio_high")->bound == 7.5);
	run_free(&r);
}

static void each_decision_names_its_gate(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	window(&r, 100, 3);
	assert_string_equal(r.d.decided_by, "warm");
	windows(&r, 13, 100, 2);
	assert_string_equal(r.d.decided_by, "room_below");
	window(&r, 100, 3);
	assert_string_equal(r.d.decided_by, "all_near");
	window(&r, 100, 3);
	assert_string_equal(r.d.decided_by, "cooled_down");
	window(&r, 900, 10);
	assert_string_equal(r.d.decided_by, "room_above");
	window(&r, 900, 2);
	assert_string_equal(r.d.decided_by, "cooled_down");
	windows(&r, 2, 900, 2);
	assert_string_equal(r.d.decided_by, "ratio_high");
	window(&r, 300, 2);
	assert_string_equal(r.d.decided_by, "cooled_down");
	run_free(&r);
}

/* As it always was: the cooldown counts from the plan, whatever became of it. */
static void a_refusal_ends_no_cooldown(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 12, 100, 2);
	window(&r, 900, 2);
	policy_result(r.state, 2, false);
	window(&r, 900, 2);
	assert_decision(&r, ACTION_NOOP, 2, "cooldown");
	run_free(&r);
}

static void advice_has_no_more_room_than_the_law(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 11, 100, 5);
	assert_envelope(&r, 5, 5); /* warming */
	windows(&r, 2, 100, 2);
	assert_envelope(&r, 2, 3);
	window(&r, 104, 2);
	window(&r, 300, 10);
	assert_envelope(&r, 10, 10); /* overload: not one fewer */
	window(&r, 900, 4);
	assert_envelope(&r, 5, 5); /* overload: one more */
	window(&r, 900, 5);
	assert_envelope(&r, 5, 5); /* cooling down */
	windows(&r, 4, 100, 5);
	assert_envelope(&r, 4, 6); /* all near */
	run_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_noop_repeats_the_count_wanted_so_far),
		cmocka_unit_test(the_idle_hint_shows_only_while_warming_at_zero),
		cmocka_unit_test(the_ratio_is_rounded_as_printf_does),
		cmocka_unit_test(alpha_up_is_7_5_unless_it_is_set),
		cmocka_unit_test(each_decision_names_its_gate),
		cmocka_unit_test(a_refusal_ends_no_cooldown),
		cmocka_unit_test(advice_has_no_more_room_than_the_law),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
