/* How long each count of replicas would have been enough. */
#include "tests/unit/unit.h"

#include "planner/hold.h"

#include <stdlib.h>

#define START_MS 1795458155613ULL

static void before_the_first_need_no_count_was_enough(void **state)
{
	(void)state;
	const struct hold h = {0};

	assert_int_equal(hold_since(&h, START_MS, 0), 0);
	assert_int_equal(hold_since(&h, START_MS, HOLD_REPLICAS_MAX), 0);
	assert_int_equal(hold_floor(&h, START_MS, 1), HOLD_REPLICAS_MAX);
	assert_int_equal(hold_floor(&h, START_MS, 0), 0);
}

/* Nobody knows what was needed before the first window: no count counts as enough since then. */
static void the_hold_begins_with_the_first_need(void **state)
{
	(void)state;
	struct hold h = {0};

	hold_need(&h, START_MS, 3);
	assert_int_equal(hold_since(&h, START_MS, 900), 0);
	assert_int_equal(hold_since(&h, START_MS + 4000, 900), 4000);
	assert_int_equal(hold_since(&h, START_MS + 4000, 3), 4000);
	assert_int_equal(hold_floor(&h, START_MS + 4000, 4001), HOLD_REPLICAS_MAX);
}

static void the_floor_is_the_highest_need_of_the_span(void **state)
{
	(void)state;
	struct hold h = {0};

	hold_need(&h, START_MS, 9);
	hold_need(&h, START_MS + 10000, 4);
	hold_need(&h, START_MS + 20000, 6);
	hold_need(&h, START_MS + 30000, 2);
	uint64_t now_ms = START_MS + 40000;
	assert_int_equal(hold_floor(&h, now_ms, 10000), 0); /* the last need was then, not since */
	assert_int_equal(hold_floor(&h, now_ms, 10001), 2);
	assert_int_equal(hold_floor(&h, now_ms, 20000), 2);
	assert_int_equal(hold_floor(&h, now_ms, 20001), 6);
	assert_int_equal(hold_floor(&h, now_ms, 40000), 6);
	assert_int_equal(hold_floor(&h, now_ms, 40001), HOLD_REPLICAS_MAX);
	assert_int_equal(hold_since(&h, now_ms, 5), 20000);
	assert_int_equal(hold_since(&h, now_ms, 6), 40000);
}

static void counts_beyond_the_table_are_as_its_last(void **state)
{
	(void)state;
	struct hold h = {0};

	hold_need(&h, START_MS, 10000);
	hold_need(&h, START_MS + 4000, HOLD_REPLICAS_MAX);
	hold_need(&h, START_MS + 8000, -1);
	assert_int_equal(hold_since(&h, START_MS + 9000, HOLD_REPLICAS_MAX), 9000);
	assert_int_equal(hold_since(&h, START_MS + 9000, 9999), 9000);
	assert_int_equal(hold_since(&h, START_MS + 9000, HOLD_REPLICAS_MAX - 1), 5000);
	hold_need(&h, START_MS + 9000, 10000);
	assert_int_equal(hold_since(&h, START_MS + 9500, 10000), 500);
}

/* The clock goes back an hour: nothing is held for longer than from there. */
static void a_clock_that_steps_back_begins_anew_what_lies_ahead(void **state)
{
	(void)state;
	struct hold h = {0};

	hold_need(&h, START_MS, 8);
	hold_need(&h, START_MS + 60000, 5);
	uint64_t back_ms = START_MS - 3600 * 1000;
	assert_int_equal(hold_since(&h, back_ms, 900), 0);
	hold_need(&h, back_ms, 2);
	assert_int_equal(hold_floor(&h, back_ms + 60000, 60000), 0);
	hold_need(&h, back_ms + 1000, 4);
	assert_int_equal(hold_floor(&h, back_ms + 60000, 59000), 0);
	assert_int_equal(hold_floor(&h, back_ms + 60000, 60000), 4);
}

/* Against the plain definition: enough since the last need of more. */
static void it_agrees_with_its_definition(void **state)
{
	(void)state;
	struct hold h = {0};
	uint64_t since_ms[21];
	uint64_t now_ms = START_MS;

	srand(1);
	for (int count = 0; count <= 20; count++)
		since_ms[count] = now_ms + 1;
	for (int i = 0; i < 10000; i++) {
		int need = rand() % 21;
		now_ms += (uint64_t)(rand() % 5000) + 1;
		hold_need(&h, now_ms, need);
		for (int count = 0; count <= 20; count++) {
			if (i == 0 || count < need)
				since_ms[count] = now_ms;
			assert_int_equal(hold_since(&h, now_ms, count), now_ms - since_ms[count]);
		}
		uint64_t span_ms = (uint64_t)(rand() % 20000);
		int floor = hold_floor(&h, now_ms, span_ms);
		if (floor <= 20)
			assert_true(now_ms - since_ms[floor] >= span_ms);
		if (floor > 0)
			assert_true(now_ms - since_ms[floor <= 20 ? floor - 1 : 20] < span_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_first_need_no_count_was_enough),
		cmocka_unit_test(the_hold_begins_with_the_first_need),
		cmocka_unit_test(the_floor_is_the_highest_need_of_the_span),
		cmocka_unit_test(counts_beyond_the_table_are_as_its_last),
		cmocka_unit_test(a_clock_that_steps_back_begins_anew_what_lies_ahead),
		cmocka_unit_test(it_agrees_with_its_definition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
