/* What the simulated service is made of: draws, the agenda, quantiles by selection, the fleet. */
#include "tests/unit/unit.h"

#include "common/message.h"
#include "common/stats.h"
#include "replay/agenda.h"
#include "replay/draw.h"
#include "replay/fleet.h"
#include "replay/select.h"

#include <string.h>

static void draws_are_those_published_for_the_generator(void **state)
{
	(void)state;
	/* xoshiro256++ from the state 1, 2, 3, 4; its first output is rotl(1 + 4, 23) + 1. */
	static const uint64_t PUBLISHED[] = {41943041, 58720359, 3588806011781223, 3591011842654386,
					     9228616714210784205U};
	struct draw d = {.s = {1, 2, 3, 4}};

	for (size_t i = 0; i < sizeof(PUBLISHED) / sizeof(*PUBLISHED); i++)
		assert_true(draw_uniform(&d) == (double)((PUBLISHED[i] >> 11) + 1) * 0x1p-53);
}

static void seeds_and_streams_differ(void **state)
{
	(void)state;
	struct draw d[4], again;
	double first[4];

	for (unsigned i = 0; i < 4; i++) {
		draw_seed(&d[i], i / 2, i % 2);
		first[i] = draw_uniform(&d[i]);
		for (unsigned j = 0; j < i; j++)
			assert_true(first[i] != first[j]);
	}
	draw_seed(&again, 1, 1);
	assert_true(draw_uniform(&again) == first[3]);
}

struct moments {
	double mean, variance, least, greatest;
};

enum { DRAWS = 1000000 };

static struct moments moments_of(double (*draw)(struct draw *))
{
	struct draw d;
	double sum = 0, squares = 0, least = INFINITY, greatest = -INFINITY;

	draw_seed(&d, 7, 0);
	for (int i = 0; i < DRAWS; i++) {
		double x = draw(&d);
		sum += x;
		squares += x * x;
		least = fmin(least, x);
		greatest = fmax(greatest, x);
	}
	return (struct moments){sum / DRAWS, squares / DRAWS - sum / DRAWS * (sum / DRAWS), least,
				greatest};
}

static double lognormal_mean_2_cv_half(struct draw *d)
{
	double log_variance = log1p(0.25);

	return draw_lognormal(d, log(2) - log_variance / 2, sqrt(log_variance));
}

/* Four standard errors of the mean of a million draws are 0.4 % of the standard deviation. */
static void draws_have_their_moments(void **state)
{
	(void)state;

	struct moments uniform = moments_of(draw_uniform);
	assert_true(uniform.least > 0 && uniform.greatest <= 1);
	assert_true(fabs(uniform.mean - 0.5) < 0.004 * sqrt(1 / 12.0));
	assert_true(fabs(uniform.variance - 1 / 12.0) < 0.001);

	struct moments exponential = moments_of(draw_exponential);
	assert_true(exponential.least >= 0 && exponential.greatest > 10);
	assert_true(fabs(exponential.mean - 1) < 0.004);
	assert_true(fabs(exponential.variance - 1) < 0.02);

	struct moments lognormal = moments_of(lognormal_mean_2_cv_half);
	assert_true(lognormal.least > 0);
	assert_true(fabs(lognormal.mean - 2) < 0.004);
	assert_true(fabs(sqrt(lognormal.variance) / lognormal.mean - 0.5) < 0.005);
}

static void the_agenda_gives_the_earliest_first(void **state)
{
	(void)state;
	enum { EVENTS = 5000 };
	struct agenda a = {0};
	struct draw d;
	uint64_t due[EVENTS];
	uint64_t last = 0;

	draw_seed(&d, 1, 0);
	assert_true(agenda_due(&a) == AGENDA_NEVER);
	for (uint32_t i = 0; i < EVENTS; i++) {
		due[i] = (uint64_t)(draw_uniform(&d) * 1000); /* many at the same time */
		agenda_add(&a, due[i], i);
	}
	for (uint32_t i = 0; i < EVENTS; i++) {
		uint64_t next = agenda_due(&a);
		uint32_t what = agenda_take(&a);
		assert_true(next >= last && what < EVENTS && due[what] == next);
		due[what] = AGENDA_NEVER; /* never the same twice */
		last = next;
	}
	assert_true(agenda_due(&a) == AGENDA_NEVER);
	agenda_free(&a);
}

static void selection_agrees_with_sorting(void **state)
{
	(void)state;
	static const double SHARES[] = {0, 0.01, 0.5, 0.95, 0.99, 1};
	double picked[300], sorted[300];
	struct draw d;

	draw_seed(&d, 2, 0);
	for (size_t n = 1; n <= 300; n++) {
		double values = n % 3 ? 1e6 : 5; /* every third time nearly all are equal */
		for (size_t i = 0; i < n; i++)
			sorted[i] = floor(draw_uniform(&d) * values);
		memcpy(picked, sorted, n * sizeof(*picked));
		stats_sort(sorted, n);
		for (size_t i = 0; i < 6; i++)
			assert_true(select_quantile(picked, n, SHARES[i]) ==
				    stats_quantile(sorted, n, SHARES[i]));
		stats_sort(picked, n);
		assert_memory_equal(picked, sorted, n * sizeof(*picked));
	}
	assert_true(isnan(select_quantile(NULL, 0, 0.5)));
}

static struct fleet *new_fleet(int replicas)
{
	static struct fleet f;
	struct draw d;

	draw_seed(&d, 3, 0);
	fleet_init(&f, &d, replicas);
	return &f;
}

static void equals_take_turns(void **state)
{
	(void)state;
	struct fleet *f = new_fleet(3);

	for (unsigned i = 0; i < 9; i++)
		assert_ptr_equal(fleet_choose(f), f->rotation.at[i % 3]);
	fleet_free(f);
}

/* Against the definition, through random requests, answers and changes of the rotation. */
static void nobody_chosen_has_more_requests_than_another(void **state)
{
	(void)state;
	struct fleet *f = new_fleet(7);
	struct draw d;

	draw_seed(&d, 4, 0);
	for (uint64_t now = 0; now < 20000; now++) {
		double what = draw_uniform(&d);
		struct replica *any =
			f->rotation.at[(size_t)(draw_uniform(&d) * 0.999 * (double)f->rotation.n)];
		if (what < 0.5) {
			struct replica *chosen = fleet_choose(f);
			for (size_t i = 0; i < f->rotation.n; i++)
				assert_true(f->rotation.at[i]->requests >= chosen->requests);
			chosen->requests++;
		} else if (what < 0.99) {
			if (any->requests > 0)
				fleet_answered(f, any, now);
		} else {
			fleet_want(f, 1 + (int)(draw_uniform(&d) * 12), now, 50, 0.1);
		}
		fleet_admit(f, now);
	}
	fleet_free(f);
}

static void an_empty_rotation_has_nobody_to_choose(void **state)
{
	(void)state;
	struct fleet *f = new_fleet(0);

	assert_null(fleet_choose(f));
	fleet_want(f, 2, 0, 10, 0);
	assert_null(fleet_choose(f));
	fleet_admit(f, 10);
	assert_non_null(fleet_choose(f));
	fleet_want(f, -5, 10, 10, 0);
	assert_null(fleet_choose(f));
	fleet_free(f);
}

static void a_fleet_is_bounded(void **state)
{
	(void)state;
	struct fleet *f = new_fleet(1);

	fleet_want(f, INT32_MAX, 0, 10, 0);
	assert_int_equal(f->rotation.n + f->starting.n, MESSAGE_COUNT_MAX);
	fleet_free(f);
}

/* 1 is in rotation, 2 will be, 3 and 4 never: 4, 3, 2 go, then 1. */
static void the_newest_go_first_ready_or_not(void **state)
{
	(void)state;
	struct fleet *f = new_fleet(1);

	fleet_want(f, 2, 0, 10, 0);
	fleet_want(f, 4, 5, 10, 1);
	fleet_admit(f, 1000);
	assert_int_equal(f->rotation.n, 2);
	assert_int_equal(f->starting.n, 2);
	fleet_want(f, 3, 1000, 10, 0);
	assert_int_equal(f->starting.n, 1);
	assert_int_equal(f->starting.at[0]->number, 3);
	fleet_want(f, 4, 1000, 0, 0); /* a fifth, ready at once: newer than the third */
	assert_int_equal(f->rotation.n, 3);
	fleet_want(f, 3, 1000, 0, 0);
	assert_int_equal(f->rotation.n, 2);
	assert_int_equal(f->starting.n, 1);
	fleet_want(f, 1, 1000, 0, 0);
	assert_int_equal(f->starting.n, 0);
	assert_int_equal(f->rotation.at[0]->number, 1);
	fleet_free(f);
}

static void who_leaves_is_gone_with_the_last_answer(void **state)
{
	(void)state;
	struct fleet *f = new_fleet(2);
	struct replica *newest = f->rotation.at[1];

	newest->requests = 2;
	fleet_want(f, 1, 0, 0, 0);
	assert_int_equal(f->rotation.n, 1);
	fleet_answered(f, newest, 1000000000);
	assert_int_equal(f->leaving.n, 1);
	fleet_answered(f, newest, 3000000000);
	assert_int_equal(f->leaving.n, 0);
	fleet_count_time(f, 10000000000);
	assert_double_near(f->replica_sec, 10 + 3);
	assert_double_near(f->ready_sec, 10);
	fleet_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_are_those_published_for_the_generator),
		cmocka_unit_test(seeds_and_streams_differ),
		cmocka_unit_test(draws_have_their_moments),
		cmocka_unit_test(the_agenda_gives_the_earliest_first),
		cmocka_unit_test(selection_agrees_with_sorting),
		cmocka_unit_test(equals_take_turns),
		cmocka_unit_test(nobody_chosen_has_more_requests_than_another),
		cmocka_unit_test(an_empty_rotation_has_nobody_to_choose),
		cmocka_unit_test(a_fleet_is_bounded),
		cmocka_unit_test(the_newest_go_first_ready_or_not),
		cmocka_unit_test(who_leaves_is_gone_with_the_last_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
