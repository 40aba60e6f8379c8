/* Shell. Unit tests of common/bucket. */
#include "tests/unit/unit.h"

#include "common/bucket.h"

#include <stdlib.h>

#define T0 1795458155613ULL

static unsigned take_all(struct bucket *b, uint64_t now_ms)
{
	unsigned n = 0;

	while (bucket_take(b, now_ms))
		n++;
	return n;
}

static void test_starts_full(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 2, 30000);
	assert_double_near(bucket_level(&b, T0), 2);
	assert_int_equal(take_all(&b, T0), 2);
	assert_double_near(bucket_level(&b, T0), 0);
}

static void test_one_comes_back_every_interval(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 2, 30000);
	take_all(&b, T0);
	assert_false(bucket_take(&b, T0 + 29999));
	assert_double_near(bucket_level(&b, T0 + 15000), 0.5);
	assert_true(bucket_take(&b, T0 + 30000));
	assert_false(bucket_take(&b, T0 + 59999));
	assert_true(bucket_take(&b, T0 + 60000));
	assert_double_near(bucket_level(&b, T0 + 10000000), 2);
}

static void test_sizes_that_are_not_whole(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 2.5, 24000);
	assert_int_equal(take_all(&b, T0), 2);
	assert_double_near(bucket_level(&b, T0), 0.5);
	assert_int_equal(take_all(&b, T0 + 12000), 1);
}

static void test_an_empty_bucket_owes_nothing(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 2, 30000);
	for (int i = 0; i < 100; i++)
		bucket_spend(&b, T0);
	assert_true(bucket_take(&b, T0 + 30000));
}

static void test_a_clock_that_steps_back(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 2, 30000);
	take_all(&b, T0);
	assert_int_equal(take_all(&b, T0 - 3600000), 0);
	assert_int_equal(take_all(&b, T0 - 3600000 + 29999), 0);
	assert_int_equal(take_all(&b, T0 - 3600000 + 30000), 1);

	bucket_init(&b, 2, 30000);
	bucket_take(&b, T0 - 60000);
	assert_double_near(bucket_level(&b, T0), 2);
	assert_double_near(bucket_level(&b, T0 - 30000), 2);
}

/* Whatever the clock does, in all the time that passed no more is given than was there and grew. */
static void test_no_walk_gives_more_than_grew(void **state)
{
	(void)state;
	srand(7);
	for (int run = 0; run < 200; run++) {
		struct bucket b;
		uint64_t now_ms = T0, forward_ms = 0;
		unsigned taken = 0;

		bucket_init(&b, 3, 20000);
		for (int i = 0; i < 300; i++) {
			uint64_t step_ms = (uint64_t)(rand() % 15000);

			if (rand() % 10 == 0) {
				now_ms -= step_ms * 50;
			} else {
				now_ms += step_ms;
				forward_ms += step_ms;
			}
			taken += bucket_take(&b, now_ms);
			assert_true(bucket_level(&b, now_ms) >= 0);
			assert_true(bucket_level(&b, now_ms) <= 3);
		}
		assert_true(taken <= 3 + forward_ms / 20000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts_full),
		cmocka_unit_test(test_one_comes_back_every_interval),
		cmocka_unit_test(test_sizes_that_are_not_whole),
		cmocka_unit_test(test_an_empty_bucket_owes_nothing),
		cmocka_unit_test(test_a_clock_that_steps_back),
		cmocka_unit_test(test_no_walk_gives_more_than_grew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
