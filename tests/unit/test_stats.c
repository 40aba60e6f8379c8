/* Shell. Unit tests of common/stats.  The expected figures are worked out by hand from the
 * definitions; those of type 7 are what numpy calls "linear". */
#include "common/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

static void assert_near(double got, double wanted)
{
	if (!(fabs(got - wanted) <= 1e-12 * fmax(1, fabs(wanted))))
		fail_msg("got %.17g, wanted %.17g", got, wanted);
}

static void test_sort(void **state)
{
	double v[] = {3, -1, 2.5, 3, 0, -1e300, 1e300};
	const double sorted[] = {-1e300, -1, 0, 2.5, 3, 3, 1e300};

	(void)state;
	stats_sort(v, N(v));
	for (size_t i = 0; i < N(v); i++)
		assert_true(v[i] == sorted[i]);
	stats_sort(v, 0);
	stats_sort(v, 1);
}

static void test_quantile(void **state)
{
	static const struct {
		double v[10];
		size_t n;
		double p, wanted;
	} cases[] = {
		{{7}, 1, 0, 7},
		{{7}, 1, 0.5, 7},
		{{7}, 1, 1, 7},
		{{1, 2}, 2, 0, 1},
		{{1, 2}, 2, 0.25, 1.25},
		{{1, 2}, 2, 0.95, 1.95},
		{{1, 2}, 2, 1, 2},
		{{1, 2, 3, 4}, 4, 0.25, 1.75},
		{{1, 2, 3, 4}, 4, 0.5, 2.5},
		{{1, 2, 3, 4}, 4, 0.75, 3.25},
		{{5, 5, 5, 5, 9}, 5, 0.75, 5},
		{{5, 5, 5, 5, 9}, 5, 0.95, 8.2},
		{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 10, 0.95, 9.55},
		{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 10, 0.99, 9.91},
		{{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}, 10, 0.9, 281.6},
		{{-3, -1, 0, 0.5}, 4, 0.5, -0.5},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		assert_near(stats_quantile(cases[i].v, cases[i].n, cases[i].p), cases[i].wanted);
	assert_true(isnan(stats_quantile(NULL, 0, 0.5)));
}

/* The p95 of the monitor's usual window. */
static void test_quantile_of_forty(void **state)
{
	double v[40];

	(void)state;
	for (int i = 0; i < 40; i++)
		v[i] = i * i;
	assert_near(stats_quantile(v, 40, 0.95), 1372.75); /* 37² + 0.05 (38² - 37²) */
	assert_near(stats_quantile(v, 40, 0.50), 380.5);
	assert_near(stats_quantile(v, 40, 0.99), 1490.97);
}

static void test_mean(void **state)
{
	const double v[] = {1, 2, 4, 9};

	(void)state;
	assert_near(stats_mean(v, 4), 4);
	assert_near(stats_mean(v, 1), 1);
	assert_true(isnan(stats_mean(v, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_quantile),
		cmocka_unit_test(test_quantile_of_forty),
		cmocka_unit_test(test_mean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
