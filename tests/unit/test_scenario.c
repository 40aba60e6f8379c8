/* What is simulated, from what the command line says. */
#include "tests/unit/unit.h"

#include "common/json.h"
#include "common/mem.h"
#include "replay/scenario.h"
#include "tests/unit/default_policy.h"

#include <errno.h>
#include <string.h>

static const struct trace_shape SHAPE = {.span_sec = 600, .mean_rps = 5, .max_rps = 10};

static struct replay_options demo(void)
{
	return (struct replay_options){
		.service = PLANT_EXPONENTIAL,
		.service_sec = 0.12,
		.service_cv = 1,
		.slots = 8,
		.peak = 8,
		.startup_sec = 10,
		.window_sec = 2,
	};
}

static int make(const struct replay_options *o, double target_p95_ms, struct scenario *ret,
		struct buf *errors)
{
	struct planner_config settings = {.policy = default_policy("adaptive")};

	settings.policy.target_p95_ms = target_p95_ms;
	buf_init(errors, 1000);
	return scenario_make(o, &settings, &SHAPE, ret, errors);
}

static struct scenario made(const struct replay_options *o, double target_p95_ms)
{
	struct scenario s;
	struct buf errors;

	assert_int_equal(make(o, target_p95_ms, &s, &errors), 0);
	assert_int_equal(errors.len, 0);
	return s;
}

static void the_highest_rate_needs_the_peak(void **state)
{
	(void)state;
	struct replay_options o = demo();
	struct scenario s = made(&o, NAN);

	assert_double_near(s.factor, sim_load_max(&s.config, 8) / 10);
	assert_double_near(s.config.span_sec, 600);
	o.peak = 0;
	assert_double_near(made(&o, NAN).factor, 1);
}

static void there_is_room_above_the_peak_unless_told(void **state)
{
	(void)state;
	struct replay_options o = demo();

	assert_int_equal(made(&o, NAN).config.policy.max_replicas, 16);
	o.peak = 3;
	assert_int_equal(made(&o, NAN).config.policy.max_replicas, 10); /* the planner's own */
	o.peak = 8;
	o.sets = (struct replay_list){.items = {"MAX_REPLICAS_=1", "MAX_REPLICAS=10"}, .n = 2};
	assert_int_equal(made(&o, NAN).config.policy.max_replicas, 10);
	o.sets.n = 1;
	assert_int_equal(made(&o, NAN).config.policy.max_replicas, 16);
}

static void the_planners_objective_is_that_of_the_measures(void **state)
{
	(void)state;
	struct replay_options o = demo();

	assert_true(isnan(made(&o, NAN).config.slo_sec));
	assert_double_near(made(&o, 500).config.slo_sec, 0.5);
}

static void probes_are_a_small_part_of_what_a_replica_carries(void **state)
{
	(void)state;
	struct replay_options o = demo();

	assert_double_near(made(&o, NAN).config.plant.probes_per_s, 10);
	o.slots = 1;
	o.service_sec = 0.5;
	assert_double_near(made(&o, NAN).config.plant.probes_per_s, 0.3);
}

static void a_start_is_not_given_up_before_it_can_end(void **state)
{
	(void)state;
	struct replay_options o = demo();

	assert_double_near(made(&o, NAN).config.ready_timeout_sec, 60);
	o.startup_sec = 300;
	assert_double_near(made(&o, NAN).config.ready_timeout_sec, 600);
}

static void what_cannot_be_simulated_is_told(void **state)
{
	(void)state;
	struct replay_options o = demo();
	struct scenario s;
	struct buf errors;

	o.window_sec = 601;
	assert_int_equal(make(&o, NAN, &s, &errors), -EINVAL);
	assert_non_null(strstr(errors.data, "600 s, which is less than a window of 601 s"));
	buf_free(&errors);

	o = demo();
	o.peak = 1;
	o.slots = 1;
	assert_int_equal(make(&o, 1, &s, &errors), -EINVAL); /* nobody may wait at all */
	assert_non_null(strstr(errors.data, "1 replicas carry no requests"));
	buf_free(&errors);
}

/* --- told, and run ---------------------------------------------------------------------------- */

static void it_says_what_is_simulated(void **state)
{
	(void)state;
	struct replay_options o = demo();
	struct scenario s = made(&o, 500);
	struct buf out;

	buf_init(&out, 1000);
	scenario_tell(&s, &SHAPE, "shop.csv", 3, &out);
	assert_non_null(strstr(buf_text(&out), "shop.csv: 0.1667 h, "));
	assert_non_null(strstr(buf_text(&out), "8 at a time, 120 ms each (exponential); 2 to 16 "));
	assert_non_null(strstr(buf_text(&out), "windows of 2 s, 10 probes a second\n"));
	assert_non_null(strstr(buf_text(&out), "start-up 10 s, 66.67 rps a replica, "
					       "objective 500 ms, 3 seeds\n"));
	buf_clear(&out);
	scenario_summary(&s, 1, &out);
	assert_non_null(strstr(buf_text(&out), "1 seed"));
	assert_null(strstr(buf_text(&out), "seeds"));
	buf_free(&out);
}

static double figure(const cJSON *o, const char *name)
{
	double value = NAN;

	assert_int_equal(json_get_num(o, name, &value), 0);
	return value;
}

static void it_says_so_to_programs(void **state)
{
	(void)state;
	struct replay_options o = demo();
	struct scenario s = made(&o, NAN);
	cJSON *told = scenario_json(&s, &SHAPE, "a\nb", 3);

	assert_string_equal(json_str(told, "trace"), "a b");
	assert_string_equal(json_str(told, "service"), "exponential");
	assert_double_near(figure(told, "max_rps"), SHAPE.max_rps * s.factor);
	assert_double_near(figure(told, "objective_ms"), 1000 * sim_slo_sec(&s.config.plant));
	assert_double_near(figure(told, "slots"), 8);
	assert_double_near(figure(told, "max_replicas"), 16);
	assert_double_near(figure(told, "seeds"), 3);
	cJSON_Delete(told);
}

/* A feed_source: ten minutes at one rate. */
static bool flat(void *at_sec, double *ret_sec, double *ret_rps)
{
	double *sec = at_sec;

	*ret_sec = *sec;
	*ret_rps = SHAPE.max_rps;
	*sec += SHAPE.span_sec;
	return *ret_sec <= SHAPE.span_sec;
}

static bool count_to_five(void *count, const struct sim_sample *sample)
{
	assert_non_null(sample);
	return ++*(int *)count < 5;
}

static void a_run_lasts_as_long_as_the_trace_or_is_ended(void **state)
{
	(void)state;
	struct replay_options o = demo();
	struct scenario s = made(&o, NAN);
	double at_sec = 0;
	int count = 0;
	struct sim_measures whole =
		scenario_run(&s, &controller_classic, 0, 1, flat, &at_sec, NULL, NULL);

	assert_double_near(whole.windows, 300);
	at_sec = 0;
	struct sim_measures part =
		scenario_run(&s, &controller_classic, 0, 1, flat, &at_sec, count_to_five, &count);
	assert_int_equal(count, 5);
	assert_double_near(part.windows, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_highest_rate_needs_the_peak),
		cmocka_unit_test(there_is_room_above_the_peak_unless_told),
		cmocka_unit_test(the_planners_objective_is_that_of_the_measures),
		cmocka_unit_test(probes_are_a_small_part_of_what_a_replica_carries),
		cmocka_unit_test(a_start_is_not_given_up_before_it_can_end),
		cmocka_unit_test(what_cannot_be_simulated_is_told),
		cmocka_unit_test(it_says_what_is_simulated),
		cmocka_unit_test(it_says_so_to_programs),
		cmocka_unit_test(a_run_lasts_as_long_as_the_trace_or_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
