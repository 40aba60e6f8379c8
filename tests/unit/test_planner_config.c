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

static void defaults_are_those_of_the_reference(void **state)
{
	(void)state;
	struct planner_config c;
	struct buf errors;
	struct variable none[] = {{0}};

	assert_int_equal(parse(none, &c, &errors), 0);
	assert_string_equal(c.target, "app");
	assert_int_equal(c.policy.policy, POLICY_CLASSIC);
	assert_int_equal(c.policy.min_replicas, 2);
	assert_int_equal(c.policy.max_replicas, 10);
	assert_true(c.policy.cooldown_sec == 20);
	assert_int_equal(c.policy.hist_windows, 60);
	assert_int_equal(c.policy.warmup_windows, 12);
	assert_int_equal(c.policy.low_need_n, 3);
	assert_true(c.policy.alpha_up == 7.5);
	assert_true(c.policy.beta_down == 1.05);
	assert_true(c.policy.k_sigma == 2.5);
	assert_true(c.policy.idle_hint_ms == 0);
	assert_true(isnan(c.policy.target_p95_ms));
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
		{"PLANNER_POLICY", "best", "classic", "classic", "classic2"},
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
				 {0}};

	assert_int_equal(parse(bad, &c, &errors), 2);
	assert_non_null(
		strstr(buf_text(&errors), "MIN_REPLICAS=5: must be at most MAX_REPLICAS=4"));
	assert_non_null(strstr(buf_text(&errors), "WARMUP_WINDOWS=12: "));
	settings_free(planner_settings, &c);
	buf_free(&errors);

	struct variable good[] = {{"MIN_REPLICAS", "4"},
				  {"MAX_REPLICAS", "4"},
				  {"WARMUP_WINDOWS", "11"},
				  {"HIST_WINDOWS", "11"},
				  {0}};
	assert_int_equal(parse(good, &c, &errors), 0);
	settings_free(planner_settings, &c);
	buf_free(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_reference),
		cmocka_unit_test(ranges_include_their_ends),
		cmocka_unit_test(bounds_must_agree_with_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
