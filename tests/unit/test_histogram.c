/* The histogram against exact quantiles of the same values. */
#include "tests/unit/unit.h"

#include "common/histogram.h"
#include "common/stats.h"

#include <stdlib.h>

static const double QUANTILES[] = {0, 0.01, 0.5, 0.95, 0.99, 0.999, 1};

static void is_unknown_when_empty(void **state)
{
	(void)state;
	struct histogram h = {0};

	assert_true(isnan(histogram_quantile(&h, 0.5)));
}

static void is_exact_below_128_ms(void **state)
{
	(void)state;
	struct histogram h = {0};
	double values[500];

	for (size_t i = 0; i < 500; i++) {
		values[i] = (double)(i * i % 128);
		histogram_add(&h, (uint64_t)values[i]);
	}
	stats_sort(values, 500);
	for (size_t i = 0; i < sizeof(QUANTILES) / sizeof(QUANTILES[0]); i++)
		assert_double_near(histogram_quantile(&h, QUANTILES[i]),
				   stats_quantile(values, 500, QUANTILES[i]));
}

static void interpolates_between_neighbours(void **state)
{
	(void)state;
	struct histogram h = {0};

	histogram_add(&h, 100);
	assert_double_near(histogram_quantile(&h, 0.95), 100);
	histogram_add(&h, 20);
	assert_double_near(histogram_quantile(&h, 0.25), 40); /* rank 0.25: 20 + 0.25 * 80 */
}

/* Every value up to the end lies in a bucket whose middle is within 1/128 of it. */
static void every_value_is_within_one_part_in_128(void **state)
{
	(void)state;

	for (uint64_t ms = 0; ms <= HISTOGRAM_MS_MAX; ms += 1 + ms / 1000) {
		struct histogram h = {0};

		histogram_add(&h, ms);
		assert_true(fabs(histogram_quantile(&h, 0.5) - (double)ms) <= (double)ms / 128);
	}
}

static void buckets_ascend_without_gaps(void **state)
{
	(void)state;
	double last = -1;

	for (uint64_t ms = 0; ms < 100000; ms++) {
		struct histogram h = {0};

		histogram_add(&h, ms);
		double middle = histogram_quantile(&h, 0);
		assert_true(middle >= last);
		last = middle;
	}
}

static void quantiles_of_spread_times_are_within_a_percent(void **state)
{
	(void)state;
	enum { N = 20000 };
	struct histogram h = {0};
	double *values = calloc(N, sizeof(*values));
	uint32_t x = 1;

	for (size_t i = 0; i < N; i++) {
		x = x * 1664525 + 1013904223;
		values[i] = floor(exp((double)(x >> 8) / (1 << 24) * 13)); /* 1 ms to 442 s */
		histogram_add(&h, (uint64_t)values[i]);
	}
	stats_sort(values, N);
	for (size_t i = 0; i < sizeof(QUANTILES) / sizeof(QUANTILES[0]); i++) {
		double exact = stats_quantile(values, N, QUANTILES[i]);

		assert_true(fabs(histogram_quantile(&h, QUANTILES[i]) - exact) <= exact / 100);
	}
	free(values);
}

static void what_is_too_long_counts_as_the_longest(void **state)
{
	(void)state;
	struct histogram h = {0};

	histogram_add(&h, UINT64_MAX);
	histogram_add(&h, HISTOGRAM_MS_MAX);
	assert_int_equal(h.n, 2);
	assert_true(histogram_quantile(&h, 0) > HISTOGRAM_MS_MAX * 0.99);
	assert_double_near(histogram_quantile(&h, 0), histogram_quantile(&h, 1));
}

static void merges(void **state)
{
	(void)state;
	struct histogram a = {0}, b = {0};

	histogram_add(&a, 10);
	histogram_add(&b, 30);
	histogram_add(&b, 500);
	histogram_merge(&a, &b);
	assert_int_equal(a.n, 3);
	assert_int_equal(b.n, 2);
	assert_double_near(histogram_quantile(&a, 0.5), 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_unknown_when_empty),
		cmocka_unit_test(is_exact_below_128_ms),
		cmocka_unit_test(interpolates_between_neighbours),
		cmocka_unit_test(every_value_is_within_one_part_in_128),
		cmocka_unit_test(buckets_ascend_without_gaps),
		cmocka_unit_test(quantiles_of_spread_times_are_within_a_percent),
		cmocka_unit_test(what_is_too_long_counts_as_the_longest),
		cmocka_unit_test(merges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
