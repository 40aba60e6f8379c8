/* Shell. Unit tests of replay/chart. */
#include "replay/chart.h"

#include "common/mem.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static void ticks_are_round_and_reach_the_maximum(void **state)
{
	struct chart_tick ticks[CHART_TICKS_MAX];

	(void)state;
	for (double max = 1e-3; max < 1e8; max *= 1.37) {
		for (size_t most = 2; most <= 8; most++) {
			size_t n = chart_ticks(max, most, ticks);
			assert_true(n >= 2 && n <= most + 1);
			assert_double_near(ticks[0].value, 0);
			assert_true(ticks[n - 1].value >= max * (1 - 1e-9));
			assert_true(ticks[n - 2].value < max);
			assert_double_near(ticks[1].value, strtod(ticks[1].text, NULL));
		}
	}
}

static void ticks_of_a_few_replicas(void **state)
{
	struct chart_tick ticks[CHART_TICKS_MAX];

	(void)state;
	assert_int_equal(chart_ticks(21, 4, ticks), 4);
	assert_string_equal(ticks[3].text, "30");
	assert_int_equal(chart_ticks(8, 4, ticks), 5);
	assert_string_equal(ticks[4].text, "8");
	assert_int_equal(chart_ticks(1, 4, ticks), 3);
	assert_string_equal(ticks[1].text, "0.5");
}

static void ticks_of_time_are_whole_units(void **state)
{
	static const struct {
		double max_sec;
		size_t n;
		const char *second, *last;
	} spans[] = {
		{7, 8, "1 s", "7 s"},
		{95, 10, "10 s", "90 s"},
		{600, 6, "2 min", "10 min"},
		{10800, 7, "0.5 h", "3 h"},
		{86400, 9, "3 h", "24 h"},
		{7 * 86400, 8, "1 d", "7 d"},
		{400 * 86400.0, 7, "60 d", "360 d"},
	};
	struct chart_tick ticks[CHART_TICKS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		size_t n = chart_time_ticks(spans[i].max_sec, 10, ticks);
		assert_int_equal(n, spans[i].n);
		assert_string_equal(ticks[0].text, "0");
		assert_string_equal(ticks[1].text, spans[i].second);
		assert_string_equal(ticks[n - 1].text, spans[i].last);
	}
}

static void labels_keep_apart(void **state)
{
	struct chart_boxes *boxes = xcalloc(1, sizeof(*boxes));
	struct svg_at at;
	size_t placed = 0;

	(void)state;
	boxes->within = (struct chart_box){0, 0, 400, 300};
	for (int i = 0; i < 30; i++)
		placed += chart_place(boxes, (struct svg_at){200, 150}, 40, 15, &at);
	assert_true(placed >= 8 && placed < 30); /* around one point there is room for some */
	assert_int_equal(boxes->n, placed);
	for (size_t i = 0; i < boxes->n; i++) {
		const struct chart_box *a = &boxes->at[i];
		assert_true(a->left >= 0 && a->right <= 400 && a->top >= 0 && a->bottom <= 300);
		for (size_t k = 0; k < i; k++) {
			const struct chart_box *b = &boxes->at[k];
			assert_true(a->right <= b->left || b->right <= a->left ||
				    a->bottom <= b->top || b->bottom <= a->top);
		}
	}
	free(boxes);
}

static void a_label_is_beside_its_point_where_there_is_room(void **state)
{
	struct chart_boxes *boxes = xcalloc(1, sizeof(*boxes));
	struct svg_at at;

	(void)state;
	boxes->within = (struct chart_box){0, 0, 400, 300};
	assert_true(chart_place(boxes, (struct svg_at){200, 150}, 40, 15, &at));
	assert_true(at.x > 200 && at.x < 215 && fabs(at.y - 150) < 6);
	assert_true(chart_place(boxes, (struct svg_at){395, 50}, 40, 15, &at));
	assert_true(at.x + 40 < 395); /* no room at the right */
	free(boxes);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

static void points_without_a_place_are_left_out(void **state)
{
	static const struct chart_point points[] = {
		{"good", {.over = 0.1, .cost = 1.1, .front = true}, 0.2, 1.2},
		{"NaN", {.over = NAN, .cost = 1.1}, NAN, 1.2},
		{"free", {.over = 0.1, .cost = 0}, 0.1, 0},
		{NULL, {.over = 0.3, .cost = 1.3}, 0.3, 1.3},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	chart_pareto(points, 4, 0, &out);
	assert_int_equal(count(buf_text(&out), "<circle"), 2);
	assert_int_equal(count(buf_text(&out), "nan"), 0);
	assert_int_equal(count(buf_text(&out), ">good<"), 1);
	assert_int_equal(count(buf_text(&out), "class=\"reach\""), 2);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_are_round_and_reach_the_maximum),
		cmocka_unit_test(ticks_of_a_few_replicas),
		cmocka_unit_test(ticks_of_time_are_whole_units),
		cmocka_unit_test(labels_keep_apart),
		cmocka_unit_test(a_label_is_beside_its_point_where_there_is_room),
		cmocka_unit_test(points_without_a_place_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
