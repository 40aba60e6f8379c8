/* Shell. Unit tests of replay/feed and replay/shape. */
#include "replay/feed.h"

#include "replay/draw.h"
#include "replay/shape.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

struct points {
	const double (*at)[2];
	size_t n, next;
};

static bool next_of_points(void *cookie, double *ret_sec, double *ret_rps)
{
	struct points *p = cookie;

	if (p->next == p->n)
		return false;
	*ret_sec = p->at[p->next][0];
	*ret_rps = p->at[p->next++][1];
	return true;
}

#define POINTS(...)                                                                                \
	(struct points)                                                                            \
	{                                                                                          \
		(const double[][2]){__VA_ARGS__},                                                  \
			sizeof((const double[][2]){__VA_ARGS__}) / sizeof(double[2]), 0            \
	}

static void a_rate_lies_on_the_line_between_its_points(void **state)
{
	struct points p = POINTS({1000, 10}, {1060, 40}, {1120, 0});
	struct trace_feed feed;

	(void)state;
	feed_init(&feed, next_of_points, &p, 0, 2);
	assert_double_near(feed_rate(&feed, 0), 20);
	assert_double_near(feed_rate(&feed, 30), 50);
	assert_double_near(feed_rate(&feed, 60), 80);
	assert_double_near(feed_rate(&feed, 60), 80); /* a time may be asked for again */
	assert_double_near(feed_rate(&feed, 105), 20);
	assert_double_near(feed_rate(&feed, 120), 0);
	assert_double_near(feed_rate(&feed, 1e9), 0);
	feed_free(&feed);
}

static void of_two_points_at_one_time_the_later_counts(void **state)
{
	struct points p = POINTS({0, 5}, {0, 10}, {60, 10}, {60, 99}, {60, 30}, {120, 30});
	struct trace_feed feed;

	(void)state;
	feed_init(&feed, next_of_points, &p, 0, 1);
	assert_double_near(feed_rate(&feed, 0), 10);
	assert_double_near(feed_rate(&feed, 59.999), 10);
	assert_double_near(feed_rate(&feed, 60), 30);
	assert_double_near(feed_rate(&feed, 500), 30);
	feed_free(&feed);
}

static void a_trace_without_points_is_silence(void **state)
{
	struct points none = {0};
	struct points one = POINTS({7, 3});
	struct trace_feed feed;

	(void)state;
	for (double smooth_sec = 0; smooth_sec <= 60; smooth_sec += 60) {
		none.next = 0;
		one.next = 0;
		feed_init(&feed, next_of_points, &none, smooth_sec, 1);
		assert_double_near(feed_rate(&feed, 0), 0);
		assert_double_near(feed_rate(&feed, 99), 0);
		feed_free(&feed);
		feed_init(&feed, next_of_points, &one, smooth_sec, 1);
		assert_double_near(feed_rate(&feed, 0), 3);
		assert_double_near(feed_rate(&feed, 99), 3);
		feed_free(&feed);
	}
}

/* The mean of the line over 10 s around ${sec}, within 0 and 100, by brute force. */
static double mean_by_hand(const struct points *of, double sec)
{
	struct points p = {of->at, of->n, 0};
	double from = fmax(sec - 5, 0);
	double to = fmin(sec + 5, 100);
	enum { SLICES = 10000 };
	struct trace_feed line;
	double sum = 0;

	feed_init(&line, next_of_points, &p, 0, 1);
	for (int i = 0; i < SLICES; i++)
		sum += feed_rate(&line, from + (to - from) * (i + 0.5) / SLICES);
	feed_free(&line);
	return sum / SLICES;
}

static void evened_out_it_is_the_mean_around_each_second(void **state)
{
	struct points p = POINTS({50, 0}, {53.5, 70}, {61, 10}, {61, 90}, {80, 20}, {150, 55});
	struct trace_feed feed;

	(void)state;
	feed_init(&feed, next_of_points, &p, 10, 1);
	for (double sec = 0; sec <= 100; sec++)
		assert_true(fabs(feed_rate(&feed, sec) - mean_by_hand(&p, sec)) < 0.05);

	/* Behind the end it stays as it ended. */
	assert_true(fabs(feed_rate(&feed, 5000) - mean_by_hand(&p, 100)) < 0.05);
	feed_free(&feed);
}

static void evening_out_may_skip_ahead_and_passes_between_seconds(void **state)
{
	struct points p = POINTS({0, 0}, {100, 100});
	struct points same = p;
	struct trace_feed feed, again;

	(void)state;
	feed_init(&feed, next_of_points, &p, 10, 1);
	assert_double_near(feed_rate(&feed, 0), 2.5);
	assert_double_near(feed_rate(&feed, 40.25), 40.25);
	feed_free(&feed);
	feed_init(&again, next_of_points, &same, 10, 1);
	assert_double_near(feed_rate(&again, 1e6), 97.5);
	feed_free(&again);
}

/* The state of a feed does not grow with its trace. */
static void chance_is_evened_out_of_a_long_trace(void **state)
{
	enum { SECONDS = 100000 };
	double(*at)[2] = calloc(SECONDS, sizeof(*at));
	struct points p = {(const double(*)[2])at, SECONDS, 0};
	struct trace_feed feed;
	struct draw draw;

	(void)state;
	draw_seed(&draw, 1, 0);
	for (int i = 0; i < SECONDS; i++) {
		at[i][0] = i;
		at[i][1] = draw_exponential(&draw) * 10;
	}
	feed_init(&feed, next_of_points, &p, 60, 1);
	for (int i = 0; i < SECONDS; i++) {
		double rps = feed_rate(&feed, i);
		if (i > 30 && i < SECONDS - 30) /* six standard deviations of such a mean */
			assert_true(rps > 10 - 7.75 && rps < 10 + 7.75);
	}
	assert_int_equal(feed.ring_n, FEED_SMOOTH_SEC + 2);
	feed_free(&feed);
	free(at);
}

/* ---- shape ---- */

static struct trace_shape shape_of(struct points *p, double smooth_sec)
{
	struct shape_tally tally = {0};
	struct trace_shape shape;
	double sec, rps;

	while (next_of_points(p, &sec, &rps))
		shape_add(&tally, sec, rps);
	shape = shape_end(&tally, smooth_sec);
	p->next = 0;
	shape.max_rps = shape_max(&shape, next_of_points, p);
	return shape;
}

static void a_shape_is_span_step_mean_and_highest_rate(void **state)
{
	struct points p = POINTS({600, 10}, {660, 30}, {720, 20}, {840, 20});
	struct trace_shape shape = shape_of(&p, NAN);

	(void)state;
	assert_double_near(shape.span_sec, 240);
	assert_double_near(shape.step_sec, 80);
	assert_double_near(shape.mean_rps, (20 * 60 + 25 * 60 + 20 * 120) / 240.0);
	assert_double_near(shape.max_rps, 30);
	assert_double_near(shape.smooth_sec, 0);
	assert_int_equal(shape.points, 4);
}

static void a_trace_of_short_steps_is_evened_out(void **state)
{
	struct points fine = POINTS({0, 0}, {30, 0}, {60, 60}, {90, 0}, {120, 0}, {180, 0});
	struct points few_fine = POINTS({0, 0}, {60, 0}, {60, 60}, {120, 60}, {180, 60});
	struct trace_shape shape = shape_of(&fine, NAN);

	(void)state;
	assert_double_near(shape.smooth_sec, FEED_SMOOTH_SEC);
	assert_double_near(shape.max_rps, 30);
	assert_double_near(shape_of(&few_fine, NAN).smooth_sec, 0);
}

static void whoever_asks_decides_about_evening_out(void **state)
{
	struct points p = POINTS({0, 0}, {30, 0}, {60, 60}, {90, 0}, {120, 0});

	(void)state;
	assert_double_near(shape_of(&p, 0).max_rps, 60);
	p.next = 0;
	assert_double_near(shape_of(&p, 10).max_rps, 55);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_lies_on_the_line_between_its_points),
		cmocka_unit_test(of_two_points_at_one_time_the_later_counts),
		cmocka_unit_test(a_trace_without_points_is_silence),
		cmocka_unit_test(evened_out_it_is_the_mean_around_each_second),
		cmocka_unit_test(evening_out_may_skip_ahead_and_passes_between_seconds),
		cmocka_unit_test(chance_is_evened_out_of_a_long_trace),
		cmocka_unit_test(a_shape_is_span_step_mean_and_highest_rate),
		cmocka_unit_test(a_trace_of_short_steps_is_evened_out),
		cmocka_unit_test(whoever_asks_decides_about_evening_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
