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
	g.next_close = g.next_read = 1000000;
	window_grid_pass(&g, WINDOW_READ);
	assert_int_equal(window_grid_probe_due_us(&g), 200000ULL * 1000000);
	assert_int_equal(window_grid_close_due_us(&g), 200000ULL * 1000000);
	uint64_t due_us;
	assert_int_equal(window_grid_next(&g, &due_us), WINDOW_CLOSE); /* before the next begins */
	assert_int_equal(due_us, 200000ULL * 1000000);
}

static void grid_reads_before_each_end_and_between_probes(void **state)
{
	(void)state;
	static const struct {
		uint64_t interval_us, probes, lead_us;
	} rows[] = {
		{3000000, 40, 112500}, /* a probe each 75 ms */
		{1000000, 20, 125000}, /* 50 ms */
		{1000000, 10, 150000}, /* 100 ms, as much as the lead itself */
		{1000000, 1, 100000},  {500000, 20, 112500}, /* 25 ms; a fifth is 100 ms */
		{200000, 5, 60000},                          /* 40 ms; a fifth is 40 ms */
		{200000, 1, 40000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct window_grid g;
		int reads = 0, closes = 0;
		uint64_t due_us, last_us = 0;

		window_grid_start(&g, 1000, rows[i].interval_us, rows[i].probes);
		assert_int_equal(window_grid_read_due_us(&g),
				 1000 + rows[i].interval_us - rows[i].lead_us);
		while (closes < 10) { /* in order, one read before each end */
			enum window_event event = window_grid_next(&g, &due_us);

			assert_true(due_us >= last_us);
			last_us = due_us;
			reads += event == WINDOW_READ;
			closes += event == WINDOW_CLOSE;
			assert_in_range(reads - closes, 0, 1);
			window_grid_pass(&g, event);
		}
		assert_int_equal(g.next_probe, 10 * rows[i].probes);
	}
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
		cmocka_unit_test(grid_reads_before_each_end_and_between_probes),
		cmocka_unit_test(grid_realigns_only_after_a_whole_lost_window),
		cmocka_unit_test(probes_that_slept_through_tell_nothing),
		cmocka_unit_test(failures_count_as_the_time_limit),
		cmocka_unit_test(windows_do_not_leak_into_each_other),
		cmocka_unit_test(empty_window_shows_how_long_probes_wait),
		cmocka_unit_test(in_flight_probes_are_bounded_by_the_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
