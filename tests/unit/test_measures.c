/* What a run came to, against sums made by hand. */
#include "tests/unit/unit.h"

#include "replay/measures.h"

#include <string.h>

/* Windows of 2 s.  needed, ready: 4,4 - 4,2 - 4,6 - 2,2 with a change within the third: 5 on
 * average. */
static const struct plant_window SEEN[] = {
	{.completed = 100, .over = 5, .p95_sec = 0.2, .replica_sec = 8, .ready_sec = 8},
	{.completed = 90,
	 .failed = 10,
	 .over = 30,
	 .p95_sec = 0.9,
	 .replica_sec = 12,
	 .ready_sec = 4},
	{.completed = 99,
	 .failed = 1,
	 .over = 6,
	 .p95_sec = 0.1,
	 .replica_sec = 12,
	 .ready_sec = 10},
	{.replica_sec = 4, .ready_sec = 4},
};
static const int NEEDED[] = {4, 4, 4, 2};
static const int WANTED[] = {6, 6, 2, 3};

static struct sim_measures four_windows(void)
{
	struct measures m;

	measures_begin(&m, 4);
	for (int i = 0; i < 4; i++)
		measures_add(&m, &(struct measures_window){.seen = &SEEN[i],
							   .sec = 2,
							   .slo_sec = 0.5,
							   .needed = NEEDED[i],
							   .wanted = WANTED[i]});
	return measures_end(&m);
}

static void windows_and_requests_over_the_objective_are_shares(void **state)
{
	(void)state;
	struct sim_measures m = four_windows();

	assert_double_near(m.windows, 4);
	assert_double_near(m.psi_w, 2.0 / 4);
	assert_double_near(m.requests, 300);
	assert_double_near(m.psi, 41.0 / 300);
	assert_double_near(m.failed, 11);
}

static void supply_is_compared_with_demand_over_time(void **state)
{
	(void)state;
	struct sim_measures m = four_windows();

	assert_double_near(m.theta_u, (2.0 / 4) / 4);
	assert_double_near(m.theta_o, (1.0 / 4) / 4);
	assert_double_near(m.tau_u, 1.0 / 4);
	assert_double_near(m.tau_o, 1.0 / 4);
}

static void cost_is_all_that_ran_over_what_was_needed(void **state)
{
	(void)state;
	struct sim_measures m = four_windows();

	assert_double_near(m.replica_hours, 36.0 / 3600);
	assert_double_near(m.oracle_replica_hours, 28.0 / 3600);
	assert_double_near(m.cost, 36.0 / 28);
}

/* 4 to 6, 6 to 2, 2 to 3 in 8 s: both of the latter turn. */
static void changes_and_turns_are_counted_by_the_hour(void **state)
{
	(void)state;
	struct sim_measures m = four_windows();

	assert_double_near(m.ups, 2);
	assert_double_near(m.downs, 1);
	assert_double_near(m.adaptations_per_hour, 3 * 450.0);
	assert_double_near(m.reversals_per_hour, 2 * 450.0);
	assert_double_near(m.settled_sec, 8);
}

static void a_window_is_over_when_more_than_one_in_twenty_missed(void **state)
{
	(void)state;
	struct plant_window w = {.completed = 100, .over = 5, .p95_sec = 9};

	assert_false(measures_over(&w, 0.5));
	w.over = 6;
	assert_true(measures_over(&w, 0.5));
	w = (struct plant_window){.completed = 18, .failed = 2, .over = 2, .p95_sec = 0.1};
	assert_true(measures_over(&w, 0.5));
	w = (struct plant_window){.failed = 3, .over = 3};
	assert_true(measures_over(&w, 0.5));
}

static void a_window_without_answers_goes_by_those_that_wait(void **state)
{
	(void)state;
	struct plant_window w = {.p95_sec = 0.6};

	assert_true(measures_over(&w, 0.5));
	w.p95_sec = 0;
	assert_false(measures_over(&w, 0.5));
}

static void nothing_measured_is_no_number(void **state)
{
	(void)state;
	struct measures m;

	measures_begin(&m, 1);
	struct sim_measures of = measures_end(&m);
	assert_true(isnan(of.psi_w) && isnan(of.psi) && isnan(of.cost) && isnan(of.tau_u));
	assert_double_near(of.ups, 0);
}

static void seeds_are_summed_up_figure_by_figure(void **state)
{
	(void)state;
	const struct sim_measures runs[] = {
		{.psi_w = 0.3, .cost = 1.0, .ups = 1, .psi = NAN},
		{.psi_w = 0.1, .cost = 1.4, .ups = 5},
		{.psi_w = 0.2, .cost = 1.1, .ups = 2},
	};
	struct sim_measures median = measures_median(runs, 3);
	struct sim_measures worst = measures_worst(runs, 3);

	assert_double_near(median.psi_w, 0.2);
	assert_double_near(median.cost, 1.1);
	assert_double_near(median.ups, 2);
	assert_double_near(worst.psi_w, 0.3);
	assert_double_near(worst.cost, 1.4);
	assert_double_near(worst.ups, 5);
	assert_true(isnan(median.psi) && isnan(worst.psi));
	assert_double_near(measures_median(runs + 1, 2).cost, 1.25);
}

/* A figure that the table forgets would be left out of every output, and undefined in a median. */
static void every_figure_is_in_the_table_once(void **state)
{
	(void)state;
	bool told[sizeof(struct sim_measures) / sizeof(double)] = {false};
	size_t n = 0;

	for (const struct measure *m = measures_all; m->name; m++, n++) {
		assert_false(told[m->offset / sizeof(double)]);
		told[m->offset / sizeof(double)] = true;
	}
	assert_int_equal(n, sizeof(told) / sizeof(told[0]));
	assert_double_near(measure_value(&measures_all[1], &(struct sim_measures){.cost = 7}), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_and_requests_over_the_objective_are_shares),
		cmocka_unit_test(supply_is_compared_with_demand_over_time),
		cmocka_unit_test(cost_is_all_that_ran_over_what_was_needed),
		cmocka_unit_test(changes_and_turns_are_counted_by_the_hour),
		cmocka_unit_test(a_window_is_over_when_more_than_one_in_twenty_missed),
		cmocka_unit_test(a_window_without_answers_goes_by_those_that_wait),
		cmocka_unit_test(nothing_measured_is_no_number),
		cmocka_unit_test(seeds_are_summed_up_figure_by_figure),
		cmocka_unit_test(every_figure_is_in_the_table_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
