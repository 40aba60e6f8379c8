/* The simulated service when something goes wrong, and where its limits are. */
#include "tests/unit/unit.h"

#include "replay/draw.h"
#include "tests/unit/plant_fixture.h"

static void extra_time_keeps_no_slot_busy(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.service_sec = 0.01;
	config.timeout_sec = 10;
	struct plant *p = plant_new(&config, 1, 1);

	plant_set_fault(p, &(struct plant_fault){.extra_sec = 2});
	run(p, 10, 50);
	struct plant_window w = run(p, 100, 50);
	/* Half of the slot's capacity: M/D/1 waits 5 ms on average; 100 in flight wait nowhere. */
	assert_double_near(w.input.traffic.error_rate, 0);
	assert_true(fabs(w.input.traffic.upstream_ms - 2015) < 2);
	assert_true(fabs(w.input.traffic.in_flight - 100) < 40);
	assert_true(w.queued < 10);
	assert_true(w.input.p95_ms >= 2010 && w.input.p95_ms < 2050);
	plant_set_fault(p, &NO_FAULT);
	run(p, 10, 50);
	assert_true(run(p, 100, 50).input.traffic.upstream_ms < 20);
	plant_free(p);
}

static void a_share_of_requests_is_slow(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.service_sec = 0.01;
	config.slots = 100;
	struct plant *p = plant_new(&config, 1, 1);

	plant_set_fault(p, &(struct plant_fault){.slow_share = 0.02, .slow_sec = 1});
	struct plant_window w = run(p, 1000, 100);
	assert_true(fabs(w.over / (double)w.completed - 0.02) < 0.002);
	assert_double_near(w.p95_sec, 0.01);
	assert_double_near(w.input.traffic.p99_ms, 1010);
	plant_free(p);
}

static void slower_slots_have_less_capacity(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.service_sec = 0.01;
	config.slots = 2;
	struct plant *p = plant_new(&config, 1, 1);

	plant_set_fault(p, &(struct plant_fault){.service_scale = 4});
	run(p, 10, 100);
	assert_true(fabs(run(p, 100, 100).input.traffic.completed_rps - 50) < 1.5);
	plant_free(p);
}

static void failures_are_fast_and_count_against_it(void **state)
{
	(void)state;
	struct plant *p = plant_new(&BUSY, 1, 4);

	plant_set_fault(p, &(struct plant_fault){.failed_share = 1});
	run(p, 10, 100);
	struct plant_window w = run(p, 10, 100);
	assert_true(w.failed > 0 && w.failed == w.arrived && w.over == w.failed);
	assert_int_equal(w.completed, 0);
	assert_double_near(w.input.traffic.error_rate, 1);
	assert_true(isnan(w.input.traffic.p95_ms)); /* as monitor/traffic.h has it */
	assert_true(isnan(w.input.traffic.upstream_ms));
	assert_int_equal(w.input.requests, 100);
	assert_double_near(w.input.success_rate, 0);
	assert_double_near(w.input.p95_ms, 2000); /* never a fast reply */

	plant_set_fault(p, &(struct plant_fault){.failed_share = 0.25});
	w = run(p, 1000, 100);
	assert_true(fabs(w.input.traffic.error_rate - 0.25) < 0.01);
	assert_true(fabs(w.input.success_rate - 0.75) < 0.03);
	/* They lower no latency: the work alone has its median at 69 ms, its p95 at 300 ms. */
	assert_true(w.input.traffic.p50_ms > 69 && w.input.traffic.p95_ms > 300);
	plant_free(p);
}

static void a_hang_stops_all_and_then_all_goes_on(void **state)
{
	(void)state;
	struct plant *p = plant_new(&STEADY, 1, 3);

	run(p, 0.25, 0); /* the probe of second 0 is out */
	plant_set_fault(p, &(struct plant_fault){.hung = true});
	struct plant_window w = run(p, 2, 20);
	assert_int_equal(w.completed + w.failed, 0);
	assert_true(w.input.traffic.in_flight == w.arrived);
	assert_true(w.p95_sec > 1.5 && w.p95_sec < 2); /* how long they are out */
	assert_int_equal(w.input.requests, 0);
	assert_double_near(w.input.success_rate, 0);
	assert_true(w.input.p95_ms > 1250 && w.input.p95_ms < 2250);

	plant_set_fault(p, &NO_FAULT);
	assert_int_equal(run(p, 0.74, 0).input.requests, 0); /* it has 0.75 s to go */
	w = run(p, 0.02, 0);
	assert_int_equal(w.input.requests, 1);
	assert_double_near(w.input.p95_ms, 3000);
	plant_free(p);
}

static void every_hang_adds_to_what_is_held_up(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.slots = 100;
	struct plant *p = plant_new(&config, 1, 1);

	run(p, 0.25, 0);
	for (int i = 0; i < 3; i++) {
		plant_set_fault(p, &(struct plant_fault){.hung = true});
		assert_int_equal(run(p, 2 + i, 0).input.requests, 0);
		plant_set_fault(p, &(struct plant_fault){.extra_sec = 1}); /* for later ones */
		assert_int_equal(run(p, 0.2, 0).input.requests, 0);
	}
	/* 0.85 s of its work is done.  Those that came in the hangs follow, more than come now. */
	assert_int_equal(run(p, 0.14, 0).input.requests, 0);
	assert_double_near(run(p, 0.02, 0).input.p95_ms, 1000 * (1 + 2 + 3 + 4));
	struct plant_window w = run(p, 1, 0);
	assert_true(w.input.requests > 2);
	assert_double_near(w.input.success_rate, 1);
	plant_free(p);
}

static void in_a_hang_that_lasts_probes_time_out(void **state)
{
	(void)state;
	struct plant *p = plant_new(&BUSY, 1, 3);

	plant_set_fault(p, &(struct plant_fault){.hung = true});
	run(p, 5, 20);
	struct plant_window w = run(p, 5, 20);
	assert_int_equal(w.input.requests, 50);
	assert_double_near(w.input.success_rate, 0);
	assert_double_near(w.input.p95_ms, 2000);
	plant_free(p);
}

static void a_full_queue_refuses(void **state)
{
	(void)state;
	struct plant_config config = BUSY;
	config.probes_per_s = 0;
	config.queue_max = 5;
	struct plant *p = plant_new(&config, 1, 3);

	plant_set_fault(p, &(struct plant_fault){.hung = true});
	struct plant_window w = run(p, 10, 100);
	assert_true(w.input.traffic.in_flight == 3 * (4 + 5));
	assert_int_equal(w.queued, 15);
	assert_int_equal(w.failed, w.arrived - 27);
	plant_free(p);
}

static void requests_in_flight_are_bounded(void **state)
{
	(void)state;
	struct plant_config config = BUSY;
	config.probes_per_s = 0;
	struct plant *p = plant_new(&config, 1, 2);

	plant_set_fault(p, &(struct plant_fault){.hung = true});
	struct plant_window w = run(p, 1, 1.2 * PLANT_REQUESTS_MAX);
	assert_true(w.input.traffic.in_flight == PLANT_REQUESTS_MAX);
	assert_int_equal(w.failed, w.arrived - PLANT_REQUESTS_MAX);
	plant_free(p);
}

/* Overload by 30 %: who ends at t waited for t (1 - 1 / 1.3).  1.5 million end, of which the last
 * 2^20 count, those from 4.51 s on, with the median at 9.76 s. */
static void a_window_of_a_million_answers_tells_of_the_last(void **state)
{
	(void)state;
	struct plant_config config = STEADY;
	config.service_sec = 1e-5;
	config.probes_per_s = 0;
	struct plant *p = plant_new(&config, 1, 1);
	struct plant_window w = run(p, 15, 1.3e5);

	assert_true(w.completed > 1490000 && w.failed == 0);
	assert_true(fabs(w.input.traffic.p50_ms - 9757 * 0.3 / 1.3) < 20);
	plant_free(p);
}

/* Replicas, load and faults at random: nothing is lost, nothing comes twice. */
static void requests_are_conserved(void **state)
{
	(void)state;
	struct plant_config config = BUSY;
	config.service = PLANT_LOGNORMAL;
	config.service_cv = 2;
	config.queue_max = 50;
	struct plant *p = plant_new(&config, 3, 2);
	uint64_t arrived = 0, ended = 0;
	struct draw d;
	struct plant_window w;

	draw_seed(&d, 9, 9);
	for (int i = 0; i < 2000; i++) {
		plant_want(p, (int)(draw_uniform(&d) * 8));
		plant_set_fault(p, &(struct plant_fault){
					   .hung = draw_uniform(&d) < 0.1,
					   .extra_sec = draw_uniform(&d) < 0.2 ? 1.5 : 0,
					   .slow_share = 0.1,
					   .slow_sec = 3,
					   .service_scale = draw_uniform(&d) * 3,
					   .failed_share = draw_uniform(&d) < 0.2 ? 0.3 : 0,
					   .start_failed_share = 0.2,
				   });
		w = run(p, draw_uniform(&d) * 2, draw_uniform(&d) * 150);
		arrived += w.arrived;
		ended += w.completed + w.failed;
		assert_true((double)(arrived - ended) == w.input.traffic.in_flight);
		assert_true((double)w.queued <= w.input.traffic.in_flight);
		assert_true(w.ready_sec <= w.replica_sec);
	}
	plant_set_fault(p, &NO_FAULT);
	plant_want(p, 4);
	w = run(p, 300, 0);
	assert_int_equal(arrived, ended + w.completed + w.failed);
	assert_true(arrived > 100000 && w.input.traffic.in_flight == 0 && w.queued == 0);
	assert_double_near(run(p, 10, 0).replica_sec, 40); /* whoever left is gone */
	plant_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extra_time_keeps_no_slot_busy),
		cmocka_unit_test(a_share_of_requests_is_slow),
		cmocka_unit_test(slower_slots_have_less_capacity),
		cmocka_unit_test(failures_are_fast_and_count_against_it),
		cmocka_unit_test(a_hang_stops_all_and_then_all_goes_on),
		cmocka_unit_test(every_hang_adds_to_what_is_held_up),
		cmocka_unit_test(in_a_hang_that_lasts_probes_time_out),
		cmocka_unit_test(a_full_queue_refuses),
		cmocka_unit_test(requests_in_flight_are_bounded),
		cmocka_unit_test(a_window_of_a_million_answers_tells_of_the_last),
		cmocka_unit_test(requests_are_conserved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
