/* What one replica can carry: 120 ms a request where nobody waits, 66 rps and no more. */
#include "tests/unit/unit.h"

#include "planner/capacity.h"

#define START_MS 1795458155613ULL
#define SEC      4.0
#define MINUTE   60000

struct run {
	struct capacity c;
	struct capacity_window w;
};

static struct run begin(int ready)
{
	struct run r = {.w = {.now_ms = START_MS, .sec = SEC, .ready = ready, .service_ms = 120}};

	capacity_init(&r.c);
	return r;
}

/* ${n} windows of ${rps} a replica, within the objective. */
static void calm(struct run *r, int n, double rps)
{
	for (int i = 0; i < n; i++) {
		r->w.now_ms += (uint64_t)(SEC * 1000);
		r->w.arrivals_rps = r->w.answered_rps = rps * r->w.ready;
		r->w.in_flight = r->w.arrivals_rps * 0.12;
		r->w.over_slo = false;
		capacity_learn(&r->c, &r->w);
	}
}

/* ${n} windows in which ${arrivals} a replica come and ${served} go. */
static void jam(struct run *r, int n, double arrivals, double served)
{
	for (int i = 0; i < n; i++) {
		r->w.now_ms += (uint64_t)(SEC * 1000);
		r->w.arrivals_rps = arrivals * r->w.ready;
		r->w.answered_rps = served * r->w.ready;
		r->w.in_flight += (arrivals - served) * r->w.ready * SEC;
		r->w.over_slo = true;
		capacity_learn(&r->c, &r->w);
	}
}

/* The most that a mean of ${rps} over ${requests} allows: two standard errors above it. */
static double at_most(double rps, double requests)
{
	return rps * (1 + 2 / sqrt(requests));
}

static void nothing_is_known_at_first(void **state)
{
	(void)state;
	struct run r = begin(2);

	assert_true(isnan(r.c.rps) && r.c.good_rps == 0);
	assert_true(isnan(capacity_service_ms(&r.c, START_MS)));
	assert_true(capacity_backlog(&r.c, START_MS, 100, 1e9, 2) == 0);
	capacity_violated(&r.c);
	assert_true(isnan(r.c.rps) && r.c.good_rps == 0);
}

static void what_was_served_well_is_good(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 2, 40); /* 8 s are no proof */
	assert_true(r.c.good_rps == 0);
	calm(&r, 1, 40);
	assert_double_near(r.c.good_rps, 40);
	calm(&r, 50, 20);
	assert_double_near(r.c.good_rps, 40); /* it does not age */
	calm(&r, 1, 60);
	assert_true(r.c.good_rps == 40); /* nor is one window believed */
	calm(&r, 50, 60);
	assert_true(r.c.good_rps > 59 && r.c.good_rps <= 60);
	assert_true(isnan(r.c.rps)); /* nothing bounds it yet */
}

static void over_the_objective_nothing_is_good(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 5, 40);
	jam(&r, 50, 55, 55);
	assert_double_near(r.c.good_rps, 40);
	assert_true(isnan(r.c.rps));
	assert_true(capacity_service_ms(&r.c, r.w.now_ms) == 120);
}

static void what_is_served_while_requests_pile_up_is_the_capacity(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 40);
	jam(&r, 1, 100, 66);
	assert_true(isnan(r.c.rps)); /* the jam has just begun */
	jam(&r, 1, 100, 64);
	assert_double_near(r.c.rps, at_most(64, 512));
	jam(&r, 1, 100, 68);
	assert_double_near(r.c.rps, at_most((64 * 512 + 68 * 544) / 1056.0, 1056));
	assert_double_near(r.c.good_rps, 40);
}

/* A short jam that served little by chance is outvoted by those that follow. */
static void jams_that_agree_are_one_body_of_evidence(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 40);
	jam(&r, 2, 100, 62); /* of each jam the first window is its beginning */
	calm(&r, 10, 40);
	jam(&r, 2, 100, 66);
	assert_double_near(r.c.jams.requests, 8 * (62 + 66));
	assert_double_near(r.c.rps, at_most((62.0 * 62 + 66 * 66) / (62 + 66), 8 * (62 + 66)));
	for (int i = 0; i < 50; i++) {
		calm(&r, 1, 40);
		jam(&r, 2, 100, 66);
	}
	assert_true(r.c.jams.requests == 10000); /* what follows is to count too */
	assert_double_near(r.c.rps, at_most(r.c.jams.rps, 10000));
	assert_true(fabs(r.c.jams.rps - 66) < 0.2);
}

/* Hardly more come than go: a mean of that is out by more, and gives way to a better one. */
static void chance_counts_until_a_clear_jam(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 40);
	jam(&r, 6, 50, 45);
	assert_double_near(r.c.rps, 45 * (1 + 4 / sqrt(r.c.jams.requests)));
	jam(&r, 1, 100, 66);
	assert_double_near(r.c.rps, at_most(66, 8 * 66));
	jam(&r, 6, 60, 55);
	assert_double_near(r.c.rps, at_most(66, 8 * 66));
}

/* A burst that is worked off well may leave some waiting. */
static void a_backlog_within_the_objective_is_no_jam(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 40);
	for (int i = 0; i < 5; i++) {
		r.w.in_flight += 200;
		capacity_learn(&r.c, &r.w);
	}
	assert_true(capacity_backlog(&r.c, r.w.now_ms, 80, r.w.in_flight, 2) > 0);
	assert_true(isnan(r.c.rps));
}

/* A slow dependency: more are in flight, and soon no more than that. */
static void requests_held_up_elsewhere_are_no_jam(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 40);
	jam(&r, 1, 100, 40); /* of which many more are in flight now */
	jam(&r, 20, 40, 40);
	assert_true(isnan(r.c.rps));
}

static void what_is_far_below_the_past_is_not_believed(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 40);
	jam(&r, 5, 100, 27); /* a share of 0.7 of 40 is 28 */
	assert_true(isnan(r.c.rps));
	r = begin(2);
	calm(&r, 10, 40);
	jam(&r, 5, 100, 29);
	assert_double_near(r.c.rps, at_most(29, 4 * 8 * 29));
	assert_double_near(r.c.good_rps, r.c.rps); /* no more than it can is good */
}

static void a_capacity_of_nothing_is_none(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 1, 40); /* a service time, and nothing good yet */
	jam(&r, 5, 100, 0);
	assert_true(isnan(r.c.rps));
}

/* A queue that is full turns requests away instead of growing. */
static void turning_away_is_a_jam_too(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 40);
	jam(&r, 1, 100, 66);
	r.w.failed_share = 0.3;
	for (int i = 0; i < 3; i++)
		capacity_learn(&r.c, &r.w); /* in flight stays the same */
	assert_double_near(r.c.rps, at_most(66, 3 * 8 * 66));
}

static void the_count_of_a_change_is_not_learned_from(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 40);
	jam(&r, 3, 100, 66);
	r.w.ready = 4; /* the window is of both */
	jam(&r, 1, 100, 20);
	assert_double_near(r.c.rps, at_most(66, 2 * 8 * 66));
	jam(&r, 1, 100, 60); /* beyond chance: of the jam before nothing is left */
	assert_double_near(r.c.rps, at_most(60, 16 * 60));
}

static void more_than_the_capacity_served_well_raises_it(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 40);
	jam(&r, 3, 100, 50);
	assert_double_near(r.c.rps, at_most(50, 2 * 8 * 50));
	calm(&r, 50, 60);
	assert_true(r.c.rps > 59 && r.c.rps == r.c.good_rps);
}

static void a_violation_lowers_it_by_a_tenth(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 60);
	jam(&r, 3, 100, 66);
	capacity_violated(&r.c);
	assert_double_near(r.c.rps, 0.9 * at_most(66, 2 * 8 * 66));
	assert_double_near(r.c.good_rps, 60);
	capacity_violated(&r.c);
	assert_double_near(r.c.good_rps, r.c.rps);
	jam(&r, 2, 100, 54); /* from there it goes on */
	assert_double_near(r.c.jams.requests, 8 * (2 * 66 + 2 * 54));
}

static void after_a_gap_the_past_is_no_beginning(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 40);
	jam(&r, 1, 100, 66);
	capacity_gap(&r.c);
	jam(&r, 1, 100, 66);
	assert_true(isnan(r.c.rps));
	assert_double_near(r.c.good_rps, 40); /* what was learned stays */
	assert_true(capacity_service_ms(&r.c, r.w.now_ms) == 120);
	capacity_gap(&r.c);
	calm(&r, 2, 60);
	assert_double_near(r.c.good_rps, 40); /* and 10 s are needed again */
}

static void the_service_time_is_the_least_of_ten_minutes(void **state)
{
	(void)state;
	struct run r = begin(2);
	uint64_t then_ms = START_MS + 4000;

	calm(&r, 1, 40);
	r.w.service_ms = 130;
	calm(&r, 15 * 9, 40);
	assert_true(capacity_service_ms(&r.c, then_ms + 9 * MINUTE) == 120);
	assert_true(capacity_service_ms(&r.c, then_ms + 10 * MINUTE) == 130);
	assert_true(isnan(capacity_service_ms(&r.c, then_ms + 30 * MINUTE)));
	r.w.service_ms = NAN;
	calm(&r, 1, 40);
	r.w.service_ms = 0;
	calm(&r, 1, 40);
	assert_true(capacity_service_ms(&r.c, then_ms + 10 * MINUTE) == 130);
}

/* A simulator's clock may begin at 0. */
static void the_first_minute_counts_whatever_the_clock(void **state)
{
	(void)state;
	struct run r = begin(2);

	r.w.now_ms = 0;
	calm(&r, 1, 40);
	assert_true(capacity_service_ms(&r.c, 5000) == 120);
	assert_true(isnan(capacity_service_ms(&r.c, 10 * MINUTE)));
}

static void a_clock_that_steps_back_forgets_the_service_time(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 5, 40);
	r.w.now_ms -= 3600 * 1000;
	assert_true(isnan(capacity_service_ms(&r.c, r.w.now_ms)));
	r.w.service_ms = 150;
	calm(&r, 1, 40);
	assert_true(capacity_service_ms(&r.c, r.w.now_ms) == 150);
}

static void the_backlog_is_what_scatter_does_not_explain(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 1, 50); /* 100 rps: 12 busy, 3 sqrt(12) = 10.4 of scatter, one a replica */
	assert_true(capacity_backlog(&r.c, r.w.now_ms, 100, 24, 2) == 0);
	assert_double_near(capacity_backlog(&r.c, r.w.now_ms, 100, 25, 2), 13);
	assert_double_near(capacity_backlog(&r.c, r.w.now_ms, 0, 3, 2), 3);
	assert_true(capacity_backlog(&r.c, r.w.now_ms, NAN, 1e9, 2) == 0);
	assert_true(capacity_backlog(&r.c, r.w.now_ms, 100, NAN, 2) == 0);
}

static void windows_without_answers_known_are_left_out(void **state)
{
	(void)state;
	struct run r = begin(2);

	calm(&r, 10, 40);
	const double good_rps = r.c.good_rps;
	r.w.answered_rps = NAN;
	capacity_learn(&r.c, &r.w);
	calm(&r, 10, 40);
	assert_true(r.c.good_rps == good_rps && isfinite(r.c.served_rps));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_at_first),
		cmocka_unit_test(what_was_served_well_is_good),
		cmocka_unit_test(over_the_objective_nothing_is_good),
		cmocka_unit_test(what_is_served_while_requests_pile_up_is_the_capacity),
		cmocka_unit_test(jams_that_agree_are_one_body_of_evidence),
		cmocka_unit_test(chance_counts_until_a_clear_jam),
		cmocka_unit_test(a_backlog_within_the_objective_is_no_jam),
		cmocka_unit_test(requests_held_up_elsewhere_are_no_jam),
		cmocka_unit_test(what_is_far_below_the_past_is_not_believed),
		cmocka_unit_test(a_capacity_of_nothing_is_none),
		cmocka_unit_test(turning_away_is_a_jam_too),
		cmocka_unit_test(the_count_of_a_change_is_not_learned_from),
		cmocka_unit_test(more_than_the_capacity_served_well_raises_it),
		cmocka_unit_test(a_violation_lowers_it_by_a_tenth),
		cmocka_unit_test(after_a_gap_the_past_is_no_beginning),
		cmocka_unit_test(the_service_time_is_the_least_of_ten_minutes),
		cmocka_unit_test(the_first_minute_counts_whatever_the_clock),
		cmocka_unit_test(a_clock_that_steps_back_forgets_the_service_time),
		cmocka_unit_test(the_backlog_is_what_scatter_does_not_explain),
		cmocka_unit_test(windows_without_answers_known_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
