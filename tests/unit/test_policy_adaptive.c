/* The adaptive policy in a closed loop with a service that answers to what it decides. */
#include "tests/unit/unit.h"

#include <string.h>

#include "tests/unit/closed_loop.h"

#define DAY_SEC (24 * 3600.0)

/* One percent of the requests take 200 ms longer: noise, no reason for anything. */
static const struct plant_fault noise = {.slow_share = 0.01, .slow_sec = 0.2};
static const struct plant_fault outage = {.failed_share = 1};
static const struct plant_fault hang = {.hung = true};
static const struct plant_fault slow_dependency = {.extra_sec = 1};
static const struct plant_fault none = {0};

static const char *const roomy[] = {"MAX_REPLICAS", "20", "DOWN_HOLD_SEC", "60", NULL};

static void start(struct loop *l, int replicas, double window_sec, const char *const *settings)
{
	const struct plant_config app = loop_app();

	loop_init(l, &app, replicas, window_sec, settings);
}

/* A loop that has seen an overload, knows what a replica carries, and is back at 2 replicas. */
static void start_experienced(struct loop *l, double window_sec, const char *const *settings)
{
	start(l, 2, window_sec, settings);
	loop_run(l, 120, 20);
	for (double rps = 20; rps < 200; rps += window_sec) /* slowly: it is two long enough */
		loop_window(l, rps);
	loop_run(l, 900, 20);
	assert_int_equal(l->w.input.replicas, 2);
	assert_false(isnan(loop_estimate(l, "capacity_rps")));
}

static void constant_load_is_left_alone(void **state)
{
	(void)state;
	struct loop l;

	for (int replicas = 2; replicas <= 4; replicas += 2) {
		start(&l, replicas, 3, roomy);
		plant_set_fault(l.plant, &noise);
		loop_run(&l, 3 * DAY_SEC, 20);
		assert_int_equal(l.ups, 0);
		assert_in_range(l.downs, 0, 2);
		loop_free(&l);
	}
}

static void constant_load_is_left_alone_once_capacity_is_known(void **state)
{
	(void)state;
	struct loop l;

	start_experienced(&l, 3, roomy);
	loop_run(&l, 300, 100);
	l.ups = l.downs = 0;
	plant_set_fault(l.plant, &noise);
	loop_run(&l, DAY_SEC, 100);
	assert_in_range(l.ups + l.downs, 0, 2);
	loop_free(&l);
}

/* What the law before this one makes of the same, so that the two tests above are known to be able
 * to fail. */
static void constant_load_makes_the_classic_law_flap(void **state)
{
	(void)state;
	static const char *const classic[] = {"PLANNER_POLICY", "classic", NULL};
	struct loop l;

	start(&l, 2, 3, classic);
	plant_set_fault(l.plant, &noise);
	loop_run(&l, 3600, 20);
	assert_true(l.ups + l.downs > 10);
	loop_free(&l);
}

static void tenfold_arrivals_are_answered_within_two_windows(void **state)
{
	(void)state;
	static const double windows_sec[] = {1, 3};
	struct loop l;

	for (size_t i = 0; i < 2; i++) {
		start_experienced(&l, windows_sec[i], roomy);
		l.ups = 0;
		loop_run(&l, 2 * windows_sec[i], 200);
		assert_in_range(l.d.replicas, 4, 5); /* 200 of 66 each, a tenth of it probes */
		assert_in_range(l.ups, 1, 2);

		int asked = l.d.replicas;
		loop_run(&l, 50, 200);
		assert_int_equal(l.d.replicas, asked);
		assert_true(l.w.p95_sec < 0.24);
		loop_free(&l);
	}
}

/* Load that is gone, so that going down is right, but for what strikes then. */
static void start_too_big(struct loop *l)
{
	start_experienced(l, 3, roomy);
	loop_run(l, 90, 300);
	assert_true(l->w.input.replicas >= 5);
	loop_run(l, 45, 20);
	l->downs = 0;
}

static void load_that_is_gone_is_followed_down(void **state)
{
	(void)state;
	struct loop l;

	start_too_big(&l);
	loop_run(&l, 600, 20);
	assert_true(l.downs >= 1);
	assert_int_equal(l.w.input.replicas, 2);
	loop_free(&l);
}

static void failing_and_hung_services_are_not_scaled_down(void **state)
{
	(void)state;
	const struct plant_fault *faults[] = {&outage, &hang};
	struct loop l;

	for (size_t i = 0; i < 2; i++) {
		start_too_big(&l);
		plant_set_fault(l.plant, faults[i]);
		loop_run(&l, 600, 20);
		assert_int_equal(l.downs, 0);

		plant_set_fault(l.plant, &none);
		loop_run(&l, 55, 20);
		assert_int_equal(l.downs, 0); /* the hold begins anew */
		loop_run(&l, 600, 20);
		assert_int_equal(l.w.input.replicas, 2);
		loop_free(&l);
	}
}

static void a_gap_in_the_windows_is_no_reason_to_scale_down(void **state)
{
	(void)state;
	struct loop l;
	struct plant_window unseen;

	start_too_big(&l);
	plant_run(l.plant, 600, 20, 0.24, &unseen); /* the monitor is away */
	loop_run(&l, 55, 20);
	assert_int_equal(l.downs, 0);
	loop_run(&l, 600, 20);
	assert_int_equal(l.w.input.replicas, 2);
	loop_free(&l);
}

static void missing_traffic_figures_are_no_reason_to_scale_down(void **state)
{
	(void)state;
	struct loop l;

	start_too_big(&l);
	for (int i = 0; i < 90; i++) {
		plant_run(l.plant, 3, 20, 0.24, &l.w);
		l.w.input.traffic.present = false;
		loop_decide(&l, &l.w.input);
	}
	assert_int_equal(l.downs, 0);
	assert_string_equal(l.d.decided_by, "data_good");
	loop_free(&l);
}

static void additions_that_do_not_help_end_and_are_given_back(void **state)
{
	(void)state;
	struct plant_config app = loop_app();
	struct loop l;

	for (int telemetry = 0; telemetry <= 1; telemetry++) {
		app.telemetry = telemetry;
		loop_init(&l, &app, 2, 3, roomy);
		loop_run(&l, 300, 20);
		plant_set_fault(l.plant, &slow_dependency);
		loop_run(&l, 1500, 20);
		assert_int_equal(l.ups, l.settings.policy.futility_limit);
		assert_int_equal(l.downs, 1);
		assert_int_equal(l.w.input.replicas, 2);
		assert_non_null(strstr(l.actions[l.actions_n - 1].why, "futility"));
		loop_free(&l);
	}
}

static void real_overload_is_not_called_futile(void **state)
{
	(void)state;
	struct loop l;

	start(&l, 2, 1, roomy);
	loop_run(&l, 60, 20);
	loop_run(&l, 300, 600);
	assert_true(l.w.p95_sec < 0.24);
	assert_int_equal(l.downs, 0);
	loop_free(&l);
}

static void overload_at_the_start_is_seen_without_a_baseline(void **state)
{
	(void)state;
	struct loop l;

	start(&l, 2, 3, roomy);
	loop_run(&l, 60, 200);
	assert_in_range(l.w.input.replicas, 4, 5);
	loop_run(&l, 60, 200);
	assert_true(l.w.p95_sec < 0.24);
	assert_true(l.d.baseline_ms < 240);
	loop_free(&l);
}

static void overload_is_never_normal(void **state)
{
	(void)state;
	static const char *const tight[] = {"MAX_REPLICAS", "2", NULL};
	struct loop l;

	start(&l, 2, 3, tight);
	loop_run(&l, 120, 20);
	double baseline_ms = l.d.baseline_ms;
	loop_run(&l, 1200, 200);
	assert_true(l.d.over_slo);
	assert_true(fabs(l.d.baseline_ms - baseline_ms) < 1);
	assert_string_equal(l.d.decided_by, "room_above");
	loop_free(&l);
}

static void the_demo_surge_is_over_in_seconds(void **state)
{
	(void)state;
	static const char *const demo[] = {"MAX_REPLICAS", "6", NULL};
	struct plant_config app = loop_app();
	struct loop l;
	int slow = 0;

	app.probes_per_s = 20;
	loop_init(&l, &app, 2, 1, demo);
	loop_run(&l, 60, 20);
	assert_int_equal(l.actions_n, 0);
	for (int i = 0; i < 120; i++) {
		loop_window(&l, 150);
		slow += l.w.p95_sec >= 2 * 0.12;
	}
	assert_in_range(slow, 0, 7);
	assert_in_range(l.w.input.replicas, 3, 4);
	assert_in_range(l.ups, 1, 2);
	loop_run(&l, 180, 20);
	assert_int_equal(l.w.input.replicas, 2);
	loop_free(&l);
}

static void what_is_pending_is_not_asked_for_again(void **state)
{
	(void)state;
	static const char *const settings[] = {"CAPACITY_RPS", "60", "BACKLOG_DRAIN_SEC", "0",
					       NULL};
	struct plant_config app = loop_app();
	struct loop l;

	app.startup_sec = 45;
	loop_init(&l, &app, 2, 3, settings);
	loop_run(&l, 120, 20);
	assert_int_equal(l.ups, 0);
	loop_run(&l, 40, 190);
	assert_int_equal(l.ups, 1);
	assert_int_equal(l.w.input.ready, 2);
	assert_true(l.w.p95_sec > 1); /* which is what the first plan is about */
	loop_free(&l);
}

static void a_plan_that_nobody_carries_out_is_repeated(void **state)
{
	(void)state;
	struct loop l;

	start_experienced(&l, 3, roomy);
	l.dead_executor = true;
	l.ups = 0;
	loop_run(&l, 300, 150);
	assert_in_range(l.ups, 5, 30);
	l.dead_executor = false;
	loop_run(&l, 60, 150);
	assert_true(l.w.input.replicas >= 3);
	loop_free(&l);
}

static void a_refused_plan_leaves_nothing_pending(void **state)
{
	(void)state;
	struct loop l;

	start_experienced(&l, 3, roomy);
	l.dead_executor = true;
	while (l.d.action != ACTION_SCALE_UP)
		loop_window(&l, 200);
	policy_result(l.state, 2, false);
	loop_window(&l, 200);
	assert_int_equal(l.d.action, ACTION_SCALE_UP);
	loop_free(&l);
}

/* Whether the executor refuses or is not there: nothing was tried, so nothing was shown to be
 * futile, and overload is not taken for normal. */
static void additions_that_never_came_are_not_called_futile(void **state)
{
	(void)state;
	struct plant_config app = loop_app();
	struct loop l;

	app.telemetry = false;
	for (int answers = 0; answers <= 1; answers++) {
		loop_init(&l, &app, 3, 3, roomy);
		loop_run(&l, 120, 20);
		l.dead_executor = true;
		for (int i = 0; i < 300; i++) {
			loop_window(&l, 260);
			if (answers && l.d.action == ACTION_SCALE_UP)
				policy_result(l.state, 3, false);
			assert_string_not_equal(l.d.decided_by, "futility");
		}
		assert_true(l.ups > l.settings.policy.futility_limit);
		assert_int_equal(l.downs, 0);
		assert_true(l.d.baseline_ms < 240);
		loop_free(&l);
	}
}

static void bounds_are_put_right_at_once(void **state)
{
	(void)state;
	static const char *const bounds[] = {"MIN_REPLICAS", "3", "MAX_REPLICAS", "5", NULL};
	static const struct {
		int replicas, asked;
		enum message_action action;
	} cases[] = {{1, 3, ACTION_SCALE_UP}, {9, 5, ACTION_SCALE_DOWN}, {4, 4, ACTION_NOOP}};
	struct loop l;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(&l, cases[i].replicas, 3, bounds);
		loop_window(&l, 20);
		assert_int_equal(l.d.action, cases[i].action);
		assert_int_equal(l.d.replicas, cases[i].asked);
		loop_free(&l);
	}
}

static void no_more_than_the_down_rate_goes_at_once(void **state)
{
	(void)state;
	static const char *const slowly[] = {"MAX_REPLICAS", "20", "DOWN_RATE", "0.25", NULL};
	struct loop l;

	start_experienced(&l, 3, slowly);
	loop_run(&l, 120, 700);
	assert_true(l.w.input.replicas >= 11);
	int had = l.w.input.replicas;
	l.downs = 0;
	while (l.downs < 1)
		loop_window(&l, 20);
	assert_true(l.d.replicas >= had - had / 4);
	loop_free(&l);
}

/* Load that comes and goes faster than replicas are worth: after the budget is used up, they stay.
 */
static void the_flap_budget_lengthens_the_hold(void **state)
{
	(void)state;
	static const char *const no_budget[] = {"MAX_REPLICAS", "20", "FLAP_BUDGET", "0", NULL};
	const char *const *settings[] = {no_budget, roomy};
	int actions[2];
	struct loop l;

	for (size_t i = 0; i < 2; i++) {
		start_experienced(&l, 3, settings[i]);
		l.ups = l.downs = 0;
		for (int wave = 0; wave < 20; wave++) {
			loop_run(&l, 120, 20);
			loop_run(&l, 60, 200);
		}
		actions[i] = l.ups + l.downs;
		loop_free(&l);
	}
	assert_true(actions[1] < actions[0] / 2);
}

/* What a part does is gone when its setting turns it off. */
static void each_part_can_be_turned_off(void **state)
{
	(void)state;
	struct loop l;
	static const char *const no_feed[] = {"FEED_FORWARD", "false", NULL};
	static const char *const no_guard[] = {"LATENCY_GUARD", "false", "FEED_FORWARD", "false",
					       NULL};
	static const char *const no_hold[] = {"MAX_REPLICAS", "20", "DOWN_HOLD_SEC", "0", NULL};
	static const char *const no_futility[] = {"FUTILITY_LIMIT", "0", NULL};
	static const char *const capacity[] = {"CAPACITY_RPS", "66", NULL};

	start(&l, 2, 3, no_feed);
	loop_run(&l, 120, 20);
	loop_run(&l, 60, 150);
	assert_true(l.ups > 0);
	for (int i = 0; i < l.actions_n; i++)
		assert_non_null(strstr(l.actions[i].why, "latency_guard"));
	loop_free(&l);

	start(&l, 2, 3, no_guard);
	loop_run(&l, 120, 20);
	loop_run(&l, 60, 150);
	assert_int_equal(l.ups, 0);
	loop_free(&l);

	start_experienced(&l, 3, no_hold);
	loop_run(&l, 90, 300);
	l.downs = 0;
	loop_run(&l, 75, 20); /* no longer than the long mean takes */
	assert_true(l.downs > 0);
	loop_free(&l);

	start(&l, 2, 3, no_futility);
	loop_run(&l, 300, 20);
	plant_set_fault(l.plant, &slow_dependency);
	loop_run(&l, 1500, 20);
	assert_int_equal(l.w.input.replicas, 10);
	loop_free(&l);

	start(&l, 2, 3, capacity);
	loop_run(&l, 30, 150);
	assert_int_equal(l.actions[0].window, 1); /* without having seen an overload */
	assert_non_null(strstr(l.actions[0].why, "feed_forward"));
	loop_free(&l);
}

static void probes_alone_do(void **state)
{
	(void)state;
	struct plant_config app = loop_app();
	struct loop l;

	app.telemetry = false;
	loop_init(&l, &app, 2, 3, roomy);
	loop_run(&l, 120, 20);
	assert_int_equal(l.actions_n, 0);
	loop_run(&l, 120, 190);
	assert_true(l.w.p95_sec < 0.24);
	assert_true(l.w.input.replicas >= 3);
	loop_run(&l, 7200, 20);
	assert_int_equal(l.w.input.replicas, 2);
	loop_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constant_load_is_left_alone),
		cmocka_unit_test(constant_load_is_left_alone_once_capacity_is_known),
		cmocka_unit_test(constant_load_makes_the_classic_law_flap),
		cmocka_unit_test(tenfold_arrivals_are_answered_within_two_windows),
		cmocka_unit_test(load_that_is_gone_is_followed_down),
		cmocka_unit_test(failing_and_hung_services_are_not_scaled_down),
		cmocka_unit_test(a_gap_in_the_windows_is_no_reason_to_scale_down),
		cmocka_unit_test(missing_traffic_figures_are_no_reason_to_scale_down),
		cmocka_unit_test(additions_that_do_not_help_end_and_are_given_back),
		cmocka_unit_test(real_overload_is_not_called_futile),
		cmocka_unit_test(overload_at_the_start_is_seen_without_a_baseline),
		cmocka_unit_test(overload_is_never_normal),
		cmocka_unit_test(the_demo_surge_is_over_in_seconds),
		cmocka_unit_test(what_is_pending_is_not_asked_for_again),
		cmocka_unit_test(a_plan_that_nobody_carries_out_is_repeated),
		cmocka_unit_test(a_refused_plan_leaves_nothing_pending),
		cmocka_unit_test(additions_that_never_came_are_not_called_futile),
		cmocka_unit_test(bounds_are_put_right_at_once),
		cmocka_unit_test(no_more_than_the_down_rate_goes_at_once),
		cmocka_unit_test(the_flap_budget_lengthens_the_hold),
		cmocka_unit_test(each_part_can_be_turned_off),
		cmocka_unit_test(probes_alone_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
