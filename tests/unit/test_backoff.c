/* Shell. Unit tests of common/backoff. */
#include "common/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The draws that give the least wait and, for the bounds used here, the most. */
static uint64_t least_ms(struct backoff b)
{
	return backoff_next_ms(&b, 0);
}

static uint64_t most_ms(struct backoff b, uint64_t half_ms)
{
	return backoff_next_ms(&b, (uint32_t)half_ms);
}

static void test_doubling_up_to_the_cap(void **state)
{
	static const uint64_t ceilings_ms[] = {100, 200, 400, 800, 1000, 1000, 1000};
	struct backoff b = {.base_ms = 100, .max_ms = 1000};

	(void)state;
	for (unsigned i = 0; i < sizeof(ceilings_ms) / sizeof(ceilings_ms[0]); i++) {
		assert_int_equal(b.failures, i);
		assert_int_equal(least_ms(b), ceilings_ms[i] / 2);
		assert_int_equal(most_ms(b, ceilings_ms[i] / 2), ceilings_ms[i]);
		backoff_next_ms(&b, 12345);
	}
	backoff_reset(&b);
	assert_int_equal(least_ms(b), 50);
}

static void test_draws_stay_inside_and_reach_everything(void **state)
{
	bool seen[11] = {false};

	(void)state;
	for (uint32_t random = 0; random < 1000; random++) {
		struct backoff b = {.base_ms = 20, .max_ms = 1000};
		uint64_t wait_ms = backoff_next_ms(&b, random * 2654435761u);

		assert_in_range(wait_ms, 10, 20);
		seen[wait_ms - 10] = true;
	}
	for (int i = 0; i < 11; i++)
		assert_true(seen[i]);
}

static void test_extremes(void **state)
{
	struct backoff capped = {.base_ms = 500, .max_ms = 300};
	struct backoff one = {.base_ms = 1, .max_ms = 1};
	struct backoff huge = {.base_ms = 1, .max_ms = UINT64_MAX, .failures = UINT32_MAX};

	(void)state;
	assert_int_equal(least_ms(capped), 150);
	assert_in_range(backoff_next_ms(&one, UINT32_MAX), 1, 1);
	assert_true(backoff_next_ms(&huge, 0) > UINT64_MAX / 2);
	assert_int_equal(huge.failures, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubling_up_to_the_cap),
		cmocka_unit_test(test_draws_stay_inside_and_reach_everything),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
