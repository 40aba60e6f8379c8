/* Shell. Unit tests of common/message: the two kinds on the channel "advice". */
#include "tests/unit/message_samples.h"

static enum message_advice_kind decode(const char *text, struct message_advice *ret_advice,
				       struct message_judged *ret_judged)
{
	struct message_error error = {""};
	int kind = message_advice_decode(text, strlen(text), "fallback", ret_advice, ret_judged,
					 &error);

	if (kind < 0)
		fail_msg("%s", error.text);
	return kind;
}

static void test_verdict(void **state)
{
	struct message_judged judged;
	struct message_advice a;

	(void)state;
	assert_int_equal(decode(full_advice, &a, &judged), ADVICE_ADVICE);
	assert_string_equal(a.id, "v1");
	assert_string_equal(a.target, "app");
	assert_true(a.ts == 1795458159.25 && a.asked_ts == 1795458155.613);
	assert_string_equal(a.state, "high/2");
	assert_int_equal(a.mode, MODE_SHADOW);
	assert_string_equal(a.provider, "gemini");
	assert_string_equal(a.model, "some-model-1");
	assert_int_equal(a.outcome, OUTCOME_VERDICT);
	assert_string_equal(a.cause, "");
	assert_int_equal(a.action, ACTION_SCALE_UP);
	assert_string_equal(a.reason, "rising");
	assert_true(a.alpha_up == 1.6 && a.beta_down == 0.8);
	assert_int_equal(a.heuristic, ACTION_RESTART);
	assert_int_equal(a.heuristic_replicas, 2);
	assert_true(a.latency_ms == 812.5 && a.cost_usd == 0.0001985 && a.retry_ts == 1795458200);
	assert_true(a.tokens_in == 640 && a.tokens_out == 85);
}

static void test_no_verdict(void **state)
{
	struct message_judged judged;
	struct message_advice a;

	(void)state;
	assert_int_equal(decode(full_abstention, &a, &judged), ADVICE_ADVICE);
	assert_int_equal(a.outcome, OUTCOME_ABSTAINED);
	assert_int_equal(a.mode, MODE_ADVISE);
	assert_string_equal(a.cause, "MAX_TOKENS without parts");
	assert_int_equal(a.action, ACTION_NOOP);
	assert_string_equal(a.reason, "");
	assert_true(isnan(a.alpha_up) && isnan(a.beta_down));
	assert_true(a.tokens_in == -1 && a.tokens_out == -1);
	assert_true(isnan(a.cost_usd) && isnan(a.retry_ts));
}

/* A decision is no decision without a verdict. */
static void test_a_failure_decides_nothing(void **state)
{
	char *text = changed(full_advice, "outcome", "\"failed\"");
	struct message_judged judged;
	struct message_advice a;

	(void)state;
	assert_int_equal(decode(text, &a, &judged), ADVICE_ADVICE);
	assert_int_equal(a.outcome, OUTCOME_FAILED);
	assert_int_equal(a.action, ACTION_NOOP);
	assert_true(isnan(a.alpha_up) && isnan(a.beta_down));
	free(text);
}

static void test_least_advice(void **state)
{
	static const char text[] =
		"{\"kind\":\"advice\",\"target\":\"fallback\",\"mode\":\"advise\","
		"\"outcome\":\"verdict\",\"heuristic\":{\"action\":\"noop\"},"
		"\"decision\":{\"action\":\"noop\",\"reason\":\"\"}}";
	struct message_judged judged;
	struct message_advice a;

	(void)state;
	assert_int_equal(decode(text, &a, &judged), ADVICE_ADVICE);
	assert_string_equal(a.id, "");
	assert_string_equal(a.target, "fallback");
	assert_true(isnan(a.ts) && isnan(a.asked_ts) && isnan(a.latency_ms));
	assert_int_equal(a.heuristic_replicas, -1);

	char *again = message_advice_encode(&a);
	assert_string_equal(again, text);
	free(again);
}

static void test_judgement(void **state)
{
	static const char least[] =
		"{\"kind\":\"judgement\",\"advice\":\"v1\",\"judgement\":\"agreed\"}";
	struct message_judged j;
	struct message_advice advice;

	(void)state;
	assert_int_equal(decode(full_judged, &advice, &j), ADVICE_JUDGED);
	assert_string_equal(j.id, "j1");
	assert_string_equal(j.target, "app");
	assert_string_equal(j.advice, "v1");
	assert_int_equal(j.judgement, JUDGED_HARMFUL);
	assert_true(j.windows == 20 && j.slo_windows == 3);
	assert_true(j.replica_sec == -80.5 && j.ts == 1795458240);
	assert_string_equal(j.reason, "fewer replicas, and slow");

	assert_int_equal(decode(least, &advice, &j), ADVICE_JUDGED);
	assert_string_equal(j.target, "fallback");
	assert_int_equal(j.judgement, JUDGED_AGREED);
	assert_true(j.windows == 0 && j.slo_windows == 0 && isnan(j.replica_sec));
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(message_outcome_name(OUTCOME_VERDICT), "verdict");
	assert_string_equal(message_outcome_name(OUTCOME_ABSTAINED), "abstained");
	assert_string_equal(message_outcome_name(OUTCOME_FAILED), "failed");
	assert_string_equal(message_mode_name(MODE_ADVISE), "advise");
	assert_string_equal(message_mode_name(MODE_SHADOW), "shadow");
	assert_string_equal(message_judgement_name(JUDGED_AGREED), "agreed");
	assert_string_equal(message_judgement_name(JUDGED_HELPFUL), "helpful");
	assert_string_equal(message_judgement_name(JUDGED_HARMFUL), "harmful");
	assert_string_equal(message_judgement_name(JUDGED_NEUTRAL), "neutral");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_no_verdict),
		cmocka_unit_test(test_a_failure_decides_nothing),
		cmocka_unit_test(test_least_advice),
		cmocka_unit_test(test_judgement),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
