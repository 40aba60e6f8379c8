/* A change that is under way. */
#include "tests/unit/unit.h"

#include "planner/pending.h"

#define START_MS   1795458155613ULL
#define WINDOW_SEC 4.0
#define WINDOW_MS  4000

/* Windows with ${running} and ${ready} up to ${until_ms}. */
static void windows(struct pending *p, uint64_t *now_ms, uint64_t until_ms, int running, int ready)
{
	while (*now_ms + WINDOW_MS <= until_ms) {
		*now_ms += WINDOW_MS;
		pending_window(p, *now_ms, WINDOW_SEC, running, ready, NAN);
	}
}

static void up_is_done_when_the_replicas_are_ready(void **state)
{
	(void)state;
	struct pending p;

	pending_init(&p);
	assert_false(p.open || p.lost);
	pending_begin(&p, START_MS, 5, true);
	pending_window(&p, START_MS + 4000, WINDOW_SEC, 5, 4, NAN);
	assert_true(p.open);
	pending_window(&p, START_MS + 8000, WINDOW_SEC, 5, 5, NAN);
	assert_false(p.open || p.lost);
	assert_true(p.startup_sec == 8);
}

static void down_is_done_when_they_do_not_run(void **state)
{
	(void)state;
	struct pending p;

	pending_init(&p);
	pending_begin(&p, START_MS, 2, false);
	pending_window(&p, START_MS + 4000, WINDOW_SEC, 3, 2, NAN);
	assert_true(p.open);
	pending_window(&p, START_MS + 8000, WINDOW_SEC, 1, 1, NAN);
	assert_false(p.open || p.lost);
	assert_true(isnan(p.startup_sec)); /* nothing was started */
}

static void what_takes_too_long_is_lost(void **state)
{
	(void)state;
	struct pending p;
	uint64_t now_ms = START_MS;

	pending_init(&p);
	pending_begin(&p, START_MS, 5, true);
	uint64_t allowance_ms = pending_allowance_ms(&p, WINDOW_SEC, NAN);
	assert_int_equal(allowance_ms, 68000); /* 3 * 20 s, 2 windows */
	windows(&p, &now_ms, START_MS + allowance_ms - 1, 5, 4);
	assert_true(p.open && !p.lost);
	windows(&p, &now_ms, START_MS + allowance_ms, 5, 4);
	assert_true(!p.open && p.lost);
	windows(&p, &now_ms, START_MS + allowance_ms + 400000, 5, 4);
	assert_true(!p.open && p.lost);
	pending_begin(&p, now_ms, 6, true);
	assert_true(p.open && !p.lost);
}

/* Or a service that starts slowly would never be waited for. */
static void those_that_come_late_are_learned_from(void **state)
{
	(void)state;
	struct pending p;
	uint64_t now_ms = START_MS;

	pending_init(&p);
	pending_begin(&p, START_MS, 5, true);
	windows(&p, &now_ms, START_MS + 96000, 5, 4);
	assert_true(p.lost);
	windows(&p, &now_ms, START_MS + 100000, 5, 5);
	assert_false(p.lost);
	assert_true(p.startup_sec == 100);
	assert_int_equal(pending_allowance_ms(&p, WINDOW_SEC, NAN), 308000);
}

static void slower_starts_count_at_once_and_faster_ones_by_and_by(void **state)
{
	(void)state;
	struct pending p;

	pending_init(&p);
	pending_begin(&p, START_MS, 5, true);
	pending_window(&p, START_MS + 4000, WINDOW_SEC, 5, 5, NAN);
	pending_begin(&p, START_MS + 10000, 6, true);
	pending_window(&p, START_MS + 20000, WINDOW_SEC, 6, 6, NAN);
	assert_true(p.startup_sec == 10);
	pending_begin(&p, START_MS + 30000, 7, true);
	pending_window(&p, START_MS + 30000, WINDOW_SEC, 7, 7, NAN);
	assert_double_near(p.startup_sec, 7);
}

static void a_gap_teaches_nothing(void **state)
{
	(void)state;
	struct pending p;

	pending_init(&p);
	pending_begin(&p, START_MS, 5, true);
	pending_window(&p, START_MS + 4000, WINDOW_SEC, 5, 4, NAN);
	pending_window(&p, START_MS + 3600000, WINDOW_SEC, 5, 5, NAN);
	assert_false(p.open || p.lost);
	assert_true(isnan(p.startup_sec));
}

static void the_allowance_follows_the_settings_and_the_window(void **state)
{
	(void)state;
	struct pending p;

	pending_init(&p);
	assert_int_equal(pending_allowance_ms(&p, 1, 0.1), 10000); /* the least */
	assert_int_equal(pending_allowance_ms(&p, 1, 3600), 10802000);
	assert_int_equal(pending_allowance_ms(&p, 1e6, NAN), 2000060000);
	p.startup_sec = 30;
	assert_int_equal(pending_allowance_ms(&p, 1, NAN), 92000);
	assert_int_equal(pending_allowance_ms(&p, 1, 20), 62000);
}

/* A clock that goes back an hour: a whole allowance from there, no more. */
static void a_clock_that_steps_back_waits_no_longer_than_once_more(void **state)
{
	(void)state;
	struct pending p;
	uint64_t back_ms = START_MS - 3600 * 1000;
	uint64_t now_ms = back_ms;

	pending_init(&p);
	pending_begin(&p, START_MS, 5, true);
	pending_window(&p, START_MS + 4000, WINDOW_SEC, 5, 4, NAN);
	pending_window(&p, back_ms, WINDOW_SEC, 5, 4, NAN);
	windows(&p, &now_ms, back_ms + 67999, 5, 4);
	assert_true(p.open);
	windows(&p, &now_ms, back_ms + 68000, 5, 4);
	assert_true(p.lost);

	pending_begin(&p, START_MS, 5, true);
	pending_window(&p, back_ms, WINDOW_SEC, 5, 5, NAN);
	assert_false(p.open);
	assert_true(isnan(p.startup_sec)); /* not a start in no time */
}

static void what_was_refused_is_not_under_way(void **state)
{
	(void)state;
	struct pending p;

	pending_init(&p);
	pending_begin(&p, START_MS, 5, true);
	pending_cancel(&p);
	assert_false(p.open || p.lost);
	pending_window(&p, START_MS + 4000, WINDOW_SEC, 5, 5, NAN);
	assert_true(isnan(p.startup_sec));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(up_is_done_when_the_replicas_are_ready),
		cmocka_unit_test(down_is_done_when_they_do_not_run),
		cmocka_unit_test(what_takes_too_long_is_lost),
		cmocka_unit_test(those_that_come_late_are_learned_from),
		cmocka_unit_test(slower_starts_count_at_once_and_faster_ones_by_and_by),
		cmocka_unit_test(a_gap_teaches_nothing),
		cmocka_unit_test(the_allowance_follows_the_settings_and_the_window),
		cmocka_unit_test(a_clock_that_steps_back_waits_no_longer_than_once_more),
		cmocka_unit_test(what_was_refused_is_not_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
