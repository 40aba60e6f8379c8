/* What a trace needs, and when that is known. */
#include "tests/unit/unit.h"

#include "replay/demand.h"

/* A replica is one server that carries 10 a second and nobody waits for: needed are ceil(rps / 10).
 */
static const struct demand_config CONFIG = {
	.sizing = {.capacity_rps = 10,
		   .service_sec = 0.1,
		   .wait_sec = 1e6,
		   .tail_share = 0.05,
		   .utilisation_max = 1},
	.min_replicas = 1,
	.max_replicas = 50,
	.window_sec = 10,
	.ahead_sec = 20,
	.span_sec = 100,
};

/* 5 a second, from 50 s on 95. */
static double jump(void *asked, double sec)
{
	double *last = asked;

	assert_true(sec >= *last && sec <= CONFIG.span_sec);
	*last = sec;
	return sec < 50 ? 5 : 95;
}

/* Windows of 10 s: the mean is of three.  The fifth has one neighbour at 95: 35 a second on
 * average. */
static void needed_is_by_the_mean_around_and_known_ahead(void **state)
{
	(void)state;
	static const int expected[] = {1, 1, 1, 1, 4, 7, 10, 10, 10, 10};
	struct demand d;
	double last = 0;

	demand_init(&d, &CONFIG, jump, &last);
	assert_int_equal(d.ahead, 2);
	for (int i = 0; i < 10; i++) {
		assert_double_near(demand_rps(&d), i < 5 ? 5 : 95);
		for (int k = 0; k <= 2 && i + k < 10; k++)
			assert_int_equal(d.needed[k], expected[i + k]);
		demand_next(&d);
	}
	demand_free(&d);
}

static void bounds_and_what_arrives_besides_count(void **state)
{
	(void)state;
	struct demand_config config = CONFIG;
	struct demand d;
	double last = 0;

	config.min_replicas = 2;
	config.max_replicas = 9;
	config.extra_rps = 16;
	demand_init(&d, &config, jump, &last);
	assert_int_equal(d.needed[0], 3);
	for (int i = 0; i < 9; i++)
		demand_next(&d);
	assert_int_equal(d.needed[0], 9);
	demand_free(&d);

	last = 0;
	config.extra_rps = 0;
	demand_init(&d, &config, jump, &last);
	assert_int_equal(d.needed[0], 2);
	demand_free(&d);
}

/* A window longer than the mean is its own. */
static void long_windows_stand_alone(void **state)
{
	(void)state;
	struct demand_config config = CONFIG;
	struct demand d;
	double last = 0;

	config.window_sec = 40;
	config.ahead_sec = 0;
	demand_init(&d, &config, jump, &last);
	assert_int_equal(d.ahead, 0);
	assert_int_equal(d.needed[0], 1);
	demand_next(&d); /* its middle is at 60 s */
	assert_int_equal(d.needed[0], 10);
	demand_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needed_is_by_the_mean_around_and_known_ahead),
		cmocka_unit_test(bounds_and_what_arrives_besides_count),
		cmocka_unit_test(long_windows_stand_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
