/* Why a decision fell as it did: for programs, for people, and of a real policy. */
#include "tests/unit/unit.h"

#include "common/json.h"
#include "planner/explain.h"
#include "planner/figure.h"
#include "planner/policy_impl.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX    16384
#define COLUMNS_MAX 100
#define LINES_MAX   60 /* where every fact stands on its own */

static const struct policy_config config = {.policy = POLICY_CLASSIC,
					    .min_replicas = 1,
					    .max_replicas = 2,
					    .hist_windows = 2,
					    .low_need_n = 1,
					    .alpha_up = 7.5,
					    .beta_down = 1.05};

static const struct whatif would[] = {
	{ACTION_SCALE_UP, "p95_ms", true, 412, 1},
	{ACTION_SCALE_DOWN, "arrivals_rps", false, 61.5, 3},
};

/* --- for programs ----------------------------------------------------------------------------- */

static void assert_explained(const struct policy_decision *d, size_t would_n, const char *expected)
{
	cJSON *explain = explain_build(&config, d, would, would_n);
	char *text = json_print(explain);

	assert_string_equal(text, expected);
	free(text);
	cJSON_Delete(explain);
}

static void facts_become_estimates_and_gates(void **state)
{
	(void)state;
	struct policy_decision d = {0};

	assert_explained(&d, 0,
			 "{\"policy\":\"classic\",\"estimates\":{},\"gates\":{},\"would\":[]}");
	d.decided_by = "warm";
	policy_gate(&d, "warm", true, 12, 12);
	policy_estimate(&d, "ratio", 8.33333333);
	policy_gate(&d, "near", false, NAN, NAN);
	policy_estimate(&d, "endless", INFINITY);
	policy_estimate(&d, "unknown", NAN);
	policy_gate(&d, "cooled_down", false, 3.25, NAN);
	policy_estimate(&d, "windows", 60);
	assert_explained(&d, 0,
			 "{\"policy\":\"classic\",\"decided_by\":\"warm\","
			 "\"estimates\":{\"ratio\":8.333,\"windows\":60},"
			 "\"gates\":{\"warm\":{\"pass\":true,\"value\":12,\"bound\":12},"
			 "\"near\":{\"pass\":false},"
			 "\"cooled_down\":{\"pass\":false,\"value\":3.25}},\"would\":[]}");
}

static void what_would_change_it_is_told_in_both_ways(void **state)
{
	(void)state;
	struct policy_decision d = {0};

	assert_explained(
		&d, 2,
		"{\"policy\":\"classic\",\"estimates\":{},\"gates\":{},\"would\":["
		"{\"action\":\"scale_up\",\"quantity\":\"p95_ms\",\"at_least\":412,\"windows\":1,"
		"\"text\":\"would scale up if p95 >= 412 ms for this window\"},"
		"{\"action\":\"scale_down\",\"quantity\":\"arrivals_rps\",\"at_most\":61.5,"
		"\"windows\":3,"
		"\"text\":\"would scale down if arrivals <= 61.5/s for this window and 2 "
		"more\"}]}");
}

static void facts_have_an_end(void **state)
{
	(void)state;
	struct policy_decision d = {0};

	for (int i = 0; i < POLICY_FACTS_MAX + 3; i++)
		policy_estimate(&d, "n", i);
	assert_int_equal(d.facts_n, POLICY_FACTS_MAX);
	assert_true(d.facts[POLICY_FACTS_MAX - 1].value == POLICY_FACTS_MAX - 1);
}

static void every_fact_of_the_classic_law_is_explained(void **state)
{
	(void)state;
	struct policy_state *s = policy_state_new(&config);
	const struct policy_input input = {.p95_ms = 100, .success_rate = 1, .replicas = 1};
	struct policy_decision d;

	policy_step(s, &config, 1000, &input, &d);
	assert_true(d.facts_n < POLICY_FACTS_MAX);
	assert_explained(&d, 0,
			 "{\"policy\":\"classic\",\"decided_by\":\"room_below\","
			 "\"estimates\":{\"p95_ms\":100,\"baseline_ms\":100,\"sigma_ms\":0},"
			 "\"gates\":{\"warm\":{\"pass\":true,\"value\":1,\"bound\":0},"
			 "\"ratio_high\":{\"pass\":false,\"value\":1,\"bound\":7.5},"
			 "\"z_high\":{\"pass\":false,\"value\":0,\"bound\":6},"
			 "\"room_above\":{\"pass\":true,\"value\":1,\"bound\":2},"
			 "\"near\":{\"pass\":true,\"value\":100,\"bound\":110},"
			 "\"all_near\":{\"pass\":true},"
			 "\"room_below\":{\"pass\":false,\"value\":1,\"bound\":1},"
			 "\"cooled_down\":{\"pass\":true,\"value\":0,\"bound\":0}},\"would\":[]}");
	policy_state_free(s);
}

/* --- for people ------------------------------------------------------------------------------- */

static const struct policy_input window = {.p95_ms = 131.04,
					   .success_rate = 0.98,
					   .requests = 20,
					   .replicas = 3,
					   .ready = 2,
					   .traffic = {.present = true,
						       .rps = 148.2,
						       .completed_rps = 147,
						       .in_flight = 9,
						       .p50_ms = NAN,
						       .p95_ms = NAN,
						       .p99_ms = NAN,
						       .error_rate = 0.01,
						       .upstream_ms = NAN}};

static void text_has_a_line_for_each_kind_of_reason(void **state)
{
	(void)state;
	struct policy_decision d = {.action = ACTION_SCALE_UP,
				    .replicas = 4,
				    .reason = "148 rps need 4",
				    .decided_by = "feed_forward"};
	struct buf out;

	policy_estimate(&d, "capacity_rps", 66.25);
	policy_gate(&d, "data_good", true, NAN, NAN);
	policy_estimate(&d, "start_up_sec", 7.5);
	policy_gate(&d, "burst", false, 1.5, 10);
	policy_gate(&d, "cooled_down", true, 0, NAN);
	policy_estimate(&d, "nothing", NAN);
	buf_init(&out, TEXT_MAX);
	explain_text(&config, "app", 1795458155.613, &window, &d, would, 2, &out);
	assert_string_equal(
		buf_text(&out),
		"2026-11-23 18:22:35  app  scale_up, 4 wanted: 148 rps need 4\n"
		"  decided by  feed_forward (classic)\n"
		"  window      p95 131 ms, success_rate 0.98, requests 20, replicas 3, ready 2\n"
		"  traffic     arrivals 148.2/s, completed 147/s, in_flight 9, error_rate 0.01\n"
		"  estimates   capacity 66.25/s, start_up 7.5 s\n"
		"  pass        data_good, cooled_down (0)\n"
		"  fail        burst (1.5 vs 10)\n"
		"  would scale up if p95 >= 412 ms for this window\n"
		"  would scale down if arrivals <= 61.5/s for this window and 2 more\n");
	buf_free(&out);
}

static void text_leaves_out_what_is_not_known(void **state)
{
	(void)state;
	const struct policy_input bare = {
		.p95_ms = 50, .success_rate = 1, .requests = 4, .replicas = 1, .ready = -1};
	const struct policy_decision d = {.replicas = 1, .reason = "warming"};
	struct buf out;

	buf_init(&out, TEXT_MAX);
	explain_text(&config, "app", NAN, &bare, &d, NULL, 0, &out);
	assert_string_equal(buf_text(&out),
			    "-  app  noop, 1 wanted: warming\n"
			    "  window      p95 50 ms, success_rate 1, requests 4, replicas 1\n");
	buf_free(&out);
}

/* Whatever the facts, lines stay within the columns and are not many. */
static void text_is_wrapped(void **state)
{
	(void)state;
	struct policy_decision d = {.reason = "many facts", .decided_by = "fact"};
	struct buf out;
	int lines = 0;

	for (int i = 0; i < POLICY_FACTS_MAX; i++)
		if (i % 2)
			policy_estimate(&d, "an_estimate_with_a_long_name_ms", 123456.789 * i);
		else
			policy_gate(&d, "a_gate_with_a_long_name", i % 4, -1e300 * i, 1e-300);
	buf_init(&out, TEXT_MAX);
	explain_text(&config, "app", 1e300, &window, &d, would, 2, &out);
	for (const char *line = buf_text(&out); *line; lines++) {
		size_t len = strcspn(line, "\n");
		assert_true(len > 0 && len <= COLUMNS_MAX);
		assert_int_equal(line[len], '\n');
		assert_int_not_equal(line[len - 1], ' ');
		line += len + 1;
	}
	assert_in_range(lines, 10, LINES_MAX);
	buf_free(&out);
}

static void figures_have_units_and_four_digits(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		double value;
		const char *text;
	} rows[] = {
		{"p95_ms", 412.04, "p95 412 ms"},
		{"p95_ms", 0.01234567, "p95 0.01235 ms"},
		{"arrivals_rps", 148.24, "arrivals 148.2/s"},
		{"cooldown_left_sec", 0, "cooldown_left 0 s"},
		{"utilisation", 0.8333333, "utilisation 0.8333"},
		{"requests", 9999.7, "requests 10000"},
		{"requests", 123456789, "requests 123456789"},
		{"requests", -1e15, "requests -1e+15"},
		{"_ms", 3, " 3 ms"},
		{"ms", 3, "ms 3"},
		{"", 3, " 3"},
	};
	char text[FIGURE_TEXT_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		figure_text(rows[i].name, " ", rows[i].value, text);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_become_estimates_and_gates),
		cmocka_unit_test(what_would_change_it_is_told_in_both_ways),
		cmocka_unit_test(facts_have_an_end),
		cmocka_unit_test(every_fact_of_the_classic_law_is_explained),
		cmocka_unit_test(text_has_a_line_for_each_kind_of_reason),
		cmocka_unit_test(text_leaves_out_what_is_not_known),
		cmocka_unit_test(text_is_wrapped),
		cmocka_unit_test(figures_have_units_and_four_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
