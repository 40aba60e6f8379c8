/* The simulated service when all is well: its replicas, what a monitor sees, the same again. */
#include "tests/unit/unit.h"

#include "tests/unit/plant_fixture.h"

/* --- replicas --- */

static void time_begins_where_the_header_says(void **state)
{
	(void)state;
	struct plant *p = plant_new(&STEADY, 1, 1);

	assert_true(run(p, 1.5, 0).now_ms == 1000000001500);
	for (int i = 0; i < 1000; i++)
		run(p, 0.1, 0); /* no sum of rounding errors */
	assert_true(run(p, 0.5, 0).now_ms == 1000000102000);
	plant_free(p);
}

static void replicas_are_ready_after_exactly_the_startup(void **state)
{
	(void)state;
	struct plant *p = plant_new(&STEADY, 1, 1);

	assert_int_equal(run(p, 20, 0).input.ready, 1);
	plant_want(p, 3);

	struct plant_window w = run(p, 9.999, 0);
	assert_int_equal(w.input.replicas, 3);
	assert_int_equal(w.input.ready, 1);
	assert_double_near(w.replica_sec, 3 * 9.999);
	assert_double_near(w.ready_sec, 9.999);
	assert_int_equal(run(p, 0.001, 0).input.ready, 3);
	plant_want(p, 4);
	w = run(p, 15, 0);
	assert_double_near(w.replica_sec, 4 * 15);
	assert_double_near(w.ready_sec, 3 * 15 + 5);
	plant_free(p);
}

static void a_start_that_takes_no_time_is_ready_at_once(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.startup_sec = 0;
	struct plant *p = plant_new(&config, 1, 1);

	plant_want(p, 5);
	assert_double_near(run(p, 2, 0).ready_sec, 10);
	plant_free(p);
}

static void failed_starts_run_and_never_become_ready(void **state)
{
	(void)state;
	struct plant *p = plant_new(&STEADY, 1, 1);

	plant_set_fault(p, &(struct plant_fault){.start_failed_share = 0.5});
	plant_want(p, 1001);
	struct plant_window w = run(p, 1000, 0);
	assert_int_equal(w.input.replicas, 1001);
	assert_in_range(w.input.ready, 1 + 440, 1 + 560); /* 4 standard deviations are 63 */
	plant_set_fault(p, &NO_FAULT);
	plant_want(p, 1);
	assert_int_equal(run(p, 1, 0).input.replicas, 1);
	plant_free(p);
}

/* Probes at 0, 1 s to the first and the second replica, 5 s each. */
static void who_leaves_finishes_its_requests_and_runs_until_then(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.service_sec = 5;
	struct plant *p = plant_new(&config, 1, 2);

	run(p, 2, 0);
	plant_want(p, 1);
	struct plant_window w = run(p, 10, 0); /* from 2 to 12 s; the second is done at 6 */
	assert_int_equal(w.input.replicas, 1);
	assert_int_equal(w.input.ready, 1);
	assert_double_near(w.ready_sec, 10);
	assert_double_near(w.replica_sec, 10 + 4);
	/* Ended: 0 and 1 after 5 s each, and 2, which waited for the first from 2 to 5 s. */
	assert_int_equal(w.input.requests, 3);
	assert_double_near(w.input.success_rate, 1);
	assert_double_near(w.input.p95_ms, 5000 + 0.9 * 3000);
	plant_free(p);
}

static void without_replicas_all_is_refused(void **state)
{
	(void)state;
	struct plant *p = plant_new(&BUSY, 1, 1);

	plant_want(p, 0);
	struct plant_window w = run(p, 10, 50);
	assert_int_equal(w.input.ready, 0);
	assert_true(w.arrived > 0 && w.failed == w.arrived);
	assert_double_near(w.input.success_rate, 0);
	plant_free(p);
}

/* --- what a monitor sees --- */

static void probes_are_no_traffic(void **state)
{
	(void)state;
	struct plant *p = plant_new(&STEADY, 1, 2);
	struct plant_window w = run(p, 60, 0);

	assert_int_equal(w.input.requests, 59); /* the last is still out */
	assert_double_near(w.input.success_rate, 1);
	assert_double_near(w.input.p95_ms, 1000);
	assert_double_near(w.input.window_sec, 60);
	assert_double_near(w.input.age_sec, 0);
	assert_null(w.input.advice);
	assert_int_equal(w.arrived + w.completed + w.failed + w.over, 0);
	assert_double_near(w.p95_sec, 0);

	const struct message_traffic *t = &w.input.traffic;
	assert_true(t->present);
	assert_double_near(t->rps + t->completed_rps + t->in_flight, 0);
	assert_true(isnan(t->p50_ms) && isnan(t->p95_ms) && isnan(t->p99_ms));
	assert_true(isnan(t->upstream_ms) && isnan(t->error_rate));
	plant_free(p);
}

static void probes_take_slots(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.probes_per_s = 2;
	struct plant *p = plant_new(&config, 1, 1);

	/* Twice what the slot can do: probe k is due at k/2, ends at k + 1. */
	struct plant_window w = run(p, 10.5, 0);
	assert_int_equal(w.input.requests, 10);
	assert_double_near(w.input.p95_ms, 1000 * (1 + 0.5 * 9 * 0.95));
	plant_free(p);
}

static void a_late_probe_counts_once_as_the_timeout_where_it_times_out(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.service_sec = 5;
	config.timeout_sec = 2;
	config.slots = 10;
	struct plant *p = plant_new(&config, 1, 1);

	assert_int_equal(run(p, 1.5, 0).input.requests, 0);
	for (int i = 0; i < 10; i++) {
		struct plant_window w = run(p, 1, 0); /* to 2.5 s and so on: one times out */
		assert_int_equal(w.input.requests, 1);
		assert_double_near(w.input.success_rate, 0);
		assert_double_near(w.input.p95_ms, 2000);
	}
	plant_free(p);
}

static void a_late_answer_is_no_answer(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.service_sec = 5;
	config.timeout_sec = 2;
	config.slots = 10;
	struct plant *p = plant_new(&config, 1, 1);
	struct plant_window w = run(p, 60.5, 0);

	assert_int_equal(w.input.requests, 59); /* those of 0 to 58 s */
	assert_double_near(w.input.success_rate, 0);
	assert_double_near(w.input.p95_ms, 2000);
	plant_free(p);
}

static void the_answer_at_the_very_timeout_is_in_time(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.timeout_sec = 1;
	struct plant *p = plant_new(&config, 1, 2);

	assert_int_equal(run(p, 1, 0).input.requests, 0); /* it ends with the window: in the next */
	for (int i = 0; i < 5; i++) {
		struct plant_window w = run(p, 1, 0);
		assert_int_equal(w.input.requests, 1);
		assert_double_near(w.input.success_rate, 1);
	}
	plant_free(p);
}

static void without_telemetry_there_is_no_traffic_but_the_truth(void **state)
{
	(void)state;
	struct plant_config config = BUSY;
	config.telemetry = false;
	struct plant *p = plant_new(&config, 1, 2);
	struct plant_window w = run(p, 10, 30);

	assert_false(w.input.traffic.present);
	assert_true(w.completed > 0 && w.p95_sec > 0);
	plant_free(p);
}

static void traffic_is_the_truth_in_other_units(void **state)
{
	(void)state;
	struct plant_config config = BUSY;
	config.probes_per_s = 0;
	struct plant *p = plant_new(&config, 1, 2);
	struct plant_window w = run(p, 20, 60);
	const struct message_traffic *t = &w.input.traffic;

	assert_double_near(t->rps, w.arrived / 20.0);
	assert_double_near(t->completed_rps, w.completed / 20.0);
	assert_double_near(t->p95_ms, 1000 * w.p95_sec);
	assert_true(t->p50_ms < t->p95_ms && t->p95_ms < t->p99_ms);
	assert_true(t->in_flight == w.arrived - w.completed);
	assert_int_equal(w.input.requests, 0);
	plant_free(p);
}

static void over_counts_what_is_slower_than_the_objective(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.slots = 1000;
	config.probes_per_s = 0;
	struct plant *p = plant_new(&config, 1, 1);
	struct plant_window w;

	plant_run(p, 100, 10, 0.999, &w);
	assert_true(w.completed > 800 && w.over == w.completed);
	plant_run(p, 100, 10, 1.0, &w);
	assert_true(w.completed > 800);
	assert_int_equal(w.over, 0);
	plant_free(p);
}

/* --- the same again --- */

static void assert_same_window(const struct plant_window *a, const struct plant_window *b)
{
	assert_int_equal(a->arrived, b->arrived);
	assert_int_equal(a->completed, b->completed);
	assert_int_equal(a->over, b->over);
	assert_true(a->p95_sec == b->p95_sec && a->replica_sec == b->replica_sec);
	assert_true(a->input.p95_ms == b->input.p95_ms);
	assert_true(a->input.traffic.upstream_ms == b->input.traffic.upstream_ms);
}

static void a_seed_is_a_run(void **state)
{
	(void)state;
	struct plant *p = plant_new(&BUSY, 42, 2);
	struct plant *same = plant_new(&BUSY, 42, 2);
	struct plant *other = plant_new(&BUSY, 43, 2);
	int differ = 0;

	for (int i = 0; i < 200; i++) {
		struct plant_window w = run(p, 1, 60), s = run(same, 1, 60), o = run(other, 1, 60);
		assert_same_window(&w, &s);
		differ += w.arrived != o.arrived;
	}
	assert_true(differ > 150);
	plant_free(p);
	plant_free(same);
	plant_free(other);
}

static void arrivals_depend_neither_on_replicas_nor_on_windows(void **state)
{
	(void)state;
	struct plant *few = plant_new(&BUSY, 5, 1);
	struct plant *many = plant_new(&BUSY, 5, 9);
	struct plant *fine = plant_new(&BUSY, 5, 9);

	for (int i = 0; i < 100; i++) {
		double rps = i % 10 * 10.0;
		struct plant_window f = run(few, 1, rps), m = run(many, 1, rps);
		unsigned arrived = 0, completed = 0;
		for (int k = 0; k < 8; k++) {
			struct plant_window w = run(fine, 0.125, rps);
			arrived += w.arrived;
			completed += w.completed;
		}
		plant_want(few, 1 + i % 3);
		assert_int_equal(f.arrived, m.arrived);
		assert_int_equal(arrived, m.arrived);
		assert_int_equal(completed, m.completed);
	}
	plant_free(few);
	plant_free(many);
	plant_free(fine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_begins_where_the_header_says),
		cmocka_unit_test(replicas_are_ready_after_exactly_the_startup),
		cmocka_unit_test(a_start_that_takes_no_time_is_ready_at_once),
		cmocka_unit_test(failed_starts_run_and_never_become_ready),
		cmocka_unit_test(who_leaves_finishes_its_requests_and_runs_until_then),
		cmocka_unit_test(without_replicas_all_is_refused),
		cmocka_unit_test(probes_are_no_traffic),
		cmocka_unit_test(probes_take_slots),
		cmocka_unit_test(a_late_probe_counts_once_as_the_timeout_where_it_times_out),
		cmocka_unit_test(a_late_answer_is_no_answer),
		cmocka_unit_test(the_answer_at_the_very_timeout_is_in_time),
		cmocka_unit_test(without_telemetry_there_is_no_traffic_but_the_truth),
		cmocka_unit_test(traffic_is_the_truth_in_other_units),
		cmocka_unit_test(over_counts_what_is_slower_than_the_objective),
		cmocka_unit_test(a_seed_is_a_run),
		cmocka_unit_test(arrivals_depend_neither_on_replicas_nor_on_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
