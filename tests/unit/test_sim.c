/* The closed loop: what it gives the controller, what it does with what is wanted, what it
 * measures. */
#include "tests/unit/unit.h"

#include "planner/erlang.h"
#include "replay/sim.h"
#include "tests/unit/default_policy.h"

#include <string.h>

/* --- a controller that writes down what it is told and wants what it is told to want --- */

#define CALLS_MAX 64

static struct {
	double period_sec;
	int want;
	struct controller_view told[CALLS_MAX];
	int needed[CALLS_MAX];
	int wanted[CALLS_MAX];
	int n;
	bool alive;
} script;

static void *script_create(const struct controller_config *config)
{
	assert_int_equal(config->slots, 4);
	assert_int_equal(config->fixed, 3);
	script.alive = true;
	return &script;
}

static int script_step(void *memory, const struct controller_view *view, int wanted)
{
	assert_ptr_equal(memory, &script);
	assert_true(script.n < CALLS_MAX);
	script.told[script.n] = *view;
	script.needed[script.n] = view->needed[0];
	script.wanted[script.n++] = wanted;
	return script.want;
}

static void script_destroy(void *memory)
{
	assert_ptr_equal(memory, &script);
	script.alive = false;
}

static struct controller scripted(double period_sec, int want)
{
	memset(&script, 0, sizeof(script));
	script.want = want;
	return (struct controller){.name = "scripted",
				   .period_sec = period_sec,
				   .create = script_create,
				   .step = script_step,
				   .destroy = script_destroy};
}

/* --- a service of 4 slots a replica, 0.1 s each: 40 a second --- */

static struct sim_config service(double span_sec)
{
	struct sim_config c = SIM_DEFAULTS;

	c.plant.service = PLANT_FIXED;
	c.plant.service_sec = 0.1;
	c.plant.slots = 4;
	c.plant.startup_sec = 5;
	c.plant.probes_per_s = 0;
	c.policy = default_policy("adaptive");
	c.policy.min_replicas = 1;
	c.policy.max_replicas = 6;
	c.span_sec = span_sec;
	c.window_sec = 2;
	return c;
}

static double constant(void *rps, double sec)
{
	(void)sec;
	return *(double *)rps;
}

static struct sim *begin(const struct sim_config *config, const struct controller *controller,
			 double *rps)
{
	return sim_begin(config, controller, 3, 1, constant, rps);
}

static void the_objective_is_twice_the_idle_p95(void **state)
{
	(void)state;
	struct plant_config plant = {.service = PLANT_FIXED, .service_sec = 0.1, .service_cv = 1};

	assert_double_near(sim_slo_sec(&plant), 0.2);
	plant.service = PLANT_EXPONENTIAL;
	assert_double_near(sim_slo_sec(&plant), 0.2 * log(20));
	plant.service = PLANT_LOGNORMAL; /* sigma^2 = ln 2; its median is the mean over sqrt 2 */
	assert_double_near(sim_slo_sec(&plant),
			   0.2 / sqrt(2) * exp(1.6448536269514722 * sqrt(log(2))));
}

/* What is needed is what Erlang says of the replicas as they are. */
static void the_most_that_replicas_carry_needs_just_them(void **state)
{
	(void)state;
	struct sim_config c = service(100);

	c.plant.service = PLANT_EXPONENTIAL;
	for (int n = 1; n <= 5; n++) {
		double most = sim_load_max(&c, n);
		for (int i = 0; i < 2; i++) {
			double rps = most * (i == 0 ? 0.998 : 1.002);
			struct controller quiet = scripted(0, n);
			struct sim *s = begin(&c, &quiet, &rps);
			struct sim_sample sample;
			assert_true(sim_window(s, &sample));
			assert_int_equal(sample.needed, n + i);
			sim_end(s);
		}
		assert_true(erlang_wait_tail(4 * n, 10, most, sim_slo_sec(&c.plant) / 2) <=
			    0.05 + 1e-9);
	}
	c.plant.probes_per_s = 7;
	double beside_probes = sim_load_max(&c, 3);
	c.plant.probes_per_s = 0;
	assert_double_near(beside_probes, sim_load_max(&c, 3) - 7);
}

static void a_run_is_as_long_as_the_trace(void **state)
{
	(void)state;
	struct sim_config c = service(21); /* the last second is no window */
	struct controller quiet = scripted(0, 2);
	struct sim_sample sample;
	double rps = 30;
	struct sim *s = begin(&c, &quiet, &rps);
	int windows = 0;

	while (sim_window(s, &sample)) {
		windows++;
		assert_double_near(sample.sec, 2 * windows);
	}
	assert_int_equal(windows, 10);
	assert_double_near(sim_measured(s).windows, 10);
	assert_false(sim_window(s, &sample));
	sim_end(s);
	assert_false(script.alive);
}

static void a_controller_is_asked_each_period_or_the_window_after(void **state)
{
	(void)state;
	struct sim_config c = service(60);
	struct controller each15 = scripted(15, 1);
	struct sim_sample sample;
	double rps = 20;
	struct sim *s = begin(&c, &each15, &rps);

	while (sim_window(s, &sample))
		;
	assert_int_equal(script.n, 4);
	assert_double_near(script.told[0].now_sec, 16);
	assert_double_near(script.told[1].now_sec, 30);
	assert_double_near(script.told[2].now_sec, 46);
	assert_double_near(script.told[3].now_sec, 60);
	sim_end(s);
}

/* 20 a second keep 2 of 4 slots busy, and 2 requests in flight, on average. */
static void a_controller_is_told_means_since_it_was_asked(void **state)
{
	(void)state;
	struct sim_config c = service(2000);
	struct controller each1000 = scripted(1000, 2);
	struct sim_sample sample;
	double rps = 20;

	c.start_replicas = 1;
	struct sim *s = begin(&c, &each1000, &rps);
	while (sim_window(s, &sample))
		;
	assert_int_equal(script.n, 2);
	/* 20,000 arrivals: a standard deviation is 0.7 % */
	assert_true(fabs(script.told[0].utilisation - 0.50) < 0.015);
	assert_true(fabs(script.told[1].utilisation - 0.25) < 0.015);
	assert_true(fabs(script.told[1].concurrency - 2.00) < 0.06);
	assert_int_equal(script.told[0].ready, 1);
	assert_int_equal(script.told[1].ready, 2);
	sim_end(s);
}

static void what_is_wanted_stays_within_the_bounds_and_takes_a_start(void **state)
{
	(void)state;
	struct sim_config c = service(40);
	struct controller greedy = scripted(0, 99);
	struct sim_sample sample;
	double rps = 20;
	struct sim *s = begin(&c, &greedy, &rps);
	static const int ready[] = {1, 1, 1, 6, 6}; /* wanted at 2 s, ready at 7 */

	for (size_t i = 0; i < sizeof(ready) / sizeof(ready[0]); i++) {
		assert_true(sim_window(s, &sample));
		assert_int_equal(sample.wanted, 6);
		assert_int_equal(sample.ready, ready[i]);
	}
	script.want = -5;
	assert_true(sim_window(s, &sample));
	assert_int_equal(sample.wanted, 1);
	assert_true(sim_window(s, &sample));
	assert_int_equal(sample.ready, 1);
	assert_int_equal(script.wanted[6], 1);
	sim_end(s);
}

static void a_run_begins_with_what_is_needed_unless_told(void **state)
{
	(void)state;
	struct sim_config c = service(40);
	struct controller quiet = scripted(0, 1);
	struct sim_sample sample;
	double rps = 0.99 * sim_load_max(&c, 3);
	struct sim *s = begin(&c, &quiet, &rps);

	assert_true(sim_window(s, &sample));
	assert_int_equal(sample.needed, 3);
	assert_int_equal(sample.ready, 3);
	sim_end(s);
	c.start_replicas = 5;
	s = begin(&c, &quiet, &rps);
	assert_true(sim_window(s, &sample));
	assert_int_equal(sample.ready, 5);
	sim_end(s);
}

/* Of five starts at 2000 s half fail; each is tried again every 10 s until it does not. */
static void failed_starts_are_tried_again(void **state)
{
	(void)state;
	struct sim_config c = service(4000);
	struct controller greedy = scripted(2000, 6);
	struct sim_sample sample;
	double rps = 20;

	c.start_failed_share = 0.5;
	c.ready_timeout_sec = 10;
	c.start_replicas = 1;
	struct sim *s = begin(&c, &greedy, &rps);
	while (sim_window(s, &sample) && sample.sec < 2004)
		;
	assert_int_equal(sample.ready, 1);
	while (sim_window(s, &sample) && sample.sec < 2400)
		;
	assert_int_equal(sample.ready, 6); /* 39 tries: not all right but once in 2^38 */
	sim_end(s);
}

static double ramp(void *cookie, double sec)
{
	(void)cookie;
	return sec / 4;
}

/* The load rises from 0 to 150 a second: 5 replicas at the end. */
static void an_oracle_is_never_short_of_replicas(void **state)
{
	(void)state;
	struct sim_config c = service(600);
	struct sim *s = sim_begin(&c, &controller_oracle, 0, 1, ramp, NULL);
	struct sim_sample sample;
	int needed = 1;

	while (sim_window(s, &sample)) {
		assert_true(sample.ready >= sample.needed);
		assert_true(sample.needed >= needed);
		needed = sample.needed;
	}
	struct sim_measures m = sim_measured(s);
	assert_int_equal(needed, 5);
	assert_double_near(m.tau_u, 0);
	assert_true(m.cost > 1 && m.cost < 1.03); /* starts of 5 s, four times in 600 */
	assert_double_near(m.ups, 4);
	sim_end(s);
}

static struct sim_measures measured(uint64_t seed, const char *name)
{
	struct sim_config c = service(300);
	struct sim_sample sample;
	int fixed;
	const struct controller *controller = controller_find(name, &fixed);
	struct sim *s = sim_begin(&c, controller, fixed, seed, ramp, NULL);

	while (sim_window(s, &sample))
		;
	struct sim_measures m = sim_measured(s);
	sim_end(s);
	return m;
}

static void the_same_seed_gives_the_same_run_and_the_same_requests_to_all(void **state)
{
	(void)state;
	struct sim_measures first = measured(1, "adaptive");
	struct sim_measures again = measured(1, "adaptive");
	struct sim_measures other = measured(2, "adaptive");
	struct sim_measures fixed = measured(1, "static:6");
	struct sim_measures oracle = measured(1, "oracle");

	assert_memory_equal(&first, &again, sizeof(first));
	assert_true(first.requests != other.requests);
	assert_true(fabs(oracle.requests - fixed.requests) < 10); /* but for those still in it */
	assert_double_near(fixed.psi_w, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_objective_is_twice_the_idle_p95),
		cmocka_unit_test(the_most_that_replicas_carry_needs_just_them),
		cmocka_unit_test(a_run_is_as_long_as_the_trace),
		cmocka_unit_test(a_controller_is_asked_each_period_or_the_window_after),
		cmocka_unit_test(a_controller_is_told_means_since_it_was_asked),
		cmocka_unit_test(what_is_wanted_stays_within_the_bounds_and_takes_a_start),
		cmocka_unit_test(a_run_begins_with_what_is_needed_unless_told),
		cmocka_unit_test(failed_starts_are_tried_again),
		cmocka_unit_test(an_oracle_is_never_short_of_replicas),
		cmocka_unit_test(the_same_seed_gives_the_same_run_and_the_same_requests_to_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
