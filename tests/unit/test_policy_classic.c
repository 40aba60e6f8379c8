/* The classic law at its edges. */
#include "tests/unit/classic_run.h"

static void the_last_window_of_the_warm_up_can_act(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	for (int i = 0; i < 11; i++) {
		window(&r, i == 10 ? 5000 : 100, 4);
		assert_decision(&r, ACTION_NOOP, 4, "warming");
		assert_false(r.d.low_windows[r.d.low_windows_n - 1]);
	}
	window(&r, 800, 4);
	assert_decision(&r, ACTION_SCALE_UP, 5, "8.0x baseline");
	run_free(&r);
}

static void without_a_warm_up_the_first_window_counts(void **state)
{
	(void)state;
	struct policy_config config = defaults();

	config.warmup_windows = 0;
	struct run r = run_new(config);
	window(&r, 100, 4);
	assert_decision(&r, ACTION_SCALE_DOWN, 3, "near baseline for 3w");
	assert_int_equal(r.d.low_windows_n, 1);
	assert_true(r.d.low_windows[0]);
	run_free(&r);
}

static void overload_begins_exactly_at_alpha_up(void **state)
{
	(void)state;
	struct policy_config config = defaults();

	config.warmup_windows = 11;
	struct run r = run_new(config);
	wide_history(&r, nextafter(75, 0));
	assert_decision(&r, ACTION_NOOP, 2, "heuristic");
	assert_true(r.d.baseline_ms == 10 && r.d.sigma_ms == 1.4826 * 8);
	run_free(&r);

	r = run_new(config);
	wide_history(&r, 75);
	assert_decision(&r, ACTION_SCALE_UP, 3, "7.5x baseline");
	assert_true(passes(&r, "ratio_high") && !passes(&r, "z_high"));
	run_free(&r);
}

static void overload_begins_exactly_at_six_sigmas(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 12, 100, 2);
	window(&r, nextafter(106, 0), 2); /* sigma is 0: 1 ms stands in */
	assert_decision(&r, ACTION_NOOP, 2, "heuristic");
	window(&r, 106, 2);
	assert_decision(&r, ACTION_SCALE_UP, 3, "1.1x baseline");
	assert_true(!passes(&r, "ratio_high") && passes(&r, "z_high"));
	assert_true(gate(&r, "z_high")->value == 6 && gate(&r, "z_high")->bound == 6);
	run_free(&r);
}

static void a_cooldown_ends_after_exactly_its_length(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 12, 100, 2);
	uint64_t acted_ms = r.now_ms + WINDOW_MS;
	window_at(&r, acted_ms, 900, 2);
	assert_decision(&r, ACTION_SCALE_UP, 3, "9.0x baseline");
	window_at(&r, acted_ms + 19999, 900, 3);
	assert_decision(&r, ACTION_NOOP, 3, "cooldown");
	assert_true(r.d.cooldown_left_sec == 0.001);
	assert_true(gate(&r, "cooled_down")->value == 0.001);
	window_at(&r, acted_ms + 20000, 900, 3);
	assert_decision(&r, ACTION_SCALE_UP, 4, "9.0x baseline");
	window_at(&r, acted_ms + 20000, 900, 4);
	assert_decision(&r, ACTION_NOOP, 4, "cooldown");
	run_free(&r);
}

static void a_noop_starts_no_cooldown_and_both_directions_share_one(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 12, 100, 2);
	windows(&r, 3, 100, 2);
	assert_decision(&r, ACTION_NOOP, 2, "heuristic");
	window(&r, 900, 5);
	assert_decision(&r, ACTION_SCALE_UP, 6, "9.0x baseline");
	windows(&r, 3, 100, 6);
	assert_decision(&r, ACTION_NOOP, 6, "cooldown");
	windows(&r, 2, 100, 6);
	assert_decision(&r, ACTION_SCALE_DOWN, 5, "near baseline for 3w");
	run_free(&r);
}

static void without_a_cooldown_every_window_may_act(void **state)
{
	(void)state;
	struct policy_config config = defaults();

	config.cooldown_sec = 0;
	struct run r = run_new(config);
	windows(&r, 12, 100, 2);
	for (int replicas = 2; replicas < 10; replicas++) {
		window_at(&r, START_MS, 900, replicas);
		assert_decision(&r, ACTION_SCALE_UP, replicas + 1, "9.0x baseline");
	}
	run_free(&r);
}

/* The clock goes back an hour within a cooldown: it lasts a whole cooldown from there, not an hour.
 */
static void a_clock_that_steps_back_costs_one_cooldown_at_most(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 12, 100, 2);
	window(&r, 900, 2);
	assert_int_equal(r.d.action, ACTION_SCALE_UP);
	uint64_t back_ms = r.now_ms - 3600 * 1000;
	window_at(&r, back_ms, 100, 3); /* seen in a window that asks for nothing */
	assert_string_equal(r.d.reason, "heuristic");
	window_at(&r, back_ms + 19999, 900, 3);
	assert_decision(&r, ACTION_NOOP, 3, "cooldown");
	window_at(&r, back_ms + 20000, 900, 3);
	assert_decision(&r, ACTION_SCALE_UP, 4, "9.0x baseline");
	run_free(&r);
}

static void max_replicas_turns_overload_into_nothing(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 12, 100, 9);
	windows(&r, 2, 900, 10);
	assert_decision(&r, ACTION_NOOP, 10, "heuristic");
	window(&r, 900, 9);
	assert_decision(&r, ACTION_SCALE_UP, 10, "9.0x baseline");
	run_free(&r);
}

/* With room only below, an overload that is also near the baseline (z >= 6 by 1 ms standing in)
 * falls through to the way down. */
static void at_max_replicas_an_overload_can_be_near_the_baseline(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 14, 100, 2);
	window(&r, 107, 10);
	assert_true(passes(&r, "z_high"));
	assert_decision(&r, ACTION_SCALE_DOWN, 9, "near baseline for 3w");
	run_free(&r);
}

static void min_replicas_is_never_left_downwards(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 20, 100, 2);
	assert_decision(&r, ACTION_NOOP, 2, "heuristic");
	window(&r, 100, 3);
	assert_decision(&r, ACTION_SCALE_DOWN, 2, "near baseline for 3w");
	run_free(&r);
}

static void counts_outside_the_bounds_come_back_inside(void **state)
{
	(void)state;
	struct policy_config config = defaults();

	config.cooldown_sec = 0;
	config.min_replicas = 4;
	struct run r = run_new(config);
	windows(&r, 15, 100, 1);
	assert_decision(&r, ACTION_NOOP, 1, "heuristic");
	window(&r, 900, 1);
	assert_decision(&r, ACTION_SCALE_UP, 4, "9.0x baseline");
	windows(&r, 3, 100, 30);
	assert_decision(&r, ACTION_SCALE_DOWN, 10, "near baseline for 3w");
	run_free(&r);
}

static void near_ends_at_beta_down_and_five_ms(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 40, 200, 2); /* sigma 0: the limit is 200 * 1.05 + 5 */
	window(&r, 200 * 1.05 + 5.0, 2);
	assert_true(passes(&r, "near"));
	window(&r, nextafter(200 * 1.05 + 5.0, 1000), 2);
	assert_false(passes(&r, "near"));
	assert_int_equal(r.d.low_windows_n, 3);
	assert_true(r.d.low_windows[0] && r.d.low_windows[1] && !r.d.low_windows[2]);
	run_free(&r);
}

static void near_widens_with_a_quarter_of_sigma(void **state)
{
	(void)state;
	struct policy_config config = defaults();

	config.hist_windows = 5;
	config.warmup_windows = 5;
	struct run r = run_new(config);
	double sigma_ms = 1.4826 * 50; /* of 100 150 200 250 and the window itself */
	double limit_ms = 200 * 1.05 + 0.25 * sigma_ms;
	window(&r, 100, 2);
	window(&r, 150, 2);
	window(&r, 250, 2);
	window(&r, 200, 2);
	window(&r, limit_ms, 2);
	assert_true(r.d.baseline_ms == 200 && r.d.sigma_ms == sigma_ms);
	assert_true(passes(&r, "near"));
	assert_double_near(gate(&r, "near")->bound, 228.5325);
	run_free(&r);
}

static void every_flag_there_is_must_be_true(void **state)
{
	(void)state;
	struct policy_config config = defaults();

	config.warmup_windows = 2;
	config.low_need_n = 4;
	struct run r = run_new(config);
	window(&r, 100, 5); /* warming: not near */
	windows(&r, 3, 100, 5);
	assert_int_equal(r.d.low_windows_n, 4);
	assert_decision(&r, ACTION_NOOP, 5, "heuristic");
	window(&r, 100, 5); /* the false one is out */
	assert_decision(&r, ACTION_SCALE_DOWN, 4, "near baseline for 4w");
	run_free(&r);
}

static void a_baseline_of_zero_is_never_near_and_has_no_ratio(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 15, 0, 5);
	assert_decision(&r, ACTION_NOOP, 5, "heuristic");
	assert_true(r.d.baseline_ms == 0);
	window(&r, 5, 5);
	assert_decision(&r, ACTION_NOOP, 5, "heuristic");
	window(&r, 6, 5); /* z is 6, the ratio counts as 0 */
	assert_decision(&r, ACTION_SCALE_UP, 6, "0.0x baseline");
	run_free(&r);
}

static void the_history_forgets_after_hist_windows(void **state)
{
	(void)state;
	struct run r = run_new(defaults());

	windows(&r, 60, 1, 2);
	windows(&r, 30, 9, 2);
	assert_true(r.d.baseline_ms == 5);
	window(&r, 9, 2);
	assert_true(r.d.baseline_ms == 9);
	assert_true(gate(&r, "warm")->value == 60);
	run_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_window_of_the_warm_up_can_act),
		cmocka_unit_test(without_a_warm_up_the_first_window_counts),
		cmocka_unit_test(overload_begins_exactly_at_alpha_up),
		cmocka_unit_test(overload_begins_exactly_at_six_sigmas),
		cmocka_unit_test(a_cooldown_ends_after_exactly_its_length),
		cmocka_unit_test(a_noop_starts_no_cooldown_and_both_directions_share_one),
		cmocka_unit_test(without_a_cooldown_every_window_may_act),
		cmocka_unit_test(a_clock_that_steps_back_costs_one_cooldown_at_most),
		cmocka_unit_test(max_replicas_turns_overload_into_nothing),
		cmocka_unit_test(at_max_replicas_an_overload_can_be_near_the_baseline),
		cmocka_unit_test(min_replicas_is_never_left_downwards),
		cmocka_unit_test(counts_outside_the_bounds_come_back_inside),
		cmocka_unit_test(near_ends_at_beta_down_and_five_ms),
		cmocka_unit_test(near_widens_with_a_quarter_of_sigma),
		cmocka_unit_test(every_flag_there_is_must_be_true),
		cmocka_unit_test(a_baseline_of_zero_is_never_near_and_has_no_ratio),
		cmocka_unit_test(the_history_forgets_after_hist_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
