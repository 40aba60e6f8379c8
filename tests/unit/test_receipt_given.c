/* Shell. Unit tests of monitor/receipt: who gets one, when, and of what none is. */
#include "tests/unit/receipts.h"

/* ---- who gets one ---- */

static void test_only_what_did_something_gets_one(void **state)
{
	static const struct {
		enum message_action action;
		enum message_status status;
		const char *id, *target;
		bool given;
	} cases[] = {
		{ACTION_SCALE_UP, STATUS_OK, "p", "app", true},
		{ACTION_SCALE_DOWN, STATUS_ERROR, "p", "app", true},
		{ACTION_RESTART, STATUS_OK, "p", "app", true},
		{ACTION_NOOP, STATUS_OK, "p", "app", false},
		{ACTION_SCALE_UP, STATUS_NOOP, "p", "app", false},
		{ACTION_SCALE_UP, STATUS_SKIPPED, "p", "app", false},
		{ACTION_SCALE_UP, STATUS_OK, "", "app", false},
		{ACTION_SCALE_UP, STATUS_OK, "p", "shop", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w = begin();
		struct message_result result = result_of(&w, cases[i].id, cases[i].action, 10);

		ok(&w);
		result.status = cases[i].status;
		snprintf(result.target, sizeof(result.target), "%s", cases[i].target);
		assert_true(receipts_ask(w.r, &result, &w.now));
		assert_int_equal(receipts_waiting(w.r), cases[i].given);
		receipts_free(w.r);
	}
}

static void test_one_for_each_and_none_twice(void **state)
{
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	ok(&w);
	ask(&w, "p1", ACTION_RESTART, 10);
	ask(&w, "p1", ACTION_RESTART, 10);
	ask(&w, "p2", ACTION_RESTART, 10);
	ask(&w, "p3", ACTION_RESTART, 10);
	receipts_given(w.r, "p2");
	receipts_given(w.r, "p9");
	assert_int_equal(receipts_waiting(w.r), 2);
	settle(&w, &c);
	assert_string_equal(c.plan, "p1");
	assert_true(take(&w, &c));
	assert_string_equal(c.plan, "p3");
	assert_false(take(&w, &c));
	receipts_free(w.r);
}

static void test_a_flood_of_results(void **state)
{
	struct world w = begin();
	struct message_receipt c;
	int given = 0;
	char id[16];

	(void)state;
	ok(&w);
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "p%d", i);
		assert_int_equal(ask(&w, id, ACTION_RESTART, 1e9), i < RECEIPT_WAITING_MAX);
	}
	for (int i = 0; i < 40; i++) {
		serve(&w, 100);
		measure(&w, 0);
		while (take(&w, &c))
			given++;
	}
	assert_int_equal(given, RECEIPT_WAITING_MAX);
	assert_true(ask(&w, "later", ACTION_RESTART, 10));
	receipts_free(w.r);
}

/* ---- when more replicas are done ---- */

static bool ask_up(struct world *w, const char *id, int after)
{
	struct message_result result = result_of(w, id, ACTION_SCALE_UP, 100);

	result.replicas_after = after;
	return receipts_ask(w->r, &result, &w->now);
}

static void test_more_replicas_are_done_when_in_rotation(void **state)
{
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	ok(&w);
	receipts_rotation(w.r, 2, w.now.sec, &w.now);
	serve(&w, 1000);
	ask_up(&w, "p1", 4);
	serve(&w, 3500);
	receipts_rotation(w.r, 3, w.now.sec, &w.now);
	serve(&w, 3500);
	measure(&w, 0);
	assert_false(take(&w, &c));
	receipts_rotation(w.r, 4, w.now.sec, &w.now);
	end_of(&w, ACCESSLOG_TRAFFIC, 502, 1); /* of that reload */
	serve(&w, 2000);
	receipts_rotation(w.r, 4, w.now.sec, &w.now); /* does not put it off */
	serve(&w, 1100);
	measure(&w, 0);
	assert_true(take(&w, &c));
	assert_int_equal(c.failed, 1);
	assert_true(c.to_ts >= WALL + 11 && c.to_ts < WALL + 11.2);

	ask_up(&w, "p2", 4); /* they are there already */
	serve(&w, 3100);
	measure(&w, 0);
	assert_true(take(&w, &c));
	receipts_free(w.r);
}

static void test_rotation_is_not_waited_for_without_end(void **state)
{
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	ok(&w);
	receipts_rotation(w.r, 2, w.now.sec, &w.now);
	ask_up(&w, "p1", 4);
	serve(&w, RECEIPT_ROTATION_MAX_MS - 100);
	measure(&w, 0);
	assert_false(take(&w, &c));
	serve(&w, 100);
	assert_false(take(&w, &c));
	settle(&w, &c);
	assert_true(c.to_ts >= WALL + 63 && c.to_ts < WALL + 63.2);

	ask_up(&w, "p2", 4);
	serve(&w, 1000);
	ask(&w, "p3", ACTION_SCALE_DOWN, 10); /* nobody wants the four any more */
	settle(&w, &c);
	assert_string_equal(c.plan, "p2");
	assert_true(take(&w, &c));
	receipts_free(w.r);
}

/* ---- what was not seen ---- */

static void test_nothing_seen_no_receipt(void **state)
{
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	ask(&w, "p1", ACTION_RESTART, 10); /* no line ever comes */
	pass_ms(&w, 20000);
	measure(&w, 0);
	assert_false(take(&w, &c));
	assert_int_equal(receipts_waiting(w.r), 0);

	/* Heard when it was long over, and the first line came later. */
	struct message_result old = result_of(&w, "p2", ACTION_RESTART, 10);
	pass_ms(&w, 100000);
	ok(&w);
	assert_true(receipts_ask(w.r, &old, &w.now));
	assert_int_equal(receipts_waiting(w.r), 0);
	receipts_free(w.r);
}

static void test_the_unseen_begin(void **state)
{
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	serve(&w, 500); /* the first line at 10 ms */
	ask(&w, "p1", ACTION_SCALE_DOWN, 5500);
	settle(&w, &c);
	assert_double_near(c.from_ts, WALL - 5);
	assert_double_near(c.unseen_ms, 5010);
	assert_double_near(c.longest_gap_ms, 10);
	assert_in_range(c.requests, 349, 351);
	receipts_free(w.r);
}

static void test_what_was_forgotten_was_not_seen(void **state)
{
	struct world w = begin();
	struct message_receipt c;
	double seen_sec = RECEIPT_TICKS * RECEIPT_TICK_MS / 1e3;

	(void)state;
	for (int i = 0; i < RECEIPT_TICKS + 100; i++) {
		pass_ms(&w, RECEIPT_TICK_MS);
		ok(&w);
	}
	ask(&w, "p1", ACTION_SCALE_DOWN, 1e9);
	settle(&w, &c);
	assert_in_range(c.requests, RECEIPT_TICKS, RECEIPT_TICKS + 400);
	assert_true(c.from_ts >= WALL - 1000); /* the clock's zero */
	assert_true(c.unseen_ms >= 1e6 && c.unseen_ms <= (c.to_ts - c.from_ts) * 1e3 - seen_sec);
	receipts_free(w.r);
}

/* Whatever the clocks of others say. */
static void test_times_from_elsewhere(void **state)
{
	static const double ts[] = {NAN, 0, 1e11, WALL + 3600, WALL - 3600};
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	serve(&w, 1000);
	for (size_t i = 0; i < sizeof(ts) / sizeof(ts[0]); i++) {
		struct message_result result = result_of(&w, "p", ACTION_RESTART, 500);

		result.ts = ts[i];
		assert_true(receipts_ask(w.r, &result, &w.now));
		if (ts[i] < WALL) {
			assert_int_equal(receipts_waiting(w.r), 0);
			continue;
		}
		settle(&w, &c);
		assert_in_range(c.requests, 340, 370);
	}
	receipts_free(w.r);
}

static void test_counts_have_a_maximum(void **state)
{
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	ok(&w);
	measure(&w, 0);
	serve(&w, 1000);
	ask(&w, "p1", ACTION_RESTART, 10);
	end_of(&w, ACCESSLOG_TRAFFIC, 200, UINT64_MAX);
	serve(&w, 3200);
	receipts_measured(w.r, w.now.us, true, UINT64_MAX);
	assert_true(take(&w, &c));
	assert_int_equal(c.lost_lines, 1000000000);
	assert_double_near(c.slowest_ms, 1e9);
	receipts_free(w.r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_did_something_gets_one),
		cmocka_unit_test(test_one_for_each_and_none_twice),
		cmocka_unit_test(test_a_flood_of_results),
		cmocka_unit_test(test_more_replicas_are_done_when_in_rotation),
		cmocka_unit_test(test_rotation_is_not_waited_for_without_end),
		cmocka_unit_test(test_nothing_seen_no_receipt),
		cmocka_unit_test(test_the_unseen_begin),
		cmocka_unit_test(test_what_was_forgotten_was_not_seen),
		cmocka_unit_test(test_times_from_elsewhere),
		cmocka_unit_test(test_counts_have_a_maximum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
