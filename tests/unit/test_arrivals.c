/* The estimate of arrivals on counted windows, and on Poisson sources with a seed. */
#include "tests/unit/unit.h"

#include "planner/arrivals.h"

#include <stdint.h>
#include <string.h>

#define HOURS_72 (72 * 3600.0)

static const struct arrivals_config config = {
	.short_sec = 6, .long_sec = 60, .burst_sigmas = 10, .miss_share = 0.05};

static uint64_t seed;

static double uniform(void) /* xorshift, never 0 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static int poisson(double mean)
{
	int n = -1;

	for (double at = 0; at <= mean; n++)
		at -= log(uniform());
	return n;
}

static double poisson_rps(double rps, double sec)
{
	return poisson(rps * sec) / sec;
}

static struct arrivals_estimate estimate(const struct arrivals *a)
{
	struct arrivals_estimate ret = {0};

	assert_true(arrivals_estimate(a, &config, &ret));
	assert_true(ret.upper_rps >= ret.rps && isfinite(ret.upper_rps));
	assert_true(ret.short_rps >= 0 && ret.long_rps >= 0 && ret.cusum >= 0);
	assert_true(ret.margin_sigmas >= 0 && ret.margin_sigmas <= 4);
	return ret;
}

static void repeat(struct arrivals *a, size_t windows, double rps, double sec)
{
	while (windows--)
		arrivals_add(a, &config, rps, sec);
}

static void nothing_is_known_before_the_first_window(void **state)
{
	(void)state;
	struct arrivals a;
	struct arrivals_estimate ret;
	struct arrivals_estimate untouched;

	memset(&ret, 'x', sizeof(ret));
	untouched = ret;
	arrivals_init(&a);
	assert_false(arrivals_estimate(&a, &config, &ret));
	assert_memory_equal(&ret, &untouched, sizeof(ret));
	arrivals_add(&a, &config, 7, 3);
	assert_double_near(estimate(&a).rps, 7);
	assert_double_near(estimate(&a).upper_rps, 7 + sqrt(7 / 3.0)); /* q starts at 1 */
	arrivals_gap(&a);
	assert_false(arrivals_estimate(&a, &config, &ret));
}

static void means_weigh_windows_by_their_length(void **state)
{
	(void)state;
	struct arrivals a;

	arrivals_init(&a);
	arrivals_add(&a, &config, 100, 40); /* more than half of it beyond 60 s: forgotten below */
	arrivals_add(&a, &config, 10, 40);
	arrivals_add(&a, &config, 40, 10);
	assert_double_near(estimate(&a).long_rps, (10 * 40 + 40 * 10) / 50.0);
	assert_double_near(estimate(&a).short_rps, 40);
	arrivals_add(&a, &config, 70, 2);
	arrivals_add(&a, &config, 30, 1);
	assert_double_near(estimate(&a).short_rps, (70 * 2 + 30) / 3.0);
	assert_double_near(estimate(&a).long_rps, (10 * 40 + 40 * 10 + 70 * 2 + 30) / 53.0);
}

static void any_length_of_window_will_do(void **state)
{
	(void)state;
	static const double sec[] = {0.001, 0.2, 1, 3.01, 4, 7, 60, 3600};
	struct arrivals a;

	for (size_t i = 0; i < sizeof(sec) / sizeof(sec[0]); i++) {
		arrivals_init(&a);
		repeat(&a, 2 * ARRIVALS_WINDOWS_MAX + 7, 12.5, sec[i]);
		assert_double_near(estimate(&a).short_rps, 12.5);
		assert_double_near(estimate(&a).long_rps, 12.5);
		assert_false(estimate(&a).burst);
		assert_true(a.n <= ARRIVALS_WINDOWS_MAX);
	}
}

static void the_ring_keeps_the_newest(void **state)
{
	(void)state;
	const struct arrivals_config endless = {.short_sec = 1e9, .long_sec = 1e9};
	struct arrivals a;
	struct arrivals_estimate e;

	arrivals_init(&a);
	for (int i = 0; i < ARRIVALS_WINDOWS_MAX; i++)
		arrivals_add(&a, &endless, 100, 1);
	for (int i = 0; i < ARRIVALS_WINDOWS_MAX / 2; i++)
		arrivals_add(&a, &endless, 50, 1);
	assert_true(arrivals_estimate(&a, &endless, &e));
	assert_double_near(e.long_rps, 75);
	for (int i = 0; i < ARRIVALS_WINDOWS_MAX / 2; i++)
		arrivals_add(&a, &endless, 50, 1);
	assert_true(arrivals_estimate(&a, &endless, &e));
	assert_double_near(e.long_rps, 50);
}

static void a_step_is_seen_within_two_windows(void **state)
{
	(void)state;
	static const double sec[] = {1, 3, 4, 10};

	seed = 11;
	for (size_t i = 0; i < sizeof(sec) / sizeof(sec[0]); i++)
		for (double rps = 2; rps < 300; rps *= 3) {
			struct arrivals a;
			arrivals_init(&a);
			for (int k = 0; k < 200; k++)
				arrivals_add(&a, &config, poisson_rps(rps, sec[i]), sec[i]);
			arrivals_add(&a, &config, poisson_rps(10 * rps, sec[i]), sec[i]);
			arrivals_add(&a, &config, poisson_rps(10 * rps, sec[i]), sec[i]);
			assert_true(estimate(&a).burst);
			/* the windows before it are no part of its mean */
			double noise = 5 * sqrt(10 * rps / (2 * sec[i]));
			assert_true(fabs(estimate(&a).rps - 10 * rps) < noise);
		}
}

static void a_burst_ends_when_its_cause_does(void **state)
{
	(void)state;
	struct arrivals a;
	double sec = 0;

	arrivals_init(&a);
	repeat(&a, 30, 20, 3);
	repeat(&a, 4, 200, 3);
	assert_true(estimate(&a).burst);
	assert_double_near(estimate(&a).rps, 200);
	while (estimate(&a).burst) {
		repeat(&a, 1, 20, 3);
		sec += 3;
		assert_true(sec < 60);
	}
	assert_true(sec >= 15); /* it is held for a while: there may be another wave */
	assert_true(estimate(&a).rps < 60);
	assert_true(estimate(&a).cusum == 0);
	repeat(&a, 2, 200, 3);
	assert_true(estimate(&a).burst);
}

static void a_burst_that_stays_becomes_the_long_mean(void **state)
{
	(void)state;
	struct arrivals a;
	int windows = 0;

	arrivals_init(&a);
	repeat(&a, 30, 20, 3);
	do {
		repeat(&a, 1, 200, 3);
		assert_double_near(estimate(&a).rps, 200);
		windows++;
	} while (estimate(&a).burst && windows < 100);
	assert_true(windows >= 20 && windows <= 30); /* 60 s of 3 s, and the hold */
	assert_true(estimate(&a).cusum == 0);        /* the next test begins afresh */
	repeat(&a, 50, 200, 3);
	assert_false(estimate(&a).burst);
	assert_double_near(estimate(&a).rps, 200);
}

static void a_fall_is_no_burst(void **state)
{
	(void)state;
	struct arrivals a;

	arrivals_init(&a);
	repeat(&a, 30, 200, 3);
	for (int i = 0; i < 60; i++) {
		repeat(&a, 1, 20, 3);
		assert_false(estimate(&a).burst);
		assert_true(estimate(&a).cusum == 0);
	}
	assert_double_near(estimate(&a).rps, 20);
}

/* Two windows are not enough to call a third one unusual. */
static void cold_starts_raise_no_alarm(void **state)
{
	(void)state;
	struct arrivals a;

	seed = 5;
	for (int run = 0; run < 2000; run++) {
		arrivals_init(&a);
		for (int i = 0; i < 40; i++) {
			arrivals_add(&a, &config, poisson_rps(20, 3), 3);
			assert_false(estimate(&a).burst);
		}
	}
	arrivals_init(&a);
	repeat(&a, 9, 20, 3);
	repeat(&a, 1, 2000, 3);
	assert_false(estimate(&a).burst);
	arrivals_gap(&a);
	repeat(&a, 2, 20, 3);
	repeat(&a, 1, 2000, 3);
	assert_false(estimate(&a).burst);
}

/* Constant load for 72 hours: the gate opens once a day at the very most, at any rate. */
static void noise_is_no_burst(void **state)
{
	(void)state;
	static const double rates[] = {0.01, 0.5, 2, 20};

	seed = 88172645463325252;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct arrivals a;
		int alarms = 0;
		bool before = false;
		arrivals_init(&a);
		for (double sec = 0; sec < HOURS_72; sec += 3) {
			arrivals_add(&a, &config, poisson_rps(rates[i], 3), 3);
			alarms += a.burst && !before;
			before = a.burst;
		}
		assert_true(alarms <= 3);
	}
}

static void one_request_on_an_idle_service_is_no_burst(void **state)
{
	(void)state;
	struct arrivals a;

	arrivals_init(&a);
	repeat(&a, 100, 0, 3);
	assert_true(estimate(&a).upper_rps == 0);
	repeat(&a, 1, 1 / 3.0, 3);
	assert_false(estimate(&a).burst);
	assert_true(estimate(&a).cusum <= 0.5);
	repeat(&a, 1, 100, 3); /* three hundred are */
	assert_true(estimate(&a).burst);
	assert_true(estimate(&a).rps > 50);
}

static void without_alarm_level_there_is_no_test(void **state)
{
	(void)state;
	struct arrivals_config deaf = config;
	struct arrivals a;
	struct arrivals_estimate e;

	deaf.burst_sigmas = 0;
	arrivals_init(&a);
	for (int i = 0; i < 40; i++)
		arrivals_add(&a, &deaf, i < 30 ? 20 : 2000, 3);
	assert_true(arrivals_estimate(&a, &deaf, &e));
	assert_false(e.burst);
	assert_true(e.cusum == 0);
	assert_double_near(e.rps, e.long_rps);
	assert_double_near(e.short_rps, 2000);
}

/* The share of windows whose short mean came to more than was said before. */
static double missed_share(struct arrivals *a, double rps, double sec, int windows)
{
	int missed = 0;

	for (int i = 0; i < windows; i++) {
		double upper = a->upper_rps;
		arrivals_add(a, &config, poisson_rps(rps, sec), sec);
		missed += estimate(a).short_rps > upper;
	}
	return (double)missed / windows;
}

static void the_margin_is_missed_as_rarely_as_asked_for(void **state)
{
	(void)state;
	static const struct {
		double rps, sec;
	} sources[] = {{20, 3}, {150, 1}, {2, 3}, {20, 20}, {1000, 0.5}};

	seed = 99;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct arrivals a;
		arrivals_init(&a);
		(void)missed_share(&a, sources[i].rps, sources[i].sec, 1000);
		double share = missed_share(&a, sources[i].rps, sources[i].sec, 40000);
		assert_true(share > 0.04 && share < 0.06);
	}
}

static void the_margin_has_ends_and_outlives_a_gap(void **state)
{
	(void)state;
	struct arrivals a;

	arrivals_init(&a);
	repeat(&a, 5000, 20, 3); /* a metronome is never missed */
	assert_true(estimate(&a).margin_sigmas == 0);
	assert_double_near(estimate(&a).upper_rps, 20);
	for (double rps = 20; rps < 1e6; rps *= 1.03)
		arrivals_add(&a, &config, rps, 3);
	assert_true(estimate(&a).margin_sigmas > 3 && estimate(&a).margin_sigmas <= 4);
	double learned = estimate(&a).margin_sigmas;
	arrivals_gap(&a);
	arrivals_add(&a, &config, 20, 3);
	assert_double_near(estimate(&a).margin_sigmas, learned);
}

/* What a margin learns in a minute does not hang on how many windows there are in it. */
static void the_margin_is_learned_by_time(void **state)
{
	(void)state;
	struct arrivals few;
	struct arrivals many;

	arrivals_init(&few);
	arrivals_init(&many);
	repeat(&few, 11, 20, 6);
	repeat(&many, 330, 20, 0.2);
	assert_true(estimate(&few).margin_sigmas < 0.96);
	assert_true(fabs(estimate(&few).margin_sigmas - estimate(&many).margin_sigmas) < 0.02);
}

static void a_copy_goes_its_own_way(void **state)
{
	(void)state;
	struct arrivals a;

	arrivals_init(&a);
	repeat(&a, 40, 20, 3);
	struct arrivals b = a;
	repeat(&b, 2, 500, 3);
	assert_true(estimate(&b).burst);
	assert_false(estimate(&a).burst);
	repeat(&a, 2, 500, 3);
	assert_memory_equal(&a.rps, &b.rps, sizeof(a.rps));
	assert_double_near(estimate(&a).upper_rps, estimate(&b).upper_rps);
}

/* Lengths and rates of any size, in any order. */
static void nothing_breaks_the_figures(void **state)
{
	(void)state;
	struct arrivals a;

	seed = 3;
	arrivals_init(&a);
	for (int i = 0; i < 100000; i++) {
		double sec = pow(10, 7 * uniform() - 3);
		double rps = uniform() < 0.2 ? 0 : pow(10, 12 * uniform() - 6);
		arrivals_add(&a, &config, rps, sec);
		(void)estimate(&a);
		if (uniform() < 0.001)
			arrivals_gap(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_the_first_window),
		cmocka_unit_test(means_weigh_windows_by_their_length),
		cmocka_unit_test(any_length_of_window_will_do),
		cmocka_unit_test(the_ring_keeps_the_newest),
		cmocka_unit_test(a_step_is_seen_within_two_windows),
		cmocka_unit_test(a_burst_ends_when_its_cause_does),
		cmocka_unit_test(a_burst_that_stays_becomes_the_long_mean),
		cmocka_unit_test(a_fall_is_no_burst),
		cmocka_unit_test(cold_starts_raise_no_alarm),
		cmocka_unit_test(noise_is_no_burst),
		cmocka_unit_test(one_request_on_an_idle_service_is_no_burst),
		cmocka_unit_test(without_alarm_level_there_is_no_test),
		cmocka_unit_test(the_margin_is_missed_as_rarely_as_asked_for),
		cmocka_unit_test(the_margin_has_ends_and_outlives_a_gap),
		cmocka_unit_test(the_margin_is_learned_by_time),
		cmocka_unit_test(a_copy_goes_its_own_way),
		cmocka_unit_test(nothing_breaks_the_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
