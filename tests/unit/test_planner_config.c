/* The planner's settings table: defaults, ranges, and what one row cannot say. */
#include "tests/unit/unit.h"

#include "planner/config.h"

#include <string.h>

struct variable {
	const char *name, *value;
};

static const char *lookup(const char *name, void *cookie)
{
	for (const struct variable *v = cookie; v->name; v++)
		if (!strcmp(v->name, name))
			return v->value;
	return NULL;
}

/* Parse ${environment} as the service does; the errors go to ${errors}. */
static int parse(struct variable *environment, struct planner_config *config, struct buf *errors)
{
	memset(config, 0, sizeof(*config));
	buf_init(errors, 65536);

	int errors_n = settings_parse(planner_settings, lookup, NULL, environment, config, errors);
	return errors_n ? errors_n : planner_config_check(config, errors);
}

static void classic_defaults_are_those_of_the_reference(void **state)
{
	(void)state;
	struct planner_config c;
	struct buf errors;
	struct variable classic[] = {{"PLANNER_POLICY", "classic"}, {0}};

	assert_int_equal(parse(classic, &c, &errors), 0);
	assert_string_equal(c.target, "app");
	assert_int_equal(c.policy.policy, POLICY_CLASSIC);
	assert_int_equal(c.policy.min_replicas, 2);
	assert_int_equal(c.policy.max_replicas, 10);
	assert_true(c.policy.cooldown_sec == 20);
	assert_int_equal(c.policy.hist_windows, 60);
	assert_int_equal(c.policy.warmup_windows, 12);
	assert_int_equal(c.policy.low_need_n, 3);
	assert_true(isnan(c.policy.alpha_up)); /* the policy's own: 7.5 */
	assert_true(c.policy.beta_down == 1.05);
	assert_true(c.policy.k_sigma == 2.5);
	assert_true(c.policy.idle_hint_ms == 0);
	assert_true(isnan(c.policy.target_p95_ms));
	settings_free(planner_settings, &c);
	buf_free(&errors);
}

static void by_default_all_parts_work_and_learn(void **state)
{
	(void)state;
	struct planner_config c;
	struct buf errors;
	struct variable none[] = {{0}};

	assert_int_equal(parse(none, &c, &errors), 0);
	assert_int_equal(c.policy.policy, POLICY_ADAPTIVE);
	assert_true(c.policy.bad_data_hold && c.policy.feed_forward && c.policy.latency_guard);
	assert_true(isnan(c.policy.capacity_rps) && isnan(c.policy.startup_sec));
	assert_true(c.policy.futility_limit > 0 && c.policy.flap_budget > 0);
	assert_true(c.policy.burst_sigmas > 0 && c.policy.backlog_drain_sec > 0);
	assert_true(c.policy.sigma_floor_ms > 4); /* 4 ms of noise are no alarm */
	assert_int_equal(c.advisor.mode, ADVISOR_ADVISE);
	assert_int_equal(c.advisor.provider, LLM_GEMINI);
	assert_true(!c.advisor.key && !c.advisor.model && !c.advisor.url);
	assert_true(c.advisor.rpm == 2 && c.advisor.rpd == 0);
	assert_true(c.advisor.heartbeat_sec == 300 && c.advisor.deadband_ms == 50);
	assert_true(c.advisor.backoff_base_sec == 10 && c.advisor.backoff_max_sec == 300);
	assert_true(c.advisor.timeout_sec == 8);
	settings_free(planner_settings, &c);
	buf_free(&errors);
}

/* So that an operator can take any part away. */
static void each_part_can_be_turned_off(void **state)
{
	(void)state;
	struct planner_config c;
	struct buf errors;
	struct variable off[] = {{"BAD_DATA_HOLD", "false"},
				 {"FEED_FORWARD", "false"},
				 {"LATENCY_GUARD", "false"},
				 {"FUTILITY_LIMIT", "0"},
				 {"FLAP_BUDGET", "0"},
				 {"BURST_SIGMAS", "0"},
				 {"BACKLOG_DRAIN_SEC", "0"},
				 {"DOWN_HOLD_SEC", "0"},
				 {"DOWN_COOLDOWN_SEC", "0"},
				 {"UP_COOLDOWN_SEC", "0"},
				 {"SIGMA_FLOOR_MS", "0"},
				 {"LLM_MODE", "off"},
				 {0}};

	assert_int_equal(parse(off, &c, &errors), 0);
	assert_false(c.policy.bad_data_hold || c.policy.feed_forward || c.policy.latency_guard);
	assert_true(c.policy.futility_limit == 0 && c.policy.flap_budget == 0);
	assert_int_equal(c.advisor.mode, ADVISOR_OFF);
	settings_free(planner_settings, &c);
	buf_free(&errors);
}

static void ranges_include_their_ends(void **state)
{
	(void)state;
	static const struct {
		const char *name, *below, *min, *max, *above;
	} rows[] = {
		{"COOLDOWN_SEC", "-1", "0", "86400", "86401"},
		{"HIST_WINDOWS", "0", NULL, "1440", "1441"},
		{"WARMUP_WINDOWS", "-1", "0", "60", "1441"},
		{"LOW_NEED_N", "0", "1", "64", "65"},
		{"ALPHA_UP", "0.99", "1", "1000", "1001"},
		{"BETA_DOWN", "0.09", "0.1", "10", "10.1"},
		{"K_SIGMA", "-0.1", "0", "100", "100.1"},
		{"IDLE_HINT_MS", "-1", "0", "600000", "600001"},
		{"TARGET_P95_MS", "0.5", "1", "600000", "600001"},
		{"MIN_REPLICAS", "0", "1", "10", "1001"},
		{"MAX_REPLICAS", "0", "2", "1000", "1001"},
		{"PLANNER_POLICY", "best", "classic", "adaptive", "classic2"},
		{"BAD_DATA_HOLD", "2", "0", "1", "maybe"},
		{"SIGMA_FLOOR_MS", "-1", "0", "60000", "60001"},
		{"CAPACITY_RPS", "0", "0.001", "1000000", "1000001"},
		{"UTILISATION_MAX", "0.09", "0.1", "1", "1.01"},
		{"TAIL_SHARE", "0", "0.0001", "0.5", "0.51"},
		{"LOAD_LONG_SEC", "0.1", "6", "3600", "3601"},
		{"LOAD_SHORT_SEC", "0.1", "0.2", "60", "3601"},
		{"BURST_SIGMAS", "-1", "0", "100", "101"},
		{"BACKLOG_DRAIN_SEC", "-1", "0", "600", "601"},
		{"FUTILITY_LIMIT", "-1", "0", "100", "101"},
		{"STARTUP_SEC", "0", "0.1", "3600", "3601"},
		{"DOWN_HOLD_SEC", "-1", "0", "86400", "86401"},
		{"DOWN_MARGIN", "-0.1", "0", "10", "10.1"},
		{"DOWN_RATE", "-0.1", "0", "1", "1.1"},
		{"UP_COOLDOWN_SEC", "-1", "0", "86400", "86401"},
		{"DOWN_COOLDOWN_SEC", "-1", "0", "86400", "86401"},
		{"FLAP_BUDGET", "-1", "0", "1000", "1001"},
		{"LLM_MODE", "on", "advise", "off", "none"},
		{"LLM_PROVIDER", "local", "gemini", "openai", "other"},
		{"LLM_RPM", "0", "0.01", "1000", "1001"},
		{"LLM_RPD", "-1", "0", "1000000", "1000001"},
		{"LLM_HEARTBEAT_SEC", "0", "1", "86400", "86401"},
		{"LLM_TIMEOUT_SEC", "0", "0.1", "120", "121"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *values[] = {rows[i].below, rows[i].min, rows[i].max, rows[i].above};
		for (size_t k = 0; k < 4; k++) {
			struct variable one[] = {{rows[i].name, values[k]}, {0}};
			struct planner_config c;
			struct buf errors;
			bool bad = k == 0 || k == 3;
			assert_int_equal(parse(one, &c, &errors), bad);
			assert_true(!bad || strstr(buf_text(&errors), rows[i].name));
			settings_free(planner_settings, &c);
			buf_free(&errors);
		}
	}
}

static void bounds_must_agree_with_each_other(void **state)
{
	(void)state;
	struct planner_config c;
	struct buf errors;
	struct variable bad[] = {{"MIN_REPLICAS", "5"},
				 {"MAX_REPLICAS", "4"},
				 {"WARMUP_WINDOWS", "12"},
				 {"HIST_WINDOWS", "11"},
				 {"LOAD_SHORT_SEC", "30"},
				 {"LOAD_LONG_SEC", "20"},
				 {"LLM_BACKOFF_BASE_SEC", "60"},
				 {"LLM_BACKOFF_MAX_SEC", "30"},
				 {0}};

	assert_int_equal(parse(bad, &c, &errors), 4);
	assert_non_null(
		strstr(buf_text(&errors), "MIN_REPLICAS=5: must be at most MAX_REPLICAS=4"));
	assert_non_null(strstr(buf_text(&errors), "WARMUP_WINDOWS=12: "));
	assert_non_null(strstr(buf_text(&errors), "LOAD_SHORT_SEC=30: "));
	assert_non_null(strstr(buf_text(&errors), "LLM_BACKOFF_BASE_SEC=60: "));
	settings_free(planner_settings, &c);
	buf_free(&errors);

	struct variable good[] = {{"MIN_REPLICAS", "4"},
				  {"MAX_REPLICAS", "4"},
				  {"WARMUP_WINDOWS", "11"},
				  {"HIST_WINDOWS", "11"},
				  {"LOAD_SHORT_SEC", "20"},
				  {"LOAD_LONG_SEC", "20"},
				  {"LLM_BACKOFF_BASE_SEC", "60"},
				  {"LLM_BACKOFF_MAX_SEC", "60"},
				  {0}};
	assert_int_equal(parse(good, &c, &errors), 0);
	settings_free(planner_settings, &c);
	buf_free(&errors);
}

static void explain_is_its_only_option(void **state)
{
	char name[] = "planner", explain[] = "--explain", other[] = "--explained";
	char *argv[] = {name, explain, other};
	struct planner_config c = {0};
	int i = 2;

	(void)state;
	assert_false(planner_config_option(3, argv, &i, &c));
	assert_false(c.explain);
	i = 1;
	assert_true(planner_config_option(3, argv, &i, &c));
	assert_true(c.explain);
	assert_int_equal(i, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classic_defaults_are_those_of_the_reference),
		cmocka_unit_test(by_default_all_parts_work_and_learn),
		cmocka_unit_test(each_part_can_be_turned_off),
		cmocka_unit_test(ranges_include_their_ends),
		cmocka_unit_test(bounds_must_agree_with_each_other),
		cmocka_unit_test(explain_is_its_only_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
