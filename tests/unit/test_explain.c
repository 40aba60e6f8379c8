/* Facts as the "explain" object of a plan. */
#include "tests/unit/unit.h"

#include "common/json.h"
#include "planner/explain.h"
#include "planner/policy_impl.h"

#include <stdlib.h>

static const struct policy_config config = {
	.min_replicas = 1, .max_replicas = 2, .hist_windows = 2, .low_need_n = 1, .alpha_up = 7.5};

static void assert_explained(const struct policy_decision *d, const char *expected)
{
	cJSON *explain = explain_build(&config, d);
	char *text = json_print(explain);

	assert_string_equal(text, expected);
	free(text);
	cJSON_Delete(explain);
}

static void facts_become_gates_and_numbers(void **state)
{
	(void)state;
	struct policy_decision d = {0};

	assert_explained(&d, "{\"policy\":\"classic\",\"gates\":{},\"numbers\":{}}");
	policy_fact_gate(&d, "warm", true);
	policy_fact_number(&d, "ratio", 8.33333333);
	policy_fact_gate(&d, "near", false);
	policy_fact_number(&d, "endless", INFINITY);
	policy_fact_number(&d, "windows", 60);
	assert_explained(&d, "{\"policy\":\"classic\",\"gates\":{\"warm\":true,\"near\":false},"
			     "\"numbers\":{\"ratio\":8.333,\"windows\":60}}");
}

static void facts_have_an_end(void **state)
{
	(void)state;
	struct policy_decision d = {0};

	for (int i = 0; i < POLICY_FACTS_MAX + 3; i++)
		policy_fact_number(&d, "n", i);
	assert_int_equal(d.facts_n, POLICY_FACTS_MAX);
	assert_true(d.facts[POLICY_FACTS_MAX - 1].value == POLICY_FACTS_MAX - 1);
}

static void every_fact_of_the_classic_law_is_explained(void **state)
{
	(void)state;
	struct policy_state *s = policy_state_new(&config);
	const struct policy_input input = {.p95_ms = 100, .success_rate = 1, .replicas = 1};
	struct policy_decision d;

	policy_step(s, &config, 1000, &input, &d);
	assert_true(d.facts_n < POLICY_FACTS_MAX);
	assert_explained(&d,
			 "{\"policy\":\"classic\",\"gates\":{\"warm\":true,\"ratio_high\":false,"
			 "\"z_high\":false,\"room_above\":true,\"near\":false,"
			 "\"all_near\":false,\"room_below\":false,\"cooled_down\":true},"
			 "\"numbers\":{\"windows\":1,\"warmup_windows\":0,\"p95_ms\":100,"
			 "\"ratio\":1,\"alpha_up\":7.5,\"z\":0,\"z_up\":6,"
			 "\"near_limit_ms\":5,\"cooldown_left_sec\":0}}");
	policy_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_become_gates_and_numbers),
		cmocka_unit_test(facts_have_an_end),
		cmocka_unit_test(every_fact_of_the_classic_law_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
