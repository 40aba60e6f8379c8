/* The probe grid and the figures of a window. */
#include "tests/unit/unit.h"

#include "monitor/config.h"
#include "monitor/window.h"

#include <string.h>

static void grid_spreads_probes_evenly(void **state)
{
	(void)state;
	struct window_grid g;

	window_grid_start(&g, 1000, 3000000, 40);
	for (uint64_t k = 0; k < 120; k++, g.next_probe++)
		assert_int_equal(window_grid_probe_due_us(&g), 1000 + k * 75000);
	assert_int_equal(window_grid_close_due_us(&g), 1000 + 3000000);
}

static void grid_closes_on_time_with_odd_numbers(void **state)
{
	(void)state;
	struct window_grid g;

	/* 200 ms in 7 parts does not divide: the error must not add up over windows. */
	window_grid_start(&g, 0, 200000, 7);
	g.next_probe = 7 * 1000000;
	g.next_close = 1000000;
	assert_int_equal(window_grid_probe_due_us(&g), 200000ULL * 1000000);
	assert_int_equal(window_grid_close_due_us(&g), 200000ULL * 1000000);
	assert_int_equal(window_grid_next_us(&g), 200000ULL * 1000000);
}

static void grid_realigns_only_after_a_whole_lost_window(void **state)
{
	(void)state;
	struct window_grid g;

	window_grid_start(&g, 0, 1000, 10);
	assert_false(window_grid_realign(&g, 1999));
	assert_int_equal(window_grid_probe_due_us(&g), 0);
	assert_true(window_grid_realign(&g, 2000));
	assert_int_equal(window_grid_probe_due_us(&g), 2000);
	assert_int_equal(window_grid_close_due_us(&g), 3000);
}

static void probes_that_slept_through_tell_nothing(void **state)
{
	(void)state;
	struct window_grid g;

	window_grid_start(&g, 0, 500000, 10);
	assert_true(window_grid_trusts(&g, 10, 400));
	assert_true(window_grid_trusts(&g, 900, 400)); /* timed out, and noticed a little late */
	assert_false(window_grid_trusts(&g, 901, 400));
}

static void failures_count_as_the_time_limit(void **state)
{
	(void)state;
	struct window w;
	struct window_summary s;

	window_init(&w, 8);
	for (int i = 0; i < 3; i++)
		window_add(&w, true, 100, 2500);
	window_add(&w, false, 1, 2500); /* a fast 502 */
	window_close(&w, NULL, 0, &s);
	assert_int_equal(s.requests, 4);
	assert_double_near(s.success_rate, 0.75);
	assert_double_near(s.avg_ms, 700);
	assert_double_near(s.p50_ms, 100);
	assert_double_near(s.p95_ms, 100 + 0.85 * 2400); /* h = 3 * 0.95 = 2.85 */
	assert_double_near(s.p99_ms, 100 + 0.97 * 2400);
	window_free(&w);
}

static void windows_do_not_leak_into_each_other(void **state)
{
	(void)state;
	struct window w;
	struct window_summary s;

	window_init(&w, 2);
	window_add(&w, true, 5, 100);
	window_close(&w, NULL, 0, &s);
	window_add(&w, true, 7, 100);
	window_add(&w, true, 9, 100);
	window_add(&w, true, 1000, 100); /* over the maximum: not counted */
	window_close(&w, NULL, 0, &s);
	assert_int_equal(s.requests, 2);
	assert_double_near(s.success_rate, 1);
	assert_double_near(s.avg_ms, 8);
	window_free(&w);
}

static void empty_window_shows_how_long_probes_wait(void **state)
{
	(void)state;
	struct window w;
	struct window_summary s;
	double ages[] = {190, 10, 100};

	window_init(&w, 2);
	window_close(&w, ages, 3, &s);
	assert_int_equal(s.requests, 0);
	assert_double_near(s.success_rate, 0);
	assert_double_near(s.p50_ms, 100);
	assert_double_near(s.p95_ms, 100 + 0.9 * 90);

	window_close(&w, NULL, 0, &s);
	assert_int_equal(s.requests, 0);
	assert_double_near(s.p95_ms, 0);
	window_free(&w);
}

static void in_flight_probes_are_bounded_by_the_settings(void **state)
{
	(void)state;
	struct monitor_config c = {
		.sample_interval_sec = 3, .probe_requests = 40, .timeout_sec = 2.5};
	struct buf errors;

	buf_init(&errors, 1024);
	assert_double_near(monitor_in_flight(&c), 74);
	assert_int_equal(monitor_config_check(&c, &errors), 0);
	c.sample_interval_sec = 0.2;
	c.probe_requests = 1000;
	assert_int_equal(monitor_config_check(&c, &errors), 1);
	assert_non_null(strstr(buf_text(&errors), "PROBE_REQUESTS=1000"));
	buf_free(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grid_spreads_probes_evenly),
		cmocka_unit_test(grid_closes_on_time_with_odd_numbers),
		cmocka_unit_test(grid_realigns_only_after_a_whole_lost_window),
		cmocka_unit_test(probes_that_slept_through_tell_nothing),
		cmocka_unit_test(failures_count_as_the_time_limit),
		cmocka_unit_test(windows_do_not_leak_into_each_other),
		cmocka_unit_test(empty_window_shows_how_long_probes_wait),
		cmocka_unit_test(in_flight_probes_are_bounded_by_the_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
