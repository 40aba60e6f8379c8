/* One p95 against its past and the objective. */
#include "tests/unit/unit.h"

#include "planner/latency.h"

static struct policy_config settings(void)
{
	return (struct policy_config){
		.warmup_windows = 4,
		.alpha_up = 2,
		.beta_down = 1.05,
		.k_sigma = 2.5,
		.sigma_floor_ms = 5,
		.target_p95_ms = NAN,
	};
}

/* A look at ${p95_ms} after ${n} windows of these. */
static struct latency look(const struct policy_config *config, const double *past_ms, size_t n,
			   double p95_ms)
{
	struct baseline *history = baseline_new(60);

	for (size_t i = 0; i < n; i++)
		baseline_update(history, past_ms[i]);
	struct latency v = latency_look(history, config, p95_ms);
	assert_int_equal(baseline_windows(history), n); /* a look is not a memory */
	baseline_free(history);
	return v;
}

static const double quiet_ms[] = {100, 100, 100, 100};
static const double noisy_ms[] = {40, 80, 120, 160};

static void without_a_past_nothing_is_over(void **state)
{
	(void)state;
	const struct policy_config config = settings();
	struct latency v = look(&config, NULL, 0, 9000);

	assert_true(v.present && !v.warm && !v.near);
	assert_true(isnan(v.baseline_ms) && isnan(v.slo_ms) && v.excess == 0);
	v = look(&config, quiet_ms, 3, 9000);
	assert_true(!v.warm && isnan(v.slo_ms) && v.excess == 0);
}

static void the_objective_is_alpha_up_baselines(void **state)
{
	(void)state;
	const struct policy_config config = settings();
	struct latency v = look(&config, quiet_ms, 4, 300);

	assert_true(v.warm);
	assert_true(v.baseline_ms == 100 && v.slo_ms == 200 && v.excess == 1.5);
}

static void or_some_sigmas_where_that_is_more(void **state)
{
	(void)state;
	struct policy_config config = settings();
	double sigma_ms = 1.4826 * 40;

	config.alpha_up = 1.2;
	struct latency v = look(&config, noisy_ms, 4, 100);
	assert_double_near(v.sigma_ms, sigma_ms);
	assert_double_near(v.slo_ms, 100 + 2.5 * sigma_ms);
	assert_double_near(v.near_limit_ms, 105 + sigma_ms);
	assert_true(v.near);
}

static void or_what_was_set_even_before_the_first_window(void **state)
{
	(void)state;
	struct policy_config config = settings();

	config.target_p95_ms = 400;
	struct latency v = look(&config, NULL, 0, 1000);
	assert_true(v.slo_ms == 400 && v.excess == 2.5 && !v.near);
	v = look(&config, quiet_ms, 4, 1000);
	assert_true(v.slo_ms == 400 && v.excess == 2.5);
}

static void sigma_has_two_floors(void **state)
{
	(void)state;
	struct policy_config config = settings();
	const double slow_ms[] = {1000, 1000, 1000, 1000};

	assert_true(look(&config, quiet_ms, 4, 100).sigma_ms == 5);
	assert_true(look(&config, slow_ms, 4, 100).sigma_ms == 50);
	config.sigma_floor_ms = 80;
	assert_true(look(&config, slow_ms, 4, 100).sigma_ms == 80);
	assert_true(look(&config, NULL, 0, 100).sigma_ms == 80);
}

static void near_ends_with_its_limit(void **state)
{
	(void)state;
	const struct policy_config config = settings();
	double limit_ms = look(&config, quiet_ms, 4, 100).near_limit_ms;

	assert_true(limit_ms == 110);
	assert_true(look(&config, quiet_ms, 4, limit_ms).near);
	assert_false(look(&config, quiet_ms, 4, nextafter(limit_ms, 1000)).near);
	assert_false(look(&config, quiet_ms, 3, 100).near); /* not warm */
}

static void no_p95_is_neither_over_nor_near(void **state)
{
	(void)state;
	const struct policy_config config = settings();
	struct latency v = look(&config, quiet_ms, 4, NAN);

	assert_true(!v.present && v.warm && !v.near && v.excess == 0);
	assert_true(v.baseline_ms == 100 && v.slo_ms == 200);
}

/* All floors off, a service that takes no time: there is no objective to be over. */
static void an_objective_of_nothing_is_none(void **state)
{
	(void)state;
	struct policy_config config = settings();
	const double none_ms[] = {0, 0, 0, 0};

	config.sigma_floor_ms = config.warmup_windows = 0;
	struct latency v = look(&config, none_ms, 4, 1e9);
	assert_true(v.warm && v.slo_ms == 0 && v.excess == 0 && !v.near);
	v = look(&config, none_ms, 4, 0);
	assert_true(v.near);
	v = look(&config, none_ms, 0, 0);
	assert_false(v.warm); /* one window is the least */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_past_nothing_is_over),
		cmocka_unit_test(the_objective_is_alpha_up_baselines),
		cmocka_unit_test(or_some_sigmas_where_that_is_more),
		cmocka_unit_test(or_what_was_set_even_before_the_first_window),
		cmocka_unit_test(sigma_has_two_floors),
		cmocka_unit_test(near_ends_with_its_limit),
		cmocka_unit_test(no_p95_is_neither_over_nor_near),
		cmocka_unit_test(an_objective_of_nothing_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
