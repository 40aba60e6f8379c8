/* Pure. Counters and gauges as Prometheus text. */
#include "common/metrics.h"

#include "tests/unit/unit.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_set_renders_nothing),
		cmocka_unit_test(test_counter_counts),
		cmocka_unit_test(test_series_of_one_name_share_their_head),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
