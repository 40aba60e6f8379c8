/* Shell. Unit tests of common/once. */
#include "common/once.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static void test_a_cause_is_new_once(void **state)
{
	struct once once = {0};

	(void)state;
	assert_true(once_new(&once, "p95_ms: missing"));
	assert_false(once_new(&once, "p95_ms: missing"));
	assert_true(once_new(&once, "p95_ms"));
	assert_true(once_new(&once, ""));
	assert_false(once_new(&once, ""));
	assert_false(once_new(&once, "p95_ms: missing"));
}

static void test_so_many_are_told_apart(void **state)
{
	struct once once = {0};
	char cause[16];

	(void)state;
	for (int i = 0; i < ONCE_MAX; i++) {
		snprintf(cause, sizeof(cause), "%d", i);
		assert_true(once_new(&once, cause));
	}
	assert_false(once_new(&once, "one more"));
	assert_false(once_new(&once, "0"));
	assert_int_equal(once.n, ONCE_MAX);
}

static void test_so_much_of_it_counts(void **state)
{
	struct once once = {0};
	char cause[2 * ONCE_BYTES_MAX];

	(void)state;
	memset(cause, 'x', sizeof(cause));
	cause[sizeof(cause) - 1] = '\0';
	assert_true(once_new(&once, cause));
	cause[ONCE_BYTES_MAX] = 'y';
	assert_false(once_new(&once, cause));
	cause[ONCE_BYTES_MAX - 2] = 'y';
	assert_true(once_new(&once, cause));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_cause_is_new_once),
		cmocka_unit_test(test_so_many_are_told_apart),
		cmocka_unit_test(test_so_much_of_it_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
