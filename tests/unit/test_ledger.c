/* Shell. Unit tests of subscriber/ledger. */
#include "subscriber/ledger.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct message_plan plan(enum message_action action, int replicas, int telemetry)
{
	struct message_plan p = {
		.action = action, .replicas = replicas, .telemetry_replicas = telemetry};

	strcpy(p.target, "app");
	return p;
}

static void assert_step(struct ledger *l, struct message_plan p, int before, int after)
{
	struct ledger_step step;

	assert_int_equal(ledger_apply(l, &p, &step), 0);
	assert_int_equal(step.before, before);
	assert_int_equal(step.after, after);
}

static void test_plans_with_and_without_a_count(void **state)
{
	struct ledger *l = ledger_new(2, 10);

	(void)state;
	ledger_observe(l, "app", 3);
	ledger_observe(l, "app", 9); /* only the first word counts */
	assert_step(l, plan(ACTION_SCALE_UP, 5, 7), 3, 5);
	assert_step(l, plan(ACTION_SCALE_UP, -1, -1), 5, 6);
	assert_step(l, plan(ACTION_NOOP, 9, -1), 6, 6);
	assert_step(l, plan(ACTION_RESTART, 9, -1), 6, 6);
	assert_step(l, plan(ACTION_SCALE_DOWN, -1, -1), 6, 5);
	assert_step(l, plan(ACTION_SCALE_DOWN, 3, -1), 5, 3);
	ledger_free(l);
}

static void test_bounds(void **state)
{
	struct ledger *l = ledger_new(2, 4);

	(void)state;
	ledger_observe(l, "app", 3);
	assert_step(l, plan(ACTION_SCALE_UP, 50, -1), 3, 4);
	assert_step(l, plan(ACTION_SCALE_UP, -1, -1), 4, 4);
	assert_step(l, plan(ACTION_SCALE_DOWN, 0, -1), 4, 2);
	assert_step(l, plan(ACTION_SCALE_DOWN, -1, -1), 2, 2);
	ledger_free(l);
}

static void test_outside_the_bounds_from_the_start(void **state)
{
	struct ledger *l = ledger_new(2, 4);

	(void)state;
	ledger_observe(l, "app", 1);
	assert_step(l, plan(ACTION_NOOP, -1, -1), 1, 1);
	assert_step(l, plan(ACTION_SCALE_UP, -1, -1), 1, 2);
	ledger_free(l);
	l = ledger_new(2, 4);
	ledger_observe(l, "app", 7);
	assert_step(l, plan(ACTION_SCALE_DOWN, -1, -1), 7, 4);
	ledger_free(l);
}

static void test_where_a_count_starts(void **state)
{
	struct ledger *l = ledger_new(2, 10);
	struct message_plan other = plan(ACTION_SCALE_UP, -1, -1);

	(void)state;
	assert_step(l, plan(ACTION_SCALE_UP, -1, 6), 6, 7);
	strcpy(other.target, "other");
	assert_step(l, other, 2, 3);
	ledger_free(l);
}

static void test_targets_have_a_maximum(void **state)
{
	struct ledger *l = ledger_new(2, 10);
	struct message_plan p = plan(ACTION_SCALE_UP, -1, -1);
	struct ledger_step step;
	char name[16];

	(void)state;
	for (int i = 0; i < LEDGER_TARGETS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "app%d", i);
		ledger_observe(l, name, 2);
	}
	assert_int_equal(ledger_apply(l, &p, &step), -ENOSPC);
	strcpy(p.target, "app0");
	assert_step(l, p, 2, 3);
	ledger_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans_with_and_without_a_count),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_outside_the_bounds_from_the_start),
		cmocka_unit_test(test_where_a_count_starts),
		cmocka_unit_test(test_targets_have_a_maximum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
