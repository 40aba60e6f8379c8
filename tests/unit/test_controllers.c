/* Each comparator against sequences worked out by hand from its published rule (scaling.md names
 * the constants), and the planner's own policies in the same shape. */
#include "tests/unit/unit.h"

#include "replay/controllers.h"
#include "tests/unit/default_policy.h"

#include <stdlib.h>

/* A controller that is asked each period; what it wanted last. */
struct subject {
	const struct controller *controller;
	void *memory;
	double now_sec;
	int wanted;
};

static struct subject begin(const struct controller *controller, int slots, int fixed, int wanted)
{
	static struct policy_config policy;

	policy = default_policy("adaptive");
	return (struct subject){
		.controller = controller,
		.memory = controller->create(&(struct controller_config){
			.policy = &policy, .slots = slots, .fixed = fixed}),
		.wanted = wanted,
	};
}

static void end(struct subject *s)
{
	s->controller->destroy(s->memory);
}

/* All that are wanted are ready. */
static int told(struct subject *s, double utilisation, double concurrency)
{
	s->now_sec += s->controller->period_sec;
	s->wanted = s->controller->step(s->memory,
					&(struct controller_view){.now_sec = s->now_sec,
								  .utilisation = utilisation,
								  .concurrency = concurrency,
								  .ready = s->wanted},
					s->wanted);
	return s->wanted;
}

static int busy(struct subject *s, double utilisation)
{
	return told(s, utilisation, 0);
}

static int crowd(struct subject *s, double concurrency)
{
	return told(s, 0, concurrency);
}

/* --- hpa: target 70 % --- */

static void hpa_keeps_within_a_tenth_of_the_target(void **state)
{
	(void)state;
	struct subject s = begin(&controller_hpa, 1, 0, 10);

	assert_int_equal(busy(&s, 0.70), 10);
	assert_int_equal(busy(&s, 0.76), 10); /* 1.086 */
	assert_int_equal(busy(&s, 0.64), 10); /* 0.914 */
	assert_int_equal(busy(&s, 0.78), 12); /* 1.114: ceil(11.14) */
	end(&s);
}

static void hpa_goes_up_at_once_by_four_or_twice(void **state)
{
	(void)state;
	struct subject s = begin(&controller_hpa, 1, 0, 2);
	struct controller_view v = {.now_sec = 15, .utilisation = 1, .ready = 12};

	assert_int_equal(busy(&s, 1), 3); /* ceil(2.86) */
	/* ready and wanted apart: ceil(17.1) from 3 is limited to 3 + 4, from 6 to 2 * 6 */
	assert_int_equal(controller_hpa.step(s.memory, &v, 3), 7);
	assert_int_equal(controller_hpa.step(s.memory, &v, 6), 12);
	end(&s);
}

static void hpa_goes_down_to_the_most_recommended_in_300_s(void **state)
{
	(void)state;
	struct subject s = begin(&controller_hpa, 1, 0, 10);

	for (int i = 0; i < 10; i++)
		assert_int_equal(busy(&s, 0.35), 10); /* recommends 5; the 10 at first count */
	assert_int_equal(busy(&s, 0.48), 10);         /* 7 */
	for (int i = 0; i < 9; i++)
		assert_int_equal(busy(&s, 0.35), 10);
	assert_int_equal(busy(&s, 0.35), 7); /* 300 s after the first */
	for (int i = 0; i < 9; i++)
		assert_int_equal(busy(&s, 0.35), 7); /* recommends 4 */
	assert_int_equal(busy(&s, 0.35), 5);         /* of the 5 still in it */
	end(&s);
}

static void hpa_records_what_it_keeps(void **state)
{
	(void)state;
	struct subject s = begin(&controller_hpa, 1, 0, 10);

	busy(&s, 0.35);
	busy(&s, 0.70); /* within the tolerance: 10 */
	for (int i = 0; i < 19; i++)
		assert_int_equal(busy(&s, 0.35), 10);
	assert_int_equal(busy(&s, 0.35), 5);
	end(&s);
}

static void hpa_needs_no_metrics_to_stay(void **state)
{
	(void)state;
	struct subject s = begin(&controller_hpa, 1, 0, 4);

	assert_int_equal(busy(&s, NAN), 4);
	end(&s);
}

/* --- kpa: 10 at a time, so 7 a replica --- */

static void kpa_sizes_by_the_mean_of_a_minute(void **state)
{
	(void)state;
	struct subject s = begin(&controller_kpa, 10, 0, 3);

	assert_int_equal(crowd(&s, 20), 3); /* ceil(20 / 7) */
	assert_int_equal(crowd(&s, 24), 4); /* 22 / 7 = 3.14 */
	for (int i = 0; i < 28; i++)
		crowd(&s, 24);
	/* 30 points: 20, 24 and 28 of 24: 716 / 30 = 23.87 */
	assert_int_equal(s.wanted, 4);
	assert_int_equal(crowd(&s, 10), 4); /* 23.5 / 7 = 3.4 */
	end(&s);
}

static void kpa_panics_on_twice_what_is_ready(void **state)
{
	(void)state;
	struct subject s = begin(&controller_kpa, 10, 0, 2);

	for (int i = 0; i < 27; i++)
		assert_int_equal(crowd(&s, 14), 2);
	/* 6 s: (14 + 14 + 70) / 3 = 32.7, 5 of 2 replicas are panic: 2.5 times */
	assert_int_equal(crowd(&s, 70), 5);
	/* (14 + 70 + 70) / 3 = 51.3: 8 */
	assert_int_equal(crowd(&s, 70), 8);
	for (int i = 0; i < 29; i++)
		assert_int_equal(crowd(&s, 14), 8); /* never down in it, 60 s from its last cause */
	assert_int_equal(crowd(&s, 14), 4);
	end(&s);
}

static void kpa_leaves_panic_after_a_minute_without_cause_by_halves(void **state)
{
	(void)state;
	struct subject s = begin(&controller_kpa, 10, 0, 8);

	crowd(&s, 8 * 14 + 1); /* 113 / 7: 17 of 8 */
	assert_int_equal(s.wanted, 17);
	for (int i = 0; i < 30; i++)
		assert_int_equal(crowd(&s, 7), 17); /* up to 60 s later */
	assert_int_equal(crowd(&s, 7), 8);          /* 1 would do: floor(17 / 2) */
	assert_int_equal(crowd(&s, 7), 4);
	assert_int_equal(crowd(&s, 7), 2);
	assert_int_equal(crowd(&s, 7), 1);
	end(&s);
}

/* --- aws: target 70 %, points of a minute --- */

static void aws_goes_up_on_the_third_high_point_in_a_row(void **state)
{
	(void)state;
	struct subject s = begin(&controller_aws, 1, 0, 4);

	assert_int_equal(busy(&s, 0.9), 4);
	assert_int_equal(busy(&s, 0.9), 4);
	assert_int_equal(busy(&s, 0.7), 4); /* not above */
	assert_int_equal(busy(&s, 0.9), 4);
	assert_int_equal(busy(&s, 0.9), 4);
	assert_int_equal(busy(&s, 0.8), 5); /* ceil(4 * 0.8 / 0.7 = 4.57) */
	for (int i = 0; i < 4; i++)
		assert_int_equal(busy(&s, 1), 5); /* 300 s */
	assert_int_equal(busy(&s, 1), 8);         /* ceil(7.14) */
	end(&s);
}

static void aws_goes_down_on_the_fifteenth_low_point_in_a_row(void **state)
{
	(void)state;
	struct subject s = begin(&controller_aws, 1, 0, 8);

	for (int i = 0; i < 14; i++)
		assert_int_equal(busy(&s, 0.3), 8);
	assert_int_equal(busy(&s, 0.65), 8); /* not below 63 % */
	for (int i = 0; i < 14; i++)
		assert_int_equal(busy(&s, 0.3), 8);
	assert_int_equal(busy(&s, 0.3), 4); /* ceil(3.43) */
	end(&s);
}

/* --- step, static, oracle --- */

static void step_goes_by_one_a_minute(void **state)
{
	(void)state;
	struct subject s = begin(&controller_step, 1, 0, 4);

	assert_double_near(controller_step.period_sec, 60);
	assert_int_equal(busy(&s, 0.86), 5);
	assert_int_equal(busy(&s, 0.85), 5);
	assert_int_equal(busy(&s, 0.25), 5);
	assert_int_equal(busy(&s, 0.24), 4);
	assert_int_equal(busy(&s, NAN), 4);
	end(&s);
}

static void static_stays_where_it_was_put(void **state)
{
	(void)state;
	struct subject s = begin(&controller_static, 1, 7, 3);

	assert_int_equal(busy(&s, 1), 7);
	assert_int_equal(busy(&s, 0), 7);
	end(&s);
}

static void oracle_wants_the_most_that_is_needed_within_a_start(void **state)
{
	(void)state;
	struct subject s = begin(&controller_oracle, 1, 0, 1);
	const int needed[] = {3, 5, 4};
	struct controller_view v = {.needed = needed, .needed_n = 3};

	assert_int_equal(controller_oracle.step(s.memory, &v, 1), 5);
	v.needed_n = 1;
	assert_int_equal(controller_oracle.step(s.memory, &v, 5), 3);
	end(&s);
}

/* --- the planner's own --- */

/* One replica where MIN_REPLICAS is 2: the adaptive policy adds one at once, the classic one waits.
 */
static void the_planners_own_policies_are_called_with_the_window(void **state)
{
	(void)state;
	static const struct {
		const struct controller *controller;
		int wants;
	} policies[] = {{&controller_adaptive, 2}, {&controller_classic, 1}};

	for (int i = 0; i < 2; i++) {
		const struct plant_window w = {.now_ms = 1000,
					       .input = {.p95_ms = 100,
							 .success_rate = 1,
							 .requests = 20,
							 .window_sec = 2,
							 .age_sec = NAN,
							 .replicas = 1,
							 .ready = 1}};
		const struct controller_view v = {.now_sec = 2, .ready = 1, .window = &w};
		struct subject s = begin(policies[i].controller, 8, 0, 1);
		assert_int_equal(s.controller->step(s.memory, &v, 1), policies[i].wants);
		end(&s);
	}
}

/* --- by name --- */

static void names_are_found_whole(void **state)
{
	(void)state;
	int fixed;

	assert_ptr_equal(controller_find("adaptive", &fixed), &controller_adaptive);
	assert_ptr_equal(controller_find("oracle", &fixed), &controller_oracle);
	assert_ptr_equal(controller_find("static:12", &fixed), &controller_static);
	assert_int_equal(fixed, 12);
	static const char *const none[] = {
		"",         "hp",        "hpa2",      "HPA",
		"static",   "static:",   "static:0",  "static:-1",
		"static:x", "static:3 ", "static:+3", "static:99999999999999999999"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_null(controller_find(none[i], &fixed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hpa_keeps_within_a_tenth_of_the_target),
		cmocka_unit_test(hpa_goes_up_at_once_by_four_or_twice),
		cmocka_unit_test(hpa_goes_down_to_the_most_recommended_in_300_s),
		cmocka_unit_test(hpa_records_what_it_keeps),
		cmocka_unit_test(hpa_needs_no_metrics_to_stay),
		cmocka_unit_test(kpa_sizes_by_the_mean_of_a_minute),
		cmocka_unit_test(kpa_panics_on_twice_what_is_ready),
		cmocka_unit_test(kpa_leaves_panic_after_a_minute_without_cause_by_halves),
		cmocka_unit_test(aws_goes_up_on_the_third_high_point_in_a_row),
		cmocka_unit_test(aws_goes_down_on_the_fifteenth_low_point_in_a_row),
		cmocka_unit_test(step_goes_by_one_a_minute),
		cmocka_unit_test(static_stays_where_it_was_put),
		cmocka_unit_test(oracle_wants_the_most_that_is_needed_within_a_start),
		cmocka_unit_test(the_planners_own_policies_are_called_with_the_window),
		cmocka_unit_test(names_are_found_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
