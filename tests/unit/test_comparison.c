/* Shell. Unit tests of replay/comparison: what a backtest comes to, where it is not that of a
 * planner that decided the same (test_backtest). */
#include "replay/comparison.h"

#include "common/json.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define START_TS 1795458155.0

static const struct message_plan plans[] = {
	[ACTION_NOOP] = {.action = ACTION_NOOP, .replicas = 2, .reason = "steady"},
	[ACTION_SCALE_UP] = {.action = ACTION_SCALE_UP, .replicas = -1, .reason = "high"},
};

/* One more window: decided noop, live ${live}. */
static void add(struct comparison *c, double ts, const struct message_plan *live,
		enum backtest_match match, struct buf *line)
{
	const struct message_alert alert = {
		.target = "app", .p95_ms = 100, .replicas = 2, .ts = ts};
	const struct backtest_window w = {
		.alert = &alert,
		.plan = &plans[ACTION_NOOP],
		.text = "{}",
		.live = live,
		.live_text = "{}",
		.match = match,
	};

	comparison_add(c, &w);
	comparison_line(c, &w, line);
}

/* Three windows: alone, by other figures, differing; the first without a time. */
static struct comparison three(struct buf *lines)
{
	struct comparison c;

	comparison_init(&c);
	buf_init(lines, 4096);
	add(&c, NAN, NULL, BACKTEST_ALONE, lines);
	add(&c, START_TS, &plans[ACTION_NOOP], BACKTEST_FIGURES, lines);
	add(&c, START_TS + 4, &plans[ACTION_SCALE_UP], BACKTEST_DIFFERS, lines);
	return c;
}

static void a_plan_of_the_predecessor_is_without_a_count(void **state)
{
	struct buf lines;

	(void)state;
	three(&lines);
	assert_non_null(strstr(lines.data, " noop 2        ~ noop 2        steady\n"));
	assert_non_null(strstr(lines.data, " noop 2        ! scale_up      steady\n"));
	buf_free(&lines);
}

static void the_summary_says_where_it_differs_first(void **state)
{
	const struct comparison_source source = {0};
	struct buf out;

	(void)state;
	struct comparison c = three(&out);
	buf_clear(&out);
	comparison_summary(&c, &source, &out);
	assert_non_null(strstr(out.data, "3 windows, 2026-11-23 18:22:35 to 2026-11-23 18:22:39"));
	assert_non_null(strstr(out.data, "1 differ (!), the first 2026-11-23 18:22:39\n"));
	assert_non_null(strstr(out.data, "another replica count"));
	buf_free(&out);
}

static cJSON *for_programs(const struct comparison *c, const struct comparison_source *source)
{
	struct buf out;
	cJSON *o;

	buf_init(&out, 4096);
	comparison_summary_json(c, source, &out);
	assert_int_equal(json_parse(out.data, out.len, &o), 0);
	assert_string_equal(json_str(o, "kind"), "summary");
	buf_free(&out);
	return o;
}

static void assert_text(const cJSON *o, const char *name, const char *expected)
{
	char *text = json_print(json_get(o, name));

	assert_string_equal(text, expected);
	free(text);
}

static void a_summary_for_programs_says_the_same(void **state)
{
	const struct comparison_source source = {.malformed = 3, .refused = 2};
	struct buf lines;

	(void)state;
	struct comparison c = three(&lines);
	cJSON *o = for_programs(&c, &source);
	assert_text(o, "windows", "3");
	assert_text(o, "from_ts", "1795458155");
	assert_text(o, "to_ts", "1795458159");
	assert_text(o, "differs_ts", "1795458159");
	assert_text(o, "decided", "{\"noop\":3,\"restart\":0,\"scale_up\":0,\"scale_down\":0}");
	assert_text(o, "live", "{\"noop\":1,\"restart\":0,\"scale_up\":1,\"scale_down\":0}");
	assert_text(o, "matches", "{\"alone\":1,\"same\":0,\"figures\":1,\"differs\":1}");
	assert_text(o, "malformed", "3");
	assert_text(o, "refused", "2");
	assert_non_null(strstr(json_str(o, "note"), "another replica count"));
	cJSON_Delete(o);
	buf_free(&lines);
}

static void without_a_difference_there_is_no_note(void **state)
{
	const struct comparison_source same = {0}, other = {.other_settings = true};
	struct comparison c;
	struct buf line;

	(void)state;
	comparison_init(&c);
	buf_init(&line, 4096);
	add(&c, START_TS, &plans[ACTION_NOOP], BACKTEST_SAME, &line);
	cJSON *o = for_programs(&c, &same);
	assert_null(json_get(o, "note"));
	assert_null(json_get(o, "differs_ts"));
	cJSON_Delete(o);
	o = for_programs(&c, &other);
	assert_non_null(json_get(o, "note"));
	cJSON_Delete(o);
	buf_free(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_of_the_predecessor_is_without_a_count),
		cmocka_unit_test(the_summary_says_where_it_differs_first),
		cmocka_unit_test(a_summary_for_programs_says_the_same),
		cmocka_unit_test(without_a_difference_there_is_no_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
