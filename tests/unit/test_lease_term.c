/* What is known of a lease, on a clock of the test's own. */
#include "tests/unit/unit.h"

#include "common/lease_term.h"

#define T0 ((uint64_t)1000000)

static void hear(struct lease_term *t, enum lease_outcome outcome, int64_t token, uint64_t left_ms,
		 uint64_t sent_ms, uint64_t heard_ms)
{
	const struct lease_answer answer = {.outcome = outcome, .token = token, .left_ms = left_ms};

	lease_term_heard(t, &answer, sent_ms, heard_ms);
}

static void assert_span(const struct lease_term *t, uint64_t from_ms, uint64_t until_ms)
{
	assert_false(lease_term_holds(t, from_ms - 1));
	assert_true(lease_term_holds(t, from_ms));
	assert_true(lease_term_holds(t, until_ms - 1));
	assert_false(lease_term_holds(t, until_ms));
}

static void nothing_is_held_before_an_answer(void **state)
{
	const struct lease_term t = {0};

	(void)state;
	assert_false(lease_term_holds(&t, T0));
	assert_int_equal(lease_term_turn_ms(&t, T0), 0);
	assert_int_equal(t.token, 0);
}

/* What counts is when it was asked: Redis may have begun to count at once. */
static void it_holds_from_the_question_on_for_less_than_redis_keeps_it(void **state)
{
	struct lease_term t = {0};

	(void)state;
	hear(&t, LEASE_FREE, 1, 0, T0, T0 + 300);
	assert_span(&t, T0, T0 + LEASE_TTL_MS - LEASE_MARGIN_MS);
	assert_int_equal(t.token, 1);
	hear(&t, LEASE_RENEWED, 1, 0, T0 + 2000, T0 + 2001);
	assert_span(&t, T0, T0 + 2000 + LEASE_TTL_MS - LEASE_MARGIN_MS);
}

static void an_answer_that_took_too_long_is_worth_nothing(void **state)
{
	struct lease_term t = {0};

	(void)state;
	hear(&t, LEASE_FREE, 1, 0, T0, T0 + 20000);
	assert_false(lease_term_holds(&t, T0 + 20000));
	assert_true(t.ours);
	assert_int_equal(lease_term_turn_ms(&t, T0 + 20000), 0);
	assert_true(lease_term_ask_ms(&t, T0) < T0 + 20000); /* at once */
}

static void another_has_it(void **state)
{
	struct lease_term t = {0};

	(void)state;
	hear(&t, LEASE_FREE, 1, 0, T0, T0);
	hear(&t, LEASE_OTHERS, 2, 5000, T0 + 2000, T0 + 2010);
	assert_false(lease_term_holds(&t, T0 + 2010));
	assert_int_equal(t.token, 2);
}

static void one_that_ran_out_may_be_acted_on_at_once(void **state)
{
	struct lease_term t = {0};

	(void)state;
	hear(&t, LEASE_OTHERS, 2, 300, T0, T0);
	hear(&t, LEASE_FREE, 3, 0, T0 + 301, T0 + 302);
	assert_span(&t, T0 + 301, T0 + 301 + LEASE_TTL_MS - LEASE_MARGIN_MS);
}

/* A clock was set forward, or Redis came back empty: the other may not know yet. */
static void one_that_is_free_too_early_waits_for_the_other_s_time_to_end(void **state)
{
	struct lease_term t = {0};

	(void)state;
	hear(&t, LEASE_OTHERS, 2, 5000, T0, T0 + 10);
	hear(&t, LEASE_FREE, 3, 0, T0 + 500, T0 + 501);
	assert_true(t.ours);
	assert_int_equal(lease_term_turn_ms(&t, T0 + 501), T0 + 5010);
	hear(&t, LEASE_RENEWED, 3, 0, T0 + 2500, T0 + 2501);
	assert_span(&t, T0 + 5010, T0 + 2500 + LEASE_TTL_MS - LEASE_MARGIN_MS);
	assert_int_equal(lease_term_turn_ms(&t, T0 + 5010),
			 T0 + 2500 + LEASE_TTL_MS - LEASE_MARGIN_MS);
}

/* It went to and fro before that time was over. */
static void the_other_s_time_is_remembered_while_it_is_ours(void **state)
{
	struct lease_term t = {0};

	(void)state;
	hear(&t, LEASE_OTHERS, 2, 8000, T0, T0);
	hear(&t, LEASE_FREE, 3, 0, T0 + 500, T0 + 500);
	hear(&t, LEASE_OTHERS, 4, 100, T0 + 2500, T0 + 2500);
	hear(&t, LEASE_FREE, 5, 0, T0 + 2601, T0 + 2601);
	assert_false(lease_term_holds(&t, T0 + 7999));
	assert_true(lease_term_holds(&t, T0 + 8000));
}

static void one_that_was_handed_over_need_not_wait(void **state)
{
	struct lease_term t = {0};

	(void)state;
	hear(&t, LEASE_OTHERS, 2, 7000, T0, T0);
	hear(&t, LEASE_HANDED, 3, 0, T0 + 500, T0 + 501);
	assert_span(&t, T0 + 500, T0 + 500 + LEASE_TTL_MS - LEASE_MARGIN_MS);
}

static void without_the_connection_nothing_is_held(void **state)
{
	struct lease_term t = {0};

	(void)state;
	hear(&t, LEASE_FREE, 4, 0, T0, T0);
	lease_term_cut(&t);
	assert_false(lease_term_holds(&t, T0 + 1));
	assert_int_equal(t.token, 0);
	hear(&t, LEASE_RENEWED, 4, 0, T0 + 900, T0 + 901);
	assert_true(lease_term_holds(&t, T0 + 901));

	/* What another may still do is remembered. */
	hear(&t, LEASE_OTHERS, 5, 8000, T0 + 2900, T0 + 2900);
	lease_term_cut(&t);
	hear(&t, LEASE_FREE, 1, 0, T0 + 4000, T0 + 4000);
	assert_false(lease_term_holds(&t, T0 + 10899));
	hear(&t, LEASE_RENEWED, 1, 0, T0 + 10000, T0 + 10000);
	assert_true(lease_term_holds(&t, T0 + 10900));
}

static void when_to_ask_again(void **state)
{
	struct lease_term t = {0};

	(void)state;
	hear(&t, LEASE_OTHERS, 2, 5000, T0, T0);
	assert_int_equal(lease_term_ask_ms(&t, T0), T0 + LEASE_WATCH_MS);
	hear(&t, LEASE_OTHERS, 2, 120, T0 + 4880, T0 + 4880);
	assert_int_equal(lease_term_ask_ms(&t, T0 + 4880), T0 + 5001);
	hear(&t, LEASE_FREE, 3, 0, T0 + 5001, T0 + 5001);
	assert_int_equal(lease_term_ask_ms(&t, T0 + 5001), T0 + 5001 + LEASE_RENEW_MS);
}

/* A holder that misses one renewal still has time for another, and whoever waits takes over within
 * 10 s of the last one. */
static void the_times_go_together(void **state)
{
	(void)state;
	assert_true(2 * LEASE_RENEW_MS < LEASE_TTL_MS - LEASE_MARGIN_MS);
	assert_true(LEASE_TTL_MS + LEASE_WATCH_MS < 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_held_before_an_answer),
		cmocka_unit_test(it_holds_from_the_question_on_for_less_than_redis_keeps_it),
		cmocka_unit_test(an_answer_that_took_too_long_is_worth_nothing),
		cmocka_unit_test(another_has_it),
		cmocka_unit_test(one_that_ran_out_may_be_acted_on_at_once),
		cmocka_unit_test(one_that_is_free_too_early_waits_for_the_other_s_time_to_end),
		cmocka_unit_test(the_other_s_time_is_remembered_while_it_is_ours),
		cmocka_unit_test(one_that_was_handed_over_need_not_wait),
		cmocka_unit_test(without_the_connection_nothing_is_held),
		cmocka_unit_test(when_to_ask_again),
		cmocka_unit_test(the_times_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
