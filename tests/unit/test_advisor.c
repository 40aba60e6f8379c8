/* Shell. Unit tests of planner/advisor: when it asks, what limits it, what failures do to it. */
#include "tests/unit/advisor_fixture.h"

/* --- whether it asks at all --- */

static void test_who_is_asked(void **state)
{
	static const struct {
		int mode, provider;
		char *key;
		bool enabled;
	} rows[] = {
		{ADVISOR_ADVISE, LLM_GEMINI, key, true},
		{ADVISOR_SHADOW, LLM_GEMINI, key, true},
		{ADVISOR_OFF, LLM_GEMINI, key, false},
		{ADVISOR_ADVISE, LLM_GEMINI, NULL, false},
		{ADVISOR_SHADOW, LLM_GEMINI, NULL, false},
		{ADVISOR_ADVISE, LLM_OPENAI, NULL, true},
		{ADVISOR_OFF, LLM_OPENAI, key, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		struct advisor_config config = defaults();

		config.mode = rows[i].mode;
		config.provider = rows[i].provider;
		config.key = rows[i].key;
		start(&f, config);
		assert_int_equal(advisor_enabled(f.a), rows[i].enabled);
		assert_int_equal(ask(&f), rows[i].enabled ? ASK_NOW : ASK_OFF);
		stop(&f);
	}
}

/* --- when it is due --- */

static void test_one_call_at_a_time(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, defaults());
	assert_int_equal(ask(&f), ASK_NOW);
	for (int i = 0; i < 100; i++) {
		f.now_ms += HOUR;
		assert_int_equal(ask_anew(&f), ASK_OUT);
	}
	assert_int_equal(end(&f, verdict), 0);
	assert_int_equal(ask_anew(&f), ASK_NOW);
	stop(&f);
}

static void test_a_state_is_asked_about_once(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, defaults());
	assert_int_equal(ask(&f), ASK_NOW);
	end(&f, abstention);
	f.now_ms += 299 * SEC;
	assert_int_equal(ask(&f), ASK_SAME_STATE);
	f.p95_ms += 1000;
	assert_int_equal(ask(&f), ASK_SAME_STATE);
	stop(&f);
}

static void test_another_state_is_new_when_latency_moved(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, defaults());
	ask(&f);
	end(&f, verdict);
	snprintf(f.d.state, sizeof(f.d.state), "mid/2");
	f.p95_ms = 149.9;
	assert_int_equal(ask(&f), ASK_SAME_STATE);
	f.p95_ms = 50.1;
	assert_int_equal(ask(&f), ASK_SAME_STATE);
	f.p95_ms = 150;
	assert_int_equal(ask(&f), ASK_NOW);
	end(&f, verdict);
	f.now_ms += MINUTE;
	snprintf(f.d.state, sizeof(f.d.state), "near/2");
	f.p95_ms = 100;
	assert_int_equal(ask(&f), ASK_NOW);
	stop(&f);
}

static void test_heartbeat(void **state)
{
	static const struct {
		uint32_t random;
		uint64_t after_ms;
	} rows[] = {{0, 270 * SEC}, {MIDDLE, 300 * SEC}, {UINT32_MAX, 330 * SEC}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		start(&f, defaults());
		advisor_ask(f.a, f.now_ms, f.p95_ms, &f.d, rows[i].random);
		end(&f, verdict);
		f.now_ms += rows[i].after_ms - 10;
		assert_int_equal(ask(&f), ASK_SAME_STATE);
		f.now_ms += 20;
		assert_int_equal(ask(&f), ASK_NOW);
		stop(&f);
	}
}

/* --- budgets --- */

static void test_budget_of_the_minute(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, defaults());
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ask_anew(&f), ASK_NOW);
		end(&f, verdict);
	}
	assert_int_equal(ask_anew(&f), ASK_MINUTE);
	f.now_ms += 29 * SEC;
	assert_int_equal(ask_anew(&f), ASK_MINUTE);
	f.now_ms += 1 * SEC;
	assert_int_equal(ask_anew(&f), ASK_NOW);
	stop(&f);
}

static void test_less_than_one_a_minute(void **state)
{
	struct fixture f;
	struct advisor_config config = defaults();

	(void)state;
	config.rpm = 0.5;
	start(&f, config);
	assert_int_equal(ask_anew(&f), ASK_NOW);
	end(&f, verdict);
	f.now_ms += 119 * SEC;
	assert_int_equal(ask_anew(&f), ASK_MINUTE);
	f.now_ms += 1 * SEC;
	assert_int_equal(ask_anew(&f), ASK_NOW);
	stop(&f);
}

static void test_budget_of_the_day_ends_at_midnight_pacific(void **state)
{
	struct fixture f;
	struct advisor_config config = defaults();

	(void)state;
	config.rpd = 3;
	config.rpm = 60;
	start(&f, config);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask_anew(&f), ASK_NOW);
		end(&f, verdict);
		f.now_ms += MINUTE;
	}
	assert_int_equal(status(&f).asked_today, 3);
	assert_int_equal(ask_anew(&f), ASK_DAY);
	f.now_ms = pacific_midnight_ms(T0) - 1;
	assert_int_equal(ask_anew(&f), ASK_DAY);
	f.now_ms++;
	assert_int_equal(ask_anew(&f), ASK_NOW);
	assert_int_equal(status(&f).asked_today, 1);
	stop(&f);
}

/* --- failures --- */

static void test_backoff_doubles_within_its_bounds(void **state)
{
	static const uint64_t least_sec[] = {5, 10, 20, 40, 80, 150, 150, 150};
	struct fixture f;

	(void)state;
	start(&f, defaults());
	for (size_t i = 0; i < sizeof(least_sec) / sizeof(least_sec[0]); i++) {
		assert_int_equal(ask(&f), ASK_NOW);
		uint64_t retry_ms = end(&f, failure);

		assert_int_equal(retry_ms, f.now_ms + least_sec[i] * SEC);
		assert_int_equal(status(&f).retry_ms, retry_ms);
		assert_int_equal(status(&f).failures, i + 1);
		f.now_ms = retry_ms - 1;
		assert_int_equal(ask(&f), ASK_BACKOFF);
		f.now_ms = retry_ms + MINUTE; /* with a token in the bucket */
		assert_int_equal(status(&f).retry_ms, 0);
	}
	assert_int_equal(ask(&f), ASK_NOW); /* the same state still: it was never answered */
	assert_int_equal(end(&f, verdict), 0);
	assert_int_equal(status(&f).failures, 0);
	assert_int_equal(ask_anew(&f), ASK_NOW);
	assert_int_equal(end(&f, failure), f.now_ms + 5 * SEC);
	stop(&f);
}

static void test_backoff_is_jittered(void **state)
{
	(void)state;
	for (uint32_t random = 0; random < 5000; random += 50) {
		struct fixture f;

		start(&f, defaults());
		ask(&f);
		assert_int_equal(advisor_ended(f.a, f.now_ms, &failure, random),
				 f.now_ms + 5 * SEC + random);
		stop(&f);
	}
}

static void test_the_wait_a_reply_asks_for(void **state)
{
	static const struct {
		double asked_sec;
		uint64_t wait_ms;
	} rows[] = {
		{36, 36 * SEC},
		{45.837906927, 45837},
		{0, 0},
		{-5, 0},
		{ADVISOR_RETRY_MAX_SEC + 1, ADVISOR_RETRY_MAX_SEC * SEC},
		{1e300, ADVISOR_RETRY_MAX_SEC * SEC},
		{INFINITY, ADVISOR_RETRY_MAX_SEC * SEC},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		start(&f, defaults());
		ask(&f);
		assert_int_equal(end(&f, retry_after(rows[i].asked_sec)),
				 f.now_ms + rows[i].wait_ms);
		f.now_ms += rows[i].wait_ms;
		assert_int_equal(ask(&f), ASK_NOW);
		stop(&f);
	}
}

static void test_a_quota_of_the_day(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, defaults());
	ask(&f);
	assert_int_equal(end(&f, day_spent), pacific_midnight_ms(T0));
	f.now_ms = pacific_midnight_ms(T0) - 1;
	assert_int_equal(ask_anew(&f), ASK_BACKOFF);
	f.now_ms++;
	assert_int_equal(ask_anew(&f), ASK_NOW);
	stop(&f);
}

static void test_a_key_that_is_refused(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, defaults());
	ask(&f);
	assert_int_equal(end(&f, bad_key), 0);
	assert_true(status(&f).hopeless);
	f.now_ms += FOREVER;
	assert_int_equal(ask_anew(&f), ASK_HOPELESS);
	stop(&f);
}

/* Ask until no model is left; the models named on the way, in ${ret}. */
static size_t fall_back(struct fixture *f, const char *ret[8])
{
	size_t n = 0;

	while (n < 8 && ask(f) == ASK_NOW) {
		ret[n++] = advisor_model(f->a);
		assert_int_equal(end(f, gone), 0);
		assert_int_equal(status(f).retry_ms, 0);
		f->now_ms += MINUTE;
	}
	return n;
}

static void test_models_that_are_gone(void **state)
{
	static char custom_model[] = "gemini-custom";
	struct advisor_config config = defaults();
	const char *models[8], *own[8];
	struct fixture f;

	(void)state;
	start(&f, config);
	size_t n = fall_back(&f, models);
	assert_true(n > 1 && n < 8);
	assert_string_equal(models[0], llm_model_first(LLM_GEMINI));
	for (size_t i = 1; i < n; i++)
		assert_ptr_equal(models[i], llm_model_next(LLM_GEMINI, models[i - 1]));
	assert_true(status(&f).hopeless);
	assert_int_equal(ask_anew(&f), ASK_HOPELESS);
	stop(&f);

	config.model = custom_model;
	start(&f, config);
	assert_int_equal(fall_back(&f, own), n + 1);
	assert_string_equal(own[0], custom_model);
	assert_string_equal(own[1], models[0]);
	stop(&f);
}

static void test_a_model_that_works_is_kept(void **state)
{
	struct fixture f;
	const char *second = llm_model_next(LLM_GEMINI, llm_model_first(LLM_GEMINI));

	(void)state;
	start(&f, defaults());
	ask(&f);
	end(&f, gone);
	assert_int_equal(ask(&f), ASK_NOW);
	end(&f, verdict);
	assert_string_equal(advisor_model(f.a), second);
	f.now_ms += HOUR;
	ask(&f);
	end(&f, failure);
	assert_string_equal(advisor_model(f.a), second);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_asked),
		cmocka_unit_test(test_one_call_at_a_time),
		cmocka_unit_test(test_a_state_is_asked_about_once),
		cmocka_unit_test(test_another_state_is_new_when_latency_moved),
		cmocka_unit_test(test_heartbeat),
		cmocka_unit_test(test_budget_of_the_minute),
		cmocka_unit_test(test_less_than_one_a_minute),
		cmocka_unit_test(test_budget_of_the_day_ends_at_midnight_pacific),
		cmocka_unit_test(test_backoff_doubles_within_its_bounds),
		cmocka_unit_test(test_backoff_is_jittered),
		cmocka_unit_test(test_the_wait_a_reply_asks_for),
		cmocka_unit_test(test_a_quota_of_the_day),
		cmocka_unit_test(test_a_key_that_is_refused),
		cmocka_unit_test(test_models_that_are_gone),
		cmocka_unit_test(test_a_model_that_works_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
