/* Pure. Counters, gauges and histograms as Prometheus text. */
#include "common/metrics.h"

#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void rendered(const struct metrics *set, const char *expected)
{
	struct buf out;

	buf_init(&out, 4096);
	metrics_render(set, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_free(&out);
}

static void test_empty_set_renders_nothing(void **state)
{
	struct metrics *set = metrics_new();

	(void)state;
	rendered(set, "");
	metrics_free(set);
}

static void test_counter_counts(void **state)
{
	struct metrics *set = metrics_new();
	struct metric *m = metrics_add(set, METRIC_COUNTER, "agentic_plans_total", NULL, "Plans");

	(void)state;
	metric_inc(m);
	metric_add(m, 2.5);
	rendered(set, "# HELP agentic_plans_total Plans\n"
		      "# TYPE agentic_plans_total counter\n"
		      "agentic_plans_total 3.5\n");
	metrics_free(set);
}

static void test_series_of_one_name_share_their_head(void **state)
{
	struct metrics *set = metrics_new();
	struct metric *up, *down;

	(void)state;
	up = metrics_add(set, METRIC_GAUGE, "agentic_n", "way=\"up\"", "How many");
	down = metrics_add(set, METRIC_GAUGE, "agentic_n", "way=\"down\"", "How many");
	metrics_add(set, METRIC_GAUGE, "agentic_other", NULL, "Other");
	metric_set(up, 1);
	metric_set(down, -2);
	metric_set(down, 7);
	rendered(set, "# HELP agentic_n How many\n"
		      "# TYPE agentic_n gauge\n"
		      "agentic_n{way=\"up\"} 1\n"
		      "agentic_n{way=\"down\"} 7\n"
		      "# HELP agentic_other Other\n"
		      "# TYPE agentic_other gauge\n"
		      "agentic_other 0\n");
	metrics_free(set);
}

static void test_table(void **state)
{
	struct ways {
		int other;
		struct metric *moves[2], *lost;
	} ways = {.other = 1};
	static const struct metric_row table[] = {
		{METRIC_COUNTER, "agentic_moves_total", "way=\"up\"", "Moves",
		 offsetof(struct ways, moves[0])},
		{METRIC_COUNTER, "agentic_moves_total", "way=\"down\"", "Moves",
		 offsetof(struct ways, moves[1])},
		{METRIC_GAUGE, "agentic_lost", NULL, "Lost", offsetof(struct ways, lost)},
		{0},
	};
	struct metrics *set = metrics_new();

	(void)state;
	metrics_add_table(set, table, &ways);
	metric_add(ways.moves[0], 2);
	metric_inc(ways.moves[1]);
	metric_set(ways.lost, -1);
	assert_int_equal(ways.other, 1);
	rendered(set, "# HELP agentic_moves_total Moves\n"
		      "# TYPE agentic_moves_total counter\n"
		      "agentic_moves_total{way=\"up\"} 2\n"
		      "agentic_moves_total{way=\"down\"} 1\n"
		      "# HELP agentic_lost Lost\n"
		      "# TYPE agentic_lost gauge\n"
		      "agentic_lost -1\n");
	metrics_free(set);
}

static void value_renders_as(double value, const char *expected)
{
	struct metrics *set = metrics_new();
	struct metric *m = metrics_add(set, METRIC_GAUGE, "x", NULL, "y");
	struct buf out;

	metric_set(m, value);
	buf_init(&out, 4096);
	metrics_render(set, &out);
	assert_string_equal(buf_text(&out) + sizeof("# HELP x y\n# TYPE x gauge\nx ") - 1,
			    expected);
	buf_free(&out);
	metrics_free(set);
}

static void test_values(void **state)
{
	(void)state;
	value_renders_as(0.1, "0.1\n");
	value_renders_as(1795458155.613, "1795458155.613\n");
	value_renders_as(9007199254740, "9007199254740\n");
	value_renders_as(NAN, "NaN\n");
	value_renders_as(INFINITY, "+Inf\n");
	value_renders_as(-INFINITY, "-Inf\n");
}

static void test_histogram(void **state)
{
	struct metrics *set = metrics_new();
	struct metric *up, *down;

	(void)state;
	up = metrics_add(set, METRIC_HISTOGRAM_SEC, "agentic_x_seconds", "way=\"up\"", "X");
	down = metrics_add(set, METRIC_HISTOGRAM_SEC, "agentic_x_seconds", "way=\"down\"", "X");
	metric_observe(up, 0.1); /* the upper end belongs to a bucket */
	metric_observe(up, 0.3);
	metric_observe(up, 1000);
	metric_observe(up, NAN);
	metric_observe(down, -5);
	rendered(set, "# HELP agentic_x_seconds X\n"
		      "# TYPE agentic_x_seconds histogram\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"0.1\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"0.25\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"0.5\"} 2\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"1\"} 2\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"2.5\"} 2\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"5\"} 2\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"10\"} 2\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"20\"} 2\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"30\"} 2\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"60\"} 2\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"120\"} 2\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"300\"} 2\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"600\"} 2\n"
		      "agentic_x_seconds_bucket{way=\"up\",le=\"+Inf\"} 3\n"
		      "agentic_x_seconds_sum{way=\"up\"} 1000.4\n"
		      "agentic_x_seconds_count{way=\"up\"} 3\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"0.1\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"0.25\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"0.5\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"1\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"2.5\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"5\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"10\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"20\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"30\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"60\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"120\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"300\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"600\"} 1\n"
		      "agentic_x_seconds_bucket{way=\"down\",le=\"+Inf\"} 1\n"
		      "agentic_x_seconds_sum{way=\"down\"} 0\n"
		      "agentic_x_seconds_count{way=\"down\"} 1\n");
	metrics_free(set);
}

/* Every bucket of ${type} takes its own upper end, and the ends grow. */
static void buckets_are_in_order(enum metric_type type, double first, double last, size_t n)
{
	struct metrics *set = metrics_new();
	struct metric *m = metrics_add(set, type, "x", NULL, "y");
	struct buf out;
	double end, before = 0;
	const char *line;
	size_t seen = 0;

	metric_observe(m, first);
	metric_observe(m, last);
	metric_observe(m, last * 1.001);
	buf_init(&out, 65536);
	metrics_render(set, &out);
	line = strstr(buf_text(&out), "x_bucket");
	for (; line[2] == 'b'; line = strchr(line, '\n') + 1) {
		char text[16];
		int count, expected;

		assert_int_equal(sscanf(line, "x_bucket{le=\"%15[^\"]\"} %d\n", text, &count), 2);
		end = strtod(text, NULL);
		expected = isinf(end) ? 3 : end >= last ? 2 : 1;
		assert_true(end > before);
		assert_int_equal(count, expected);
		before = end;
		seen++;
	}
	assert_int_equal(seen, n);
	assert_true(isinf(before));
	buf_free(&out);
	metrics_free(set);
}

static void test_buckets(void **state)
{
	(void)state;
	buckets_are_in_order(METRIC_HISTOGRAM_US, 10e-6, 0.1, 13);
	buckets_are_in_order(METRIC_HISTOGRAM_MS, 1e-3, 60, 22);
	buckets_are_in_order(METRIC_HISTOGRAM_SEC, 0.1, 600, 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_set_renders_nothing),
		cmocka_unit_test(test_counter_counts),
		cmocka_unit_test(test_series_of_one_name_share_their_head),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
