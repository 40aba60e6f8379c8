/* Shell. Unit tests of planner/advisor over time: clocks that step back, what it remembers after a
 * restart, and all limits at once. */
#include "tests/unit/advisor_fixture.h"

/* --- the clock --- */

/* How long until it is asked, which at some time it must be. */
static uint64_t wait_for_a_question(struct fixture *f)
{
	uint64_t begun_ms = f->now_ms;

	while (ask_anew(f) != ASK_NOW) {
		assert_true(f->now_ms - begun_ms < FOREVER);
		f->now_ms += 10 * SEC;
	}
	return f->now_ms - begun_ms;
}

static void test_a_clock_that_steps_back_locks_nothing_for_long(void **state)
{
	struct fixture f;
	struct advisor_config config = defaults();

	(void)state;
	config.rpd = 1;
	start(&f, config);
	ask(&f);
	end(&f, day_spent);
	f.now_ms -= FOREVER;
	assert_in_range(wait_for_a_question(&f), HOUR, PACIFIC_DAY_MAX_MS + MINUTE);
	end(&f, verdict);
	assert_int_equal(ask_anew(&f), ASK_DAY);
	f.now_ms -= FOREVER;
	assert_int_equal(ask_anew(&f), ASK_DAY);
	assert_in_range(wait_for_a_question(&f), HOUR, PACIFIC_DAY_MAX_MS + MINUTE);
	end(&f, retry_after(120));
	f.now_ms -= FOREVER;
	assert_in_range(wait_for_a_question(&f), 120 * SEC, PACIFIC_DAY_MAX_MS + MINUTE);
	stop(&f);
}

static void test_a_heartbeat_survives_a_clock_that_steps_back(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, defaults());
	ask(&f);
	end(&f, verdict);
	f.now_ms -= FOREVER;
	assert_int_equal(ask(&f), ASK_SAME_STATE);
	f.now_ms += 331 * SEC;
	assert_int_not_equal(ask(&f), ASK_SAME_STATE);
	stop(&f);
}

static void test_a_clock_that_steps_back_opens_nothing(void **state)
{
	struct fixture f;
	struct advisor_config config = defaults();
	uint64_t midnight_ms = pacific_midnight_ms(T0);

	(void)state;
	config.rpd = 3;
	config.rpm = 600;
	start(&f, config);
	for (int i = 0; i < 50; i++) {
		f.now_ms = midnight_ms + (i % 2 ? 30 : 0) * SEC - (i % 3 ? 20 : 0) * SEC;
		if (ask_anew(&f) == ASK_NOW)
			end(&f, verdict);
	}
	assert_int_equal(status(&f).asked_today, 3);

	stop(&f);
	start(&f, defaults());
	ask(&f);
	uint64_t retry_ms = end(&f, retry_after(60));
	f.now_ms -= HOUR;
	assert_int_equal(ask(&f), ASK_BACKOFF);
	assert_int_equal(status(&f).retry_ms, retry_ms - HOUR);
	stop(&f);
}

/* --- memory --- */

static struct message_advice advice_at(uint64_t now_ms, enum message_outcome outcome,
				       double retry_sec)
{
	struct message_advice m = {
		.ts = (double)now_ms / 1000,
		.latency_ms = 700,
		.outcome = outcome,
		.retry_ts = (double)now_ms / 1000 + retry_sec,
	};

	snprintf(m.state, sizeof(m.state), "near/2");
	return m;
}

static void recall(struct fixture *f, struct message_advice m)
{
	advisor_recall(f->a, &m);
}

static void test_budgets_are_recalled(void **state)
{
	struct fixture f;
	struct advisor_config config = defaults();

	(void)state;
	config.rpd = 5;
	start(&f, config);
	for (uint64_t i = 0; i < 9; i++) /* yesterday */
		recall(&f, advice_at(T0 - DAY + i * MINUTE, OUTCOME_VERDICT, NAN));
	for (uint64_t i = 0; i < 3; i++)
		recall(&f, advice_at(T0 - HOUR + i * MINUTE, OUTCOME_ABSTAINED, NAN));
	recall(&f, advice_at(T0, OUTCOME_VERDICT, NAN));
	assert_int_equal(status(&f).asked_today, 4);
	assert_double_near(status(&f).tokens, 1 + 0.7 / 30);

	assert_int_equal(ask(&f), ASK_SAME_STATE);
	assert_int_equal(ask_anew(&f), ASK_NOW);
	end(&f, verdict);
	assert_int_equal(ask_anew(&f), ASK_DAY);
	stop(&f);
}

static void test_a_look_in_the_middle_of_the_past_changes_nothing(void **state)
{
	struct fixture f;
	struct advisor_config config = defaults();

	(void)state;
	config.rpd = 5;
	start(&f, config);
	for (uint64_t i = 0; i < 9; i++) { /* yesterday, in the afternoon */
		status(&f);
		recall(&f, advice_at(T0 - 20 * HOUR + i * MINUTE, OUTCOME_VERDICT, NAN));
	}
	for (uint64_t i = 0; i < 3; i++) {
		status(&f);
		recall(&f, advice_at(T0 - HOUR + i * MINUTE, OUTCOME_VERDICT, NAN));
	}
	assert_int_equal(status(&f).asked_today, 3);
	f.now_ms = pacific_midnight_ms(T0) - SEC;
	assert_int_equal(status(&f).asked_today, 3);
	f.now_ms += SEC;
	assert_int_equal(status(&f).asked_today, 0);
	stop(&f);
}

static void test_the_last_state_is_recalled(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, defaults());
	recall(&f, advice_at(T0, OUTCOME_VERDICT, NAN));
	f.now_ms += 200 * SEC;
	assert_int_equal(ask(&f), ASK_SAME_STATE);
	f.now_ms += 100 * SEC;
	assert_int_equal(ask(&f), ASK_NOW);
	stop(&f);
}

static void test_a_closed_circuit_is_recalled(void **state)
{
	struct fixture f;
	double day_sec = (double)(pacific_midnight_ms(T0) - T0) / 1000;

	(void)state;
	start(&f, defaults());
	recall(&f, advice_at(T0, OUTCOME_FAILED, day_sec));
	assert_int_equal(ask_anew(&f), ASK_BACKOFF);
	assert_int_equal(status(&f).retry_ms, pacific_midnight_ms(T0));
	f.now_ms = pacific_midnight_ms(T0);
	assert_int_equal(ask(&f), ASK_NOW);
	stop(&f);
}

static void test_the_length_of_the_backoff_is_recalled(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, defaults());
	for (uint64_t i = 0; i < 3; i++)
		recall(&f, advice_at(T0 + i * MINUTE, OUTCOME_FAILED, 10));
	f.now_ms = T0 + HOUR;
	assert_int_equal(status(&f).failures, 3);
	ask(&f);
	assert_int_equal(end(&f, failure), f.now_ms + 40 * SEC);
	recall(&f, advice_at(T0 + 2 * HOUR, OUTCOME_VERDICT, NAN));
	assert_int_equal(status(&f).failures, 0);
	stop(&f);
}

/* A restart is the operator's way to say that the key is a good one now. */
static void test_what_cannot_succeed_is_tried_again_after_a_restart(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, defaults());
	recall(&f, advice_at(T0, OUTCOME_FAILED, NAN));
	assert_false(status(&f).hopeless);
	assert_int_equal(status(&f).failures, 0);
	assert_int_equal(ask(&f), ASK_NOW);
	stop(&f);
}

static void test_no_record_is_taken_for_more_than_it_can_be(void **state)
{
	struct fixture f;
	struct message_advice m = advice_at(T0, OUTCOME_FAILED, 1e9);

	(void)state;
	start(&f, defaults());
	recall(&f, m);
	assert_true(status(&f).retry_ms <= T0 + PACIFIC_DAY_MAX_MS);
	m.ts = NAN;
	recall(&f, m);
	m.ts = 0;
	m.latency_ms = NAN;
	m.retry_ts = 1e11;
	recall(&f, m);
	m.latency_ms = 1e9;
	recall(&f, m);
	f.now_ms = T0 + FOREVER;
	assert_int_equal(ask(&f), ASK_NOW);
	stop(&f);
}

/* --- all of it at random --- */

struct ledger {
	uint64_t asked_ms[20000];
	size_t n;
};

static struct llm_answer any_answer(void)
{
	const struct llm_answer answers[] = {verdict, abstention, verdict, failure,
					     retry_after(20)};

	if (rand() % 100 == 0)
		return day_spent;
	return answers[rand() % (int)(sizeof(answers) / sizeof(answers[0]))];
}

static size_t asked_since(const struct ledger *l, uint64_t since_ms)
{
	size_t n = 0;

	while (n < l->n && l->asked_ms[l->n - 1 - n] >= since_ms)
		n++;
	return n;
}

static void test_no_walk_breaks_a_limit(void **state)
{
	static struct ledger l;
	struct advisor_config config = defaults();
	struct fixture f;
	uint64_t closed_ms = 0, day_ms = pacific_midnight_ms(T0);
	int today = 0;

	(void)state;
	srand(11);
	config.rpd = 40;
	config.deadband_ms = 0;
	start(&f, config);
	for (int i = 0; i < 20000; i++) {
		f.now_ms += (uint64_t)(rand() % 60000);
		if (f.now_ms >= day_ms) {
			day_ms = pacific_midnight_ms(f.now_ms);
			today = 0;
		}
		if (ask_anew(&f) != ASK_NOW)
			continue;
		l.asked_ms[l.n++] = f.now_ms;
		assert_true(f.now_ms >= closed_ms);
		assert_true(++today <= 40);
		assert_true(asked_since(&l, f.now_ms - MINUTE + 1) <= 4); /* size and gain */
		f.now_ms += (uint64_t)(rand() % 8000);
		closed_ms = end(&f, any_answer());
	}
	assert_true(l.n > 100);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_clock_that_steps_back_locks_nothing_for_long),
		cmocka_unit_test(test_a_heartbeat_survives_a_clock_that_steps_back),
		cmocka_unit_test(test_a_clock_that_steps_back_opens_nothing),
		cmocka_unit_test(test_budgets_are_recalled),
		cmocka_unit_test(test_a_look_in_the_middle_of_the_past_changes_nothing),
		cmocka_unit_test(test_the_last_state_is_recalled),
		cmocka_unit_test(test_a_closed_circuit_is_recalled),
		cmocka_unit_test(test_the_length_of_the_backoff_is_recalled),
		cmocka_unit_test(test_what_cannot_succeed_is_tried_again_after_a_restart),
		cmocka_unit_test(test_no_record_is_taken_for_more_than_it_can_be),
		cmocka_unit_test(test_no_walk_breaks_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
