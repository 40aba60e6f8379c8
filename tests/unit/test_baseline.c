/* The history of windows and its figures. */
#include "tests/unit/unit.h"

#include "planner/baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_by_sorting(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), ascending);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* To the last bit what sorting gives, with ties, as values come and go. */
static void figures_are_those_of_sorted_values(void **state)
{
	(void)state;
	enum { WINDOWS = 13 };
	struct baseline *b = baseline_new(WINDOWS);
	double all[500], last[WINDOWS];
	unsigned seed = 1;

	for (size_t n = 1; n <= 500; n++) {
		seed = seed * 1103515245 + 12345;
		all[n - 1] = (seed >> 16) % 40 / 7.0;
		baseline_update(b, all[n - 1]);

		size_t kept = n < WINDOWS ? n : WINDOWS;
		memcpy(last, all + n - kept, kept * sizeof(*last));
		double median = median_by_sorting(last, kept);
		assert_true(baseline_median(b) == median);
		for (size_t i = 0; i < kept; i++)
			last[i] = fabs(last[i] - median);
		double sigma = kept < 2 ? 0 : 1.4826 * median_by_sorting(last, kept);
		assert_true(baseline_sigma(b, median) == sigma);
	}
	baseline_free(b);
}

static void a_copy_goes_its_own_way(void **state)
{
	(void)state;
	struct baseline *b = baseline_new(3);

	update_all(b, (double[]){1, 2, 3}, 3);
	struct baseline *copy = baseline_copy(b);
	update_all(copy, (double[]){9, 9}, 2);
	assert_true(baseline_median(b) == 2);
	assert_true(baseline_median(copy) == 9);
	baseline_free(b);
	baseline_free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_seen_has_no_median),
		cmocka_unit_test(a_single_value_does_not_scatter),
		cmocka_unit_test(median_of_an_even_number_is_the_mean_of_the_middle),
		cmocka_unit_test(the_oldest_value_goes_first),
		cmocka_unit_test(one_outlier_moves_neither_figure_far),
		cmocka_unit_test(figures_are_those_of_sorted_values),
		cmocka_unit_test(a_copy_goes_its_own_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
