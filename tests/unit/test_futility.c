/* Whether adding replicas helps. */
#include "tests/unit/unit.h"

#include "planner/futility.h"

#define START_MS  1795458155613ULL
#define WINDOW_MS 4000
#define LIMIT     3

struct run {
	struct futility f;
	uint64_t now_ms;
	int declarations;
};

static struct run begin(void)
{
	return (struct run){.now_ms = START_MS};
}

/* ${n} windows at ${excess} times the objective, the replicas ${there} or not. */
static void windows(struct run *r, int n, double excess, double load, bool there)
{
	for (int i = 0; i < n; i++) {
		r->now_ms += WINDOW_MS;
		r->declarations += futility_window(&r->f, r->now_ms, excess, load, there, LIMIT);
	}
}

/* An addition to ${replicas} at ${before} times the objective, which comes to ${after}. */
static void addition(struct run *r, int replicas, double before, double after, double load)
{
	futility_added(&r->f, replicas, before, load, 66);
	windows(r, 5, before, load, false);
	windows(r, 4, after, load, true);
}

static void additions_that_change_nothing_end(void **state)
{
	(void)state;
	struct run r = begin();

	addition(&r, 2, 5, 5, NAN);
	addition(&r, 3, 5, 5.5, NAN);
	assert_int_equal(r.f.fruitless, 2);
	assert_int_equal(r.declarations, 0);
	addition(&r, 4, 5, 4.6, NAN);
	assert_int_equal(r.declarations, 1);
	assert_true(r.f.declared);
	assert_int_equal(r.f.base, 2);
	assert_true(r.f.capacity_rps == 66);
	windows(&r, 10, 5, NAN, true);
	assert_int_equal(r.declarations, 1); /* said once */
}

static void one_that_helps_begins_anew(void **state)
{
	(void)state;
	struct run r = begin();

	addition(&r, 2, 5, 5, NAN);
	addition(&r, 3, 5, 5, NAN);
	addition(&r, 4, 5, 4.4, NAN);
	assert_int_equal(r.f.fruitless, 0);
	addition(&r, 7, 4.4, 4.4, NAN);
	assert_int_equal(r.f.base, 7);
	assert_false(r.f.declared);
}

static void it_is_judged_when_its_replicas_had_time(void **state)
{
	(void)state;
	struct run r = begin();

	futility_added(&r.f, 2, 5, NAN, NAN);
	windows(&r, 100, 5, NAN, false); /* they do not come */
	assert_true(r.f.watching);
	windows(&r, 2, 50, NAN, true); /* the first seconds do not count */
	assert_true(r.f.watching);
	windows(&r, 1, 1, NAN, true);
	assert_true(r.f.watching && r.f.fruitless == 0);
	windows(&r, 1, 1, NAN, true);
	assert_true(!r.f.watching && r.f.fruitless == 0);
}

static void additions_meanwhile_are_judged_with_it(void **state)
{
	(void)state;
	struct run r = begin();

	futility_added(&r.f, 2, 5, NAN, NAN);
	windows(&r, 2, 5, NAN, true);
	futility_added(&r.f, 3, 9, NAN, NAN);
	assert_true(r.f.excess_before == 5);
	windows(&r, 2, 5, NAN, true);
	assert_int_equal(r.f.fruitless, 1);
	assert_int_equal(r.f.base, 2);
}

static void what_did_not_come_about_is_not_judged(void **state)
{
	(void)state;
	struct run r = begin();

	addition(&r, 2, 5, 5, NAN);
	futility_added(&r.f, 3, 5, NAN, NAN);
	futility_cancel(&r.f);
	windows(&r, 100, 5, NAN, true);
	assert_int_equal(r.f.fruitless, 1);
}

static void with_more_load_p95_alone_proves_nothing(void **state)
{
	(void)state;
	struct run r = begin();

	futility_added(&r.f, 2, 5, 100, 66);
	windows(&r, 4, 5, 111, true);
	assert_int_equal(r.f.fruitless, 0);
	futility_added(&r.f, 3, 5, 100, 66);
	windows(&r, 4, 5, 109, true);
	assert_int_equal(r.f.fruitless, 1);
}

static struct run declared(double load)
{
	struct run r = begin();

	for (int i = 0; i < LIMIT; i++)
		addition(&r, 2 + i, 5, 5, load);
	assert_true(r.f.declared);
	return r;
}

static void it_is_over_with_the_latency(void **state)
{
	(void)state;
	struct run r = declared(NAN);

	windows(&r, 4, 0.99, NAN, true);
	windows(&r, 1, 1, NAN, true); /* at the objective is not within */
	windows(&r, 4, 0.99, NAN, true);
	assert_true(r.f.declared);
	windows(&r, 1, 0.99, NAN, true);
	assert_false(r.f.declared);
	addition(&r, 9, 5, 5, NAN); /* and all begins anew */
	assert_int_equal(r.f.fruitless, 1);
	assert_int_equal(r.f.base, 9);
}

static void it_is_over_with_another_load(void **state)
{
	(void)state;
	struct run r = declared(100);

	windows(&r, 1, 5, 125, true);
	windows(&r, 1, 5, NAN, true);
	assert_true(r.f.declared);
	windows(&r, 1, 5, 125.1, true);
	assert_false(r.f.declared);
}

static void it_is_over_after_half_an_hour(void **state)
{
	(void)state;
	struct run r = declared(100);
	uint64_t declared_ms = r.f.declared_ms;

	windows(&r, 449, 5, 100, true); /* 1796 s */
	assert_true(r.f.declared);
	assert_true(r.now_ms - declared_ms < 1800 * 1000);
	windows(&r, 1, 5, 100, true);
	assert_false(r.f.declared);
}

static void a_clock_that_steps_back_lasts_no_longer_than_once_more(void **state)
{
	(void)state;
	struct run r = declared(100);

	r.now_ms -= 86400 * 1000;
	windows(&r, 450, 5, 100, true);
	assert_true(r.f.declared);
	windows(&r, 1, 5, 100, true);
	assert_false(r.f.declared);

	futility_added(&r.f, 2, 5, 100, 66);
	windows(&r, 2, 5, 100, true);
	r.now_ms -= 86400 * 1000;
	windows(&r, 3, 5, 100, true);
	assert_true(r.f.watching);
	windows(&r, 1, 5, 100, true);
	assert_false(r.f.watching);
}

static void without_a_limit_there_is_no_futility(void **state)
{
	(void)state;
	struct run r = begin();

	for (int i = 0; i < 50; i++) {
		futility_added(&r.f, 2, 5, NAN, NAN);
		for (int w = 0; w < 4; w++)
			assert_false(futility_window(&r.f, r.now_ms += WINDOW_MS, 5, NAN, true, 0));
	}
	assert_false(r.f.declared);
}

static void calm_forgets_what_was_fruitless(void **state)
{
	(void)state;
	struct run r = begin();

	addition(&r, 2, 5, 5, NAN);
	addition(&r, 3, 5, 5, NAN);
	windows(&r, 5, 0.5, NAN, true);
	assert_int_equal(r.f.fruitless, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(additions_that_change_nothing_end),
		cmocka_unit_test(one_that_helps_begins_anew),
		cmocka_unit_test(it_is_judged_when_its_replicas_had_time),
		cmocka_unit_test(additions_meanwhile_are_judged_with_it),
		cmocka_unit_test(what_did_not_come_about_is_not_judged),
		cmocka_unit_test(with_more_load_p95_alone_proves_nothing),
		cmocka_unit_test(it_is_over_with_the_latency),
		cmocka_unit_test(it_is_over_with_another_load),
		cmocka_unit_test(it_is_over_after_half_an_hour),
		cmocka_unit_test(a_clock_that_steps_back_lasts_no_longer_than_once_more),
		cmocka_unit_test(without_a_limit_there_is_no_futility),
		cmocka_unit_test(calm_forgets_what_was_fruitless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
