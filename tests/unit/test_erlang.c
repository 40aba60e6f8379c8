/* The M/M/n queue against published numbers, its own recursion, and what must hold of any
 * sizing. */
#include "tests/unit/unit.h"

#include "planner/erlang.h"

#include <float.h>

#define REPLICAS_MAX 1000

/* A service of eight slots, 100 ms each, that should rarely make anybody wait. */
static const struct erlang_sizing eight_slots = {.capacity_rps = 80,
						 .service_sec = 0.1,
						 .wait_sec = 0.05,
						 .tail_share = 0.05,
						 .utilisation_max = 0.9};

/* The definition, step by step. */
static double c_by_recursion(int n, double load)
{
	double b = 1;

	for (int k = 1; k <= n; k++)
		b = load * b / (k + load * b);
	return b / (1 - load / n * (1 - b));
}

static void assert_share(double share)
{
	assert_true(share >= 0 && share <= 1); /* so not NaN either */
}

static void published_vectors(void **state)
{
	(void)state;
	static const struct {
		double lambda;
		int servers;
	} needs[] = {{1, 1}, {5, 2}, {10, 2}, {20, 3}, {50, 6}, {100, 11}, {200, 21}};

	assert_true(fabs(erlang_c(10, 8) - 0.40918) < 5e-6);
	assert_true(fabs(erlang_response_tail(1, 10, 5, 0.5) - 0.082085) < 5e-7);
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		assert_int_equal(erlang_servers(10, needs[i].lambda, 0.5, 0.05, REPLICAS_MAX),
				 needs[i].servers);
}

static void the_sum_is_the_recursion(void **state)
{
	(void)state;
	static const int servers[] = {1, 2, 3, 7, 10, 56, 300, 4000};
	static const double rho[] = {1e-6, 0.01, 0.3, 0.5, 0.8, 0.95, 0.99, 0.9999};

	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		for (size_t k = 0; k < sizeof(rho) / sizeof(rho[0]); k++) {
			double load = rho[k] * servers[i];
			double expected = c_by_recursion(servers[i], load);
			assert_true(fabs(erlang_c(servers[i], load) - expected) <=
				    1e-9 * expected + 1e-250);
		}
	}
}

static void tails_of_one_server_are_exponential(void **state)
{
	(void)state;
	assert_double_near(erlang_c(1, 0.7), 0.7);
	assert_double_near(erlang_wait_tail(1, 10, 7, 0), 0.7);
	assert_double_near(erlang_wait_tail(1, 10, 7, 0.3), 0.7 * exp(-0.9));
	for (double t = 0.01; t < 3; t *= 1.5)
		assert_double_near(erlang_response_tail(1, 10, 7, t), exp(-3 * t));
}

static void the_limit_at_one_server_less_is_smooth(void **state)
{
	(void)state;
	double mu = 10;
	double t = 0.2;
	double at = erlang_response_tail(4, mu, 30, t); /* load = n - 1 */

	assert_double_near(at, exp(-mu * t) * (1 + erlang_c(4, 3) * mu * t));
	for (double off = 1e-15; off < 1e-6; off *= 10) {
		assert_true(fabs(erlang_response_tail(4, mu, 30 * (1 + off), t) - at) <
			    1e-12 + 10 * off);
		assert_true(fabs(erlang_response_tail(4, mu, 30 * (1 - off), t) - at) <
			    1e-12 + 10 * off);
	}
}

static void edges_give_shares(void **state)
{
	(void)state;
	static const double numbers[] = {0,    DBL_TRUE_MIN, DBL_MIN, 1e-9, 0.5,   1,
					 9.99, 10,           1e9,     1e20, 1e300, DBL_MAX};
	static const int servers[] = {1, 10, 1000};
	const size_t n = sizeof(numbers) / sizeof(numbers[0]);

	for (size_t s = 0; s < sizeof(servers) / sizeof(servers[0]); s++)
		for (size_t i = 0; i < n * n * n; i++) {
			double mu = numbers[i % n];
			double lambda = numbers[i / n % n];
			double t = numbers[i / n / n];
			assert_share(erlang_c(servers[s], lambda));
			assert_share(erlang_wait_tail(servers[s], mu, lambda, t));
			assert_share(erlang_response_tail(servers[s], mu, lambda, t));
		}
}

static void overload_waits_and_nothing_does_not(void **state)
{
	(void)state;
	assert_true(erlang_c(3, 3) == 1);
	assert_true(erlang_c(3, 1e9) == 1);
	assert_true(erlang_c(3, 0) == 0);
	assert_true(erlang_wait_tail(2, 10, 20, 1e9) == 1);
	assert_true(erlang_response_tail(2, 10, 20, 1e9) == 1);
	assert_true(erlang_response_tail(2, 0, 0, 1) == 1); /* a server that serves nothing */
	assert_double_near(erlang_response_tail(2, 10, 0, 0.1), exp(-1));
	assert_true(erlang_response_tail(2, DBL_MAX, DBL_MAX, DBL_MAX) == 0); /* load = n - 1 */
}

static void more_load_waits_longer_and_more_servers_shorter(void **state)
{
	(void)state;
	for (int n = 1; n < 200; n += 7)
		for (double lambda = 1; lambda < 2500; lambda *= 1.3) {
			double wait = erlang_wait_tail(n, 10, lambda, 0.1);
			double response = erlang_response_tail(n, 10, lambda, 0.1);
			assert_true(erlang_wait_tail(n, 10, lambda * 1.01, 0.1) >= wait);
			assert_true(erlang_response_tail(n, 10, lambda * 1.01, 0.1) >= response);
			assert_true(erlang_wait_tail(n + 1, 10, lambda, 0.1) <= wait);
			assert_true(erlang_response_tail(n + 1, 10, lambda, 0.1) <= response);
			assert_true(response >= wait);
		}
}

static void servers_are_the_fewest(void **state)
{
	(void)state;
	for (double lambda = 0.5; lambda < 3000; lambda *= 1.17) {
		int n = erlang_servers(10, lambda, 0.5, 0.05, REPLICAS_MAX);
		assert_true(erlang_response_tail(n, 10, lambda, 0.5) <= 0.05);
		if (n > 1)
			assert_true(erlang_response_tail(n - 1, 10, lambda, 0.5) > 0.05);
	}
	/* one service alone is too slow: no number of servers helps */
	assert_int_equal(erlang_servers(1, 0.1, 0.5, 0.05, 7), 7);
	assert_int_equal(erlang_servers(10, 1e9, 0.5, 0.05, 7), 7);
}

static void more_load_never_needs_fewer_replicas(void **state)
{
	(void)state;
	int before = 1;

	for (double lambda = 0; lambda < 20000; lambda += 3.7) {
		int n = erlang_replicas(&eight_slots, lambda, REPLICAS_MAX);
		assert_true(n >= before);
		assert_true(n * 80 * 0.9 >= lambda);
		before = n;
	}
	assert_int_equal(before, 278); /* utilisation rules: 20000 / 72 = 277.7 */
}

static void many_slots_run_hotter_than_few(void **state)
{
	(void)state;
	struct erlang_sizing one_slot = eight_slots;

	one_slot.service_sec = NAN;
	one_slot.utilisation_max = 1;
	one_slot.wait_sec = 0.02;
	struct erlang_sizing eight = one_slot;
	eight.service_sec = 0.1;
	/* the load at which 5 % wait longer than 20 ms: for one server of 80/s, eight of 10/s */
	double hot = erlang_load_max(&one_slot, 1);
	double share = erlang_wait_tail(1, 80, hot, 0.02);
	assert_true(share <= 0.05 && share > 0.0499);
	assert_true(erlang_load_max(&eight, 1) > 1.5 * hot);
	assert_true(erlang_load_max(&eight, 1) < 80);
}

static void the_load_that_replicas_carry_is_what_they_are_sized_for(void **state)
{
	(void)state;
	struct erlang_sizing sizing = eight_slots;

	for (int k = 0; k < 4; k++) {
		sizing.wait_sec = k * 0.02;
		sizing.tail_share = 0.001 + 0.02 * k;
		for (int n = 1; n <= 40; n++) {
			double load = erlang_load_max(&sizing, n);
			assert_true(load > 0);
			assert_int_equal(erlang_replicas(&sizing, load, REPLICAS_MAX), n);
			assert_int_equal(erlang_replicas(&sizing, load * 1.002, REPLICAS_MAX),
					 n + 1);
		}
	}
}

static void sizing_has_ends(void **state)
{
	(void)state;
	struct erlang_sizing sizing = eight_slots;

	assert_int_equal(erlang_replicas(&sizing, 0, 5), 1);
	assert_int_equal(erlang_replicas(&sizing, 1e12, 5), 5);
	sizing.capacity_rps = DBL_MIN;
	assert_int_equal(erlang_replicas(&sizing, 1, 5), 5);
	assert_int_equal(erlang_replicas(&sizing, 0, 5), 1);
	assert_true(erlang_load_max(&sizing, 5) <= 5 * DBL_MIN);
	sizing = eight_slots;
	sizing.tail_share = 0; /* nobody may ever wait: only an idle service fits */
	sizing.wait_sec = 0;
	assert_true(erlang_load_max(&sizing, 3) < 1);
	assert_int_equal(erlang_replicas(&sizing, 100, 5), 5);
	assert_int_equal(erlang_replicas(&sizing, 0, 5), 1);
	sizing.utilisation_max = 2; /* above 1 it rules nothing */
	sizing.tail_share = 0.05;
	assert_true(erlang_load_max(&sizing, 3) < 240);
}

static void slots_do_not_get_lost_in_rounding(void **state)
{
	(void)state;
	struct erlang_sizing sizing = eight_slots;

	sizing.capacity_rps = 100;
	sizing.service_sec = 0.29; /* times 100: 28.999999999999996 */
	sizing.utilisation_max = 1;
	sizing.wait_sec = 0;
	double load = erlang_load_max(&sizing, 1);
	assert_true(fabs(erlang_wait_tail(29, 100 / 29.0, load, 0) - 0.05) < 0.001);
}

/* A hundred thousand slots, and a hundred million of them. */
static void huge_services_are_sized(void **state)
{
	(void)state;
	struct erlang_sizing sizing = {.capacity_rps = 1e5,
				       .service_sec = 1,
				       .wait_sec = 0.01,
				       .tail_share = 0.01,
				       .utilisation_max = 1};

	for (int i = 0; i < 100; i++) {
		double load = erlang_load_max(&sizing, 1);
		assert_true(load > 0.99e5 && load < 1e5);
	}
	assert_int_equal(erlang_replicas(&sizing, 99e6, REPLICAS_MAX), 990 + 1);
	assert_true(fabs(erlang_c(100000, 99500) - c_by_recursion(100000, 99500)) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors),
		cmocka_unit_test(the_sum_is_the_recursion),
		cmocka_unit_test(tails_of_one_server_are_exponential),
		cmocka_unit_test(the_limit_at_one_server_less_is_smooth),
		cmocka_unit_test(edges_give_shares),
		cmocka_unit_test(overload_waits_and_nothing_does_not),
		cmocka_unit_test(more_load_waits_longer_and_more_servers_shorter),
		cmocka_unit_test(servers_are_the_fewest),
		cmocka_unit_test(more_load_never_needs_fewer_replicas),
		cmocka_unit_test(many_slots_run_hotter_than_few),
		cmocka_unit_test(the_load_that_replicas_carry_is_what_they_are_sized_for),
		cmocka_unit_test(sizing_has_ends),
		cmocka_unit_test(slots_do_not_get_lost_in_rounding),
		cmocka_unit_test(huge_services_are_sized),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
