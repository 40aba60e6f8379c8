/* The table of targets. */
#include "tests/unit/unit.h"

#include "planner/targets.h"

#include <stdio.h>

static const struct policy_config config = {
	.min_replicas = 1, .max_replicas = 2, .hist_windows = 2, .low_need_n = 1};

static void each_name_has_one_state(void **state)
{
	(void)state;
	struct targets *t = targets_new(&config, "own");

	assert_null(targets_find(t, "app"));
	struct brain *app = targets_add(t, "app");
	struct brain *web = targets_add(t, "web");
	assert_non_null(app);
	assert_ptr_not_equal(app, web);
	assert_ptr_equal(targets_add(t, "app"), app);
	assert_ptr_equal(targets_find(t, "web"), web);
	assert_null(targets_find(t, "ap"));
	assert_int_equal(targets_count(t), 2);
	targets_free(t);
	targets_free(NULL);
}

static void there_is_an_end_to_them(void **state)
{
	(void)state;
	struct targets *t = targets_new(&config, "own");
	char name[REPLICA_NAME_MAX];

	for (int i = 0; i < TARGETS_MAX - 1; i++) {
		snprintf(name, sizeof(name), "target-%d", i);
		assert_non_null(targets_add(t, name));
	}
	assert_null(targets_add(t, "one-more"));
	assert_null(targets_find(t, "one-more"));
	assert_non_null(targets_add(t, "target-0"));
	assert_int_equal(targets_count(t), TARGETS_MAX - 1);
	assert_non_null(targets_add(t, "own")); /* however late */
	assert_null(targets_add(t, "one-more"));
	assert_int_equal(targets_count(t), TARGETS_MAX);
	targets_free(t);
}

static void whoever_is_there_early_needs_no_place_kept(void **state)
{
	(void)state;
	struct targets *t = targets_new(&config, "own");
	char name[REPLICA_NAME_MAX];

	assert_non_null(targets_add(t, "own"));
	for (int i = 0; i < TARGETS_MAX - 1; i++) {
		snprintf(name, sizeof(name), "target-%d", i);
		assert_non_null(targets_add(t, name));
	}
	assert_null(targets_add(t, "one-more"));
	targets_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_has_one_state),
		cmocka_unit_test(there_is_an_end_to_them),
		cmocka_unit_test(whoever_is_there_early_needs_no_place_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
