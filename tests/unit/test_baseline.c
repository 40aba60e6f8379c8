/* The history of windows and its figures. */
#include "tests/unit/unit.h"

#include "planner/baseline.h"

static void update_all(struct baseline *b, const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		baseline_update(b, values[i]);
}

static void nothing_seen_has_no_median(void **state)
{
	(void)state;
	struct baseline *b = baseline_new(3);

	assert_int_equal(baseline_windows(b), 0);
	assert_true(isnan(baseline_median(b)));
	assert_true(baseline_sigma(b, 0) == 0);
	baseline_free(b);
	baseline_free(NULL);
}

static void a_single_value_does_not_scatter(void **state)
{
	(void)state;
	struct baseline *b = baseline_new(3);

	baseline_update(b, 7);
	assert_true(baseline_median(b) == 7);
	assert_true(baseline_sigma(b, 7) == 0);
	baseline_free(b);
}

static void median_of_an_even_number_is_the_mean_of_the_middle(void **state)
{
	(void)state;
	struct baseline *b = baseline_new(8);

	update_all(b, (double[]){40, 10, 30, 21}, 4);
	assert_true(baseline_median(b) == 25.5);
	assert_true(baseline_sigma(b, 25.5) == 1.4826 * ((4.5 + 14.5) / 2));
	baseline_free(b);
}

static void the_oldest_value_goes_first(void **state)
{
	(void)state;
	struct baseline *b = baseline_new(3);

	update_all(b, (double[]){1000, 1000, 1, 2, 3}, 5);
	assert_int_equal(baseline_windows(b), 3);
	assert_true(baseline_median(b) == 2);
	assert_true(baseline_sigma(b, 2) == 1.4826);
	update_all(b, (double[]){9, 9}, 2);
	assert_true(baseline_median(b) == 9);
	assert_true(baseline_sigma(b, 9) == 0);
	baseline_free(b);
}

static void one_outlier_moves_neither_figure_far(void **state)
{
	(void)state;
	struct baseline *b = baseline_new(60);

	update_all(b, (double[]){10, 11, 12, 13, 1e9}, 5);
	assert_true(baseline_median(b) == 12);
	assert_true(baseline_sigma(b, 12) == 1.4826);
	baseline_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_seen_has_no_median),
		cmocka_unit_test(a_single_value_does_not_scatter),
		cmocka_unit_test(median_of_an_even_number_is_the_mean_of_the_middle),
		cmocka_unit_test(the_oldest_value_goes_first),
		cmocka_unit_test(one_outlier_moves_neither_figure_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
