/* Shell. Unit tests of replay/generate. */
#include "replay/generate.h"

#include "replay/shape.h"
#include "replay/trace_line.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 32

/* The names, one by one. */
static size_t split_names(struct buf *text, char *ret[NAMES_MAX])
{
	size_t n = 0;

	buf_init(text, 4096);
	generate_names(text);
	for (char *name = strtok(text->data, ", "); name != NULL; name = strtok(NULL, ", "))
		ret[n++] = name;
	return n;
}

static struct generate_config config_of(const char *name)
{
	struct generate_config config;
	char why[256];

	assert_true(generate_defaults(name, &config));
	assert_int_equal(generate_check(&config, why, sizeof(why)), 0);
	return config;
}

/* Points in order, from 0 to the span, the rates within sense; what they are like. */
static struct trace_shape walk(const struct generate_config *config)
{
	struct shape_tally tally = {0};
	struct generator g;
	double sec, rps;

	generate_begin(&g, config);
	while (generate_next(&g, &sec, &rps)) {
		assert_true(sec >= tally.last_sec && sec <= config->span_sec);
		assert_true(rps >= 0 && rps <= TRACE_RPS_MAX);
		assert_true(tally.points > 0 || sec == 0);
		shape_add(&tally, sec, rps);
	}
	assert_double_near(tally.last_sec, config->span_sec);
	assert_false(generate_next(&g, &sec, &rps));
	return shape_end(&tally, NAN);
}

static double rate_at(const struct generate_config *config, double sec)
{
	struct generator g;
	struct trace_feed feed;
	double rps;

	generate_begin(&g, config);
	feed_init(&feed, generate_next, &g, 0, 1);
	rps = feed_rate(&feed, sec);
	feed_free(&feed);
	return rps;
}

static void every_kind_has_points_to_its_end(void **state)
{
	struct buf text;
	char *names[NAMES_MAX];
	size_t n = split_names(&text, names);

	(void)state;
	assert_true(n >= 7);
	for (size_t i = 0; i < n; i++) {
		struct generate_config config = config_of(names[i]);
		struct trace_shape shape;

		shape = walk(&config);
		assert_double_near(shape.smooth_sec, 0);
		config.step_sec = 7;
		config.span_sec = 1000.5;
		config.period_sec = 33;
		walk(&config);
	}
	buf_free(&text);
}

static void the_seed_decides_and_nothing_else(void **state)
{
	struct generate_config config = config_of("bursts");
	double first = walk(&config).mean_rps;

	(void)state;
	assert_double_near(walk(&config).mean_rps, first);
	config.seed = 2;
	assert_true(fabs(walk(&config).mean_rps - first) > 0.01);
}

static void a_flat_trace_is_flat(void **state)
{
	struct generate_config config = config_of("flat");
	struct trace_shape shape = walk(&config);

	(void)state;
	assert_double_near(shape.mean_rps, config.high_rps);
	assert_double_near(shape.max_rps, config.high_rps);
}

static void a_step_jumps_up_and_down_again_at_once(void **state)
{
	struct generate_config config = config_of("step");
	double third = config.span_sec / 3;

	(void)state;
	assert_double_near(rate_at(&config, third - 0.001), config.low_rps);
	assert_double_near(rate_at(&config, third), config.high_rps);
	assert_double_near(rate_at(&config, 2 * third - 0.001), config.high_rps);
	assert_double_near(rate_at(&config, 2 * third), config.low_rps);
}

static void what_repeats_does_so_by_its_period(void **state)
{
	static const char *const names[] = {"onoff", "sawtooth", "diurnal"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct generate_config config = config_of(names[i]);

		config.noise = 0;
		config.period_sec = 1200;
		config.span_sec = 6000;
		for (double sec = 1; sec < 1200; sec += 61)
			assert_true(fabs(rate_at(&config, sec) - rate_at(&config, sec + 2400)) <
				    1e-6);
		assert_double_near(walk(&config).max_rps, config.high_rps);
	}
}

static void a_flash_comes_within_a_minute_and_goes_within_the_hour(void **state)
{
	struct generate_config config = config_of("flash");
	double begin_sec = 0.4 * config.span_sec;

	(void)state;
	config.noise = 0;
	assert_double_near(rate_at(&config, begin_sec), config.low_rps);
	assert_true(rate_at(&config, begin_sec + 60) > 0.95 * config.high_rps);
	assert_true(rate_at(&config, begin_sec + 3600) < 0.2 * config.high_rps);
}

/* The standard deviation over the mean of a long noisy trace. */
static void noise_is_as_wide_as_was_asked_for(void **state)
{
	struct generate_config config = config_of("noisy");
	struct generator g;
	double sec, rps, n = 0, sum = 0, squares = 0;

	(void)state;
	config.span_sec = 1e6;
	generate_begin(&g, &config);
	while (generate_next(&g, &sec, &rps)) {
		n++;
		sum += rps;
		squares += rps * rps;
	}
	double mean = sum / n;
	double sd = sqrt(squares / n - mean * mean);
	assert_true(fabs(mean / ((config.low_rps + config.high_rps) / 2) - 1) < 0.02);
	assert_true(fabs(sd / mean / config.noise - 1) < 0.1);
}

static void bursts_are_off_about_half_of_the_time(void **state)
{
	struct generate_config config = config_of("bursts");
	struct generator g;
	struct trace_feed feed;
	double off = 0, n = 0;

	(void)state;
	config.span_sec = 1e6;
	config.noise = 0;
	generate_begin(&g, &config);
	feed_init(&feed, generate_next, &g, 0, 1);
	for (double sec = 0; sec < config.span_sec; sec += 10, n++)
		off += feed_rate(&feed, sec) <= config.low_rps;
	feed_free(&feed);
	assert_true(fabs(off / n - 0.5) < 0.05);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		size_t offset;
		double value;
	} bad[] = {
		{offsetof(struct generate_config, span_sec), 10},
		{offsetof(struct generate_config, span_sec), NAN},
		{offsetof(struct generate_config, step_sec), 0},
		{offsetof(struct generate_config, period_sec), -1},
		{offsetof(struct generate_config, low_rps), -1},
		{offsetof(struct generate_config, low_rps), 300},
		{offsetof(struct generate_config, high_rps), INFINITY},
		{offsetof(struct generate_config, noise), 9},
		{offsetof(struct generate_config, span_sec), 3e7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct generate_config config = config_of("flat");
		char why[256] = "";

		config.step_sec = 1;
		*(double *)((char *)&config + bad[i].offset) = bad[i].value;
		assert_int_equal(generate_check(&config, why, sizeof(why)), -EINVAL);
		assert_true(strlen(why) > 10);
	}
}

static void unknown_kinds_are_told_apart_and_all_are_helped(void **state)
{
	struct generate_config config;
	struct buf help, text;
	char *names[NAMES_MAX];
	size_t n = split_names(&text, names);

	(void)state;
	assert_false(generate_defaults("hockey-stick", &config));
	assert_false(generate_defaults("", &config));
	buf_init(&help, 4096);
	generate_help(&help);
	for (size_t i = 0; i < n; i++)
		assert_non_null(strstr(buf_text(&help), names[i]));
	buf_free(&help);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_points_to_its_end),
		cmocka_unit_test(the_seed_decides_and_nothing_else),
		cmocka_unit_test(a_flat_trace_is_flat),
		cmocka_unit_test(a_step_jumps_up_and_down_again_at_once),
		cmocka_unit_test(what_repeats_does_so_by_its_period),
		cmocka_unit_test(a_flash_comes_within_a_minute_and_goes_within_the_hour),
		cmocka_unit_test(noise_is_as_wide_as_was_asked_for),
		cmocka_unit_test(bursts_are_off_about_half_of_the_time),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(unknown_kinds_are_told_apart_and_all_are_helped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
