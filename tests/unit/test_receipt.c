/* Shell. Unit tests of monitor/receipt: what is counted. */
#include "tests/unit/receipts.h"

static void test_counts_what_ended_from_its_begin_to_behind_its_end(void **state)
{
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	ok(&w);
	measure(&w, 0);
	serve(&w, 10000);
	end_of(&w, ACCESSLOG_TRAFFIC, 502, 1); /* before it all */
	serve(&w, 3000);
	assert_true(ask(&w, "p1", ACTION_SCALE_DOWN, 2000));
	end_of(&w, ACCESSLOG_TRAFFIC, 502, 1);
	end_of(&w, ACCESSLOG_TRAFFIC, 404, 1);
	end_of(&w, ACCESSLOG_TRAFFIC, 499, 700);
	end_of(&w, ACCESSLOG_TRAFFIC, 101, 90000);
	end_of(&w, ACCESSLOG_PROBE, 500, 1000);
	end_of(&w, ACCESSLOG_STATUS, 500, 1000);
	serve(&w, 2900);
	measure(&w, 0);
	assert_false(take(&w, &c));
	serve(&w, 200);
	end_of(&w, ACCESSLOG_TRAFFIC, 503, 2000); /* behind it all */
	measure(&w, 0);
	assert_true(take(&w, &c));

	assert_string_equal(c.plan, "p1");
	assert_string_equal(c.target, "app");
	assert_int_equal(c.action, ACTION_SCALE_DOWN);
	assert_true(c.replicas_before == 3 && c.replicas_after == 2);
	assert_true(c.from_ts <= WALL + 11 && c.from_ts > WALL + 10.8);
	assert_true(c.to_ts >= WALL + 16 && c.to_ts < WALL + 16.2);
	assert_in_range(c.requests, 500 + 4, 520 + 4);
	assert_int_equal(c.failed, 1);
	assert_int_equal(c.given_up, 1);
	assert_double_near(c.slowest_ms, 700);
	assert_double_near(c.longest_gap_ms, 10);
	assert_double_near(c.unseen_ms, 0);
	assert_int_equal(c.lost_lines, 0);

	assert_false(take(&w, &c));
	assert_int_equal(receipts_waiting(w.r), 0);
	receipts_free(w.r);
}

static void test_the_longest_gap(void **state)
{
	static const struct {
		uint64_t before_ms, gap_ms; /* from the begin of what is looked at */
	} cases[] = {
		{0, 0}, {500, 40}, {510, 95}, {1000, 730}, {2000, 1000}, {0, 1500},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w = begin();
		struct message_receipt c;

		ok(&w);
		serve(&w, 1000);
		serve(&w, cases[i].before_ms);
		pass_ms(&w, cases[i].gap_ms);
		serve(&w, 2000 - cases[i].before_ms);
		ask(&w, "p1", ACTION_RESTART, (double)(2000 + cases[i].gap_ms));
		settle(&w, &c);
		assert_double_near(c.longest_gap_ms, (double)cases[i].gap_ms + 10);
		receipts_free(w.r);
	}
}

/* The end of the time is an edge too: nothing came any more. */
static void test_a_gap_that_has_no_end(void **state)
{
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	serve(&w, 2000);
	ask(&w, "p1", ACTION_RESTART, 1000);
	pass_ms(&w, 4000);
	measure(&w, 0);
	assert_true(take(&w, &c));
	assert_double_near(c.longest_gap_ms, 3000);
	receipts_free(w.r);
}

static void test_without_requests_nothing_is_long_or_slow(void **state)
{
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	end_of(&w, ACCESSLOG_PROBE, 200, 3);
	pass_ms(&w, 5000);
	ask(&w, "p1", ACTION_RESTART, 1000);
	pass_ms(&w, 4000);
	measure(&w, 0);
	assert_true(take(&w, &c));
	assert_int_equal(c.requests, 0);
	assert_true(isnan(c.longest_gap_ms) && isnan(c.slowest_ms));
	receipts_free(w.r);
}

/* Workers of nginx race, and a line may be heard late: its time is that of the newest tick. */
static void test_lines_out_of_order(void **state)
{
	struct world w = begin();
	struct message_receipt c;
	const struct accesslog_line line = {.kind = ACCESSLOG_TRAFFIC, .status = 200};

	(void)state;
	end_of(&w, ACCESSLOG_PROBE, 200, 3);
	receipts_ended(w.r, &line, w.now.us - 50 * MS); /* before the first that was heard */
	serve(&w, 2000);
	receipts_ended(w.r, &line, w.now.us - 5 * MS);
	receipts_ended(w.r, &line, w.now.us - 700 * MS);
	receipts_ended(w.r, &line, 0);
	ask(&w, "p1", ACTION_RESTART, 1900);
	settle(&w, &c);
	assert_double_near(c.longest_gap_ms, 10);
	assert_double_near(c.unseen_ms, 0);
	receipts_free(w.r);
}

/* ---- lines that were lost ---- */

static void test_lost_lines(void **state)
{
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	ok(&w);
	measure(&w, 0);
	serve(&w, 3000);
	measure(&w, 100); /* before it began */
	serve(&w, 1500);
	ask(&w, "p1", ACTION_RESTART, 1000);
	serve(&w, 1500);
	measure(&w, 7);
	serve(&w, 1500);
	assert_false(take(&w, &c)); /* nobody has looked since its end */
	serve(&w, 1500);
	measure(&w, 5); /* may have been lost in it */
	assert_true(take(&w, &c));
	assert_int_equal(c.lost_lines, 12);
	receipts_free(w.r);
}

/* nginx was restarted, or does not answer: what was lost is not known. */
static void test_lost_lines_unknown(void **state)
{
	struct world w = begin();
	struct message_receipt c;

	(void)state;
	ok(&w);
	serve(&w, 3000);
	ask(&w, "p1", ACTION_RESTART, 1000);
	serve(&w, 3000 + RECEIPT_READING_MAX_MS);
	assert_true(take(&w, &c));
	assert_int_equal(c.lost_lines, -1);

	measure(&w, 0);
	ask(&w, "p2", ACTION_RESTART, 1000);
	settle(&w, &c);
	assert_int_equal(c.lost_lines, -1); /* it began before the first reading */

	ask(&w, "p3", ACTION_RESTART, 1000);
	serve(&w, 1000);
	receipts_measured(w.r, w.now.us, false, 0);
	settle(&w, &c);
	assert_int_equal(c.lost_lines, -1);

	ask(&w, "p4", ACTION_RESTART, 1000);
	settle(&w, &c);
	assert_int_equal(c.lost_lines, 0);
	receipts_free(w.r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_what_ended_from_its_begin_to_behind_its_end),
		cmocka_unit_test(test_the_longest_gap),
		cmocka_unit_test(test_a_gap_that_has_no_end),
		cmocka_unit_test(test_without_requests_nothing_is_long_or_slow),
		cmocka_unit_test(test_lines_out_of_order),
		cmocka_unit_test(test_lost_lines),
		cmocka_unit_test(test_lost_lines_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
