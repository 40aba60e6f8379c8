/* Shell. Unit tests of replay/render, replay/pareto and replay/picture. */
#include "replay/render.h"

#include "common/json.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

/* ---- the front ---- */

static void nobody_on_the_front_is_beaten(void **state)
{
	struct pareto_point points[] = {
		{.over = 0.01, .cost = 1.5},           /* front: fewest misses */
		{.over = 0.05, .cost = 1.1},           /* front */
		{.over = 0.05, .cost = 1.2},           /* dearer for the same */
		{.over = 0.05, .cost = 1.1},           /* front: an equal */
		{.over = 0.5, .cost = 0.9},            /* front: cheapest */
		{.over = 0, .cost = 1, .apart = true}, /* not in the race, beats nobody */
		{.over = NAN, .cost = 0.1},            /* unknown */
	};
	static const bool front[] = {true, true, false, true, true, false, false};

	(void)state;
	pareto_mark(points, 7);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(points[i].front, front[i]);
}

/* ---- table, JSON, CSV ---- */

static const struct sim_measures adaptive_runs[] = {
	{.psi_w = 0.03, .cost = 1.2, .replica_hours = 12, .requests = 1000},
	{.psi_w = 0.01, .cost = 1.3, .replica_hours = 13, .requests = 1100},
	{.psi_w = 0.02, .cost = 1.1, .replica_hours = 11, .requests = 1200},
};
static const struct sim_measures hpa_runs[] = {
	{.psi_w = 0.09, .cost = 1.25, .theta_u = NAN},
	{.psi_w = 0.09, .cost = 1.25, .theta_u = NAN},
	{.psi_w = 0.09, .cost = 1.25, .theta_u = NAN},
};
static const struct sim_measures oracle_runs[] = {
	{.psi_w = 0.001, .cost = 1},
	{.psi_w = 0.001, .cost = 1},
	{.psi_w = 0.001, .cost = 1},
};
static const struct render_row rows[] = {
	{"adaptive", adaptive_runs, 3}, {"hpa", hpa_runs, 3}, {"oracle", oracle_runs, 3}};

static char *render_text(void (*render)(const struct render_row *, size_t, struct buf *),
			 size_t rows_n)
{
	struct buf out;

	buf_init(&out, RENDER_BYTES_MAX);
	render(rows, rows_n, &out);
	return buf_steal(&out);
}

static void a_table_has_medians_and_worsts(void **state)
{
	char *table = render_text(render_table, 3);
	char *line = strtok(table, "\n");

	(void)state;
	assert_memory_equal(line, "policy", 6);
	strtok(NULL, "\n");
	line = strtok(NULL, "\n");
	assert_memory_equal(line, "adaptive     *    2.00   1.200", 30);
	line = strtok(NULL, "\n");
	assert_memory_equal(line, "  worst           3.00   1.300", 30);
	line = strtok(NULL, "\n");
	assert_memory_equal(line, "hpa               9.00   1.250    0.00       -", 46);
	strtok(NULL, "\n");
	line = strtok(NULL, "\n");
	assert_memory_equal(line, "oracle            0.10   1.000", 30);
	free(table);
}

static void a_table_is_narrow_enough_for_a_terminal(void **state)
{
	char *table = render_text(render_table, 3);

	(void)state;
	for (char *line = strtok(table, "\n"); line != NULL; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 100);
	free(table);
}

static void json_has_every_measure(void **state)
{
	cJSON *all = render_json(rows, 3);
	const cJSON *adaptive = cJSON_GetArrayItem(all, 0);
	const cJSON *hpa = cJSON_GetArrayItem(all, 1);
	double value;

	(void)state;
	assert_int_equal(cJSON_GetArraySize(all), 3);
	assert_string_equal(json_get(adaptive, "policy")->valuestring, "adaptive");
	assert_true(cJSON_IsTrue(json_get(adaptive, "front")));
	assert_true(cJSON_IsFalse(json_get(hpa, "front")));
	assert_int_equal(json_get_num(json_get(adaptive, "median"), "psi_w", &value), 0);
	assert_double_near(value, 0.02);
	assert_int_equal(json_get_num(json_get(adaptive, "worst"), "cost", &value), 0);
	assert_double_near(value, 1.3);
	assert_int_equal(cJSON_GetArraySize(json_get(adaptive, "runs")), 3);
	for (const struct measure *m = measures_all; m->name != NULL; m++) {
		const cJSON *run = cJSON_GetArrayItem(json_get(adaptive, "runs"), 1);
		assert_int_equal(json_get_num(run, m->name, &value), 0);
		assert_double_near(value, measure_value(m, &adaptive_runs[1]));
	}
	assert_null(json_get(json_get(hpa, "median"), "theta_u"));
	cJSON_Delete(all);
}

static size_t count_commas(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == ',';
	return n;
}

static void csv_has_a_line_for_each_run(void **state)
{
	char *csv = render_text(render_csv, 3);
	char *line = strtok(csv, "\n");
	size_t commas = count_commas(line), lines = 0;

	(void)state;
	assert_memory_equal(line, "policy,run,psi_w,cost,psi,", 26);
	while ((line = strtok(NULL, "\n")) != NULL) {
		assert_int_equal(count_commas(line), commas);
		if (lines++ == 1)
			assert_memory_equal(line, "adaptive,2,0.01,1.3,0,", 22);
	}
	assert_int_equal(lines, 9);
	free(csv);
}

static void nothing_to_tell_is_told_too(void **state)
{
	char *table = render_text(render_table, 0);
	char *csv = render_text(render_csv, 0);
	cJSON *json = render_json(rows, 0);

	(void)state;
	assert_non_null(strstr(table, "psi_w"));
	assert_null(strchr(strchr(csv, '\n') + 1, '\n'));
	assert_int_equal(cJSON_GetArraySize(json), 0);
	cJSON_Delete(json);
	free(table);
	free(csv);
}

/* ---- pictures of runs ---- */

static struct sim_sample sample(double sec, double rps, int replicas, bool over)
{
	return (struct sim_sample){.sec = sec,
				   .rps = rps,
				   .needed = replicas,
				   .wanted = replicas + 1,
				   .ready = replicas,
				   .over = over};
}

static void windows_come_together_in_columns(void **state)
{
	struct picture *p = xcalloc(1, sizeof(*p));

	(void)state;
	picture_init(p, "adaptive", 4 * PICTURE_COLUMNS); /* four seconds each */
	picture_add(p, &(struct sim_sample){.sec = 2, .rps = 10, .needed = 3});
	picture_add(p, &(struct sim_sample){.sec = 4, .rps = 30, .needed = 1, .over = true});
	picture_add(p, &(struct sim_sample){.sec = 6, .rps = 50, .needed = 2});
	picture_add(p, &(struct sim_sample){.sec = 4 * PICTURE_COLUMNS + 9, .rps = 70});

	assert_string_equal(p->name, "adaptive");
	assert_int_equal(p->columns[0].windows, 2);
	assert_int_equal(p->columns[0].over, 1);
	assert_double_near(p->columns[0].rps_sum, 40);
	assert_int_equal(p->columns[0].needed.min, 1);
	assert_int_equal(p->columns[0].needed.max, 3);
	assert_int_equal(p->columns[0].needed.last, 1);
	assert_int_equal(p->columns[1].windows, 1);
	assert_int_equal(p->columns[1].needed.min, 2);
	assert_int_equal(p->columns[PICTURE_COLUMNS - 1].windows, 1);
	free(p);
}

/* ---- SVG ---- */

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

/* A whole run of ${windows}, two replicas, then ${high}; misses in the second half. */
static struct picture *run_of(const char *name, int windows, int high)
{
	struct picture *p = xcalloc(1, sizeof(*p));

	picture_init(p, name, 2.0 * windows);
	for (int i = 1; i <= windows; i++) {
		struct sim_sample s =
			sample(2.0 * i, 100 + i, 2 * i < windows ? 2 : high, 2 * i >= windows);
		picture_add(p, &s);
	}
	return p;
}

static void a_picture_needs_nothing_else_and_is_well_formed(void **state)
{
	struct picture *runs[] = {run_of("adaptive", 5000, 7), run_of("hpa", 5000, 9)};
	struct buf out;
	const char *text;

	(void)state;
	buf_init(&out, RENDER_BYTES_MAX);
	render_svg("<a & b>\nsecond line", (const struct picture *const *)runs, 2, rows, 3, &out);
	text = buf_text(&out);
	assert_memory_equal(text, "<svg xmlns=\"http://www.w3.org/2000/svg\"", 39);
	assert_string_equal(text + out.len - 7, "</svg>\n");
	assert_int_equal(count(text, "<text"), count(text, "</text>"));
	assert_int_equal(count(text, "\"") % 2, 0);
	assert_int_equal(count(text, "nan"), 0);
	assert_int_equal(count(text, "inf"), 0);
	assert_int_equal(count(text, "&lt;a &amp; b&gt;"), 2); /* to see, and for who cannot */
	assert_int_equal(count(text, ">second line<"), 1);
	assert_int_equal(count(text, "http"), 1); /* the name space */
	assert_int_equal(count(text, "<script"), 0);
	assert_int_equal(count(text, "prefers-color-scheme:dark"), 1);
	assert_int_equal(count(text, "<circle"), 3);
	assert_int_equal(count(text, ">adaptive<"), 2); /* its panel, its dot */
	assert_int_equal(count(text, ">hpa<"), 2);
	assert_int_equal(count(text, ">oracle<"), 1);
	assert_int_equal(count(text, "2.00 % of windows over the objective at 1.20 times"), 1);
	for (size_t i = 0; i < 2; i++)
		free(runs[i]);
	buf_free(&out);
}

static void a_long_run_makes_no_larger_picture(void **state)
{
	struct picture *brief = run_of("adaptive", 1000, 7);
	struct picture *long_one = run_of("adaptive", 1000000, 7);
	struct buf out;
	size_t brief_bytes;

	(void)state;
	buf_init(&out, RENDER_BYTES_MAX);
	render_svg("brief", (const struct picture *const[]){brief}, 1, NULL, 0, &out);
	brief_bytes = out.len;
	buf_clear(&out);
	render_svg("long", (const struct picture *const[]){long_one}, 1, NULL, 0, &out);
	assert_true(out.len < 1.2 * brief_bytes && out.len > 5000);
	assert_int_equal(count(buf_text(&out), "<circle"), 0);
	buf_free(&out);
	free(brief);
	free(long_one);
}

/* Fewer windows than columns: what was missed shows as wide as it lasted. */
static void few_windows_fill_the_picture(void **state)
{
	struct picture *p = run_of("adaptive", 10, 3);
	struct buf out;

	(void)state;
	buf_init(&out, RENDER_BYTES_MAX);
	render_svg("few", (const struct picture *const[]){p}, 1, NULL, 0, &out);
	assert_int_equal(count(buf_text(&out), "class=\"miss\""), 3); /* legend, shade, strip */
	assert_int_equal(count(buf_text(&out), "width=\"480.0\""), 2);
	buf_free(&out);
	free(p);
}

static void policies_alone_are_a_pareto_plot(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, RENDER_BYTES_MAX);
	render_svg("race", NULL, 0, rows, 3, &out);
	assert_int_equal(count(buf_text(&out), "<circle class=\"front\""), 1);
	assert_int_equal(count(buf_text(&out), "<circle class=\"behind\""), 2);
	assert_int_equal(count(buf_text(&out), "lines lead to the worst run"), 1);
	assert_int_equal(count(buf_text(&out), "class=\"limit\""), 1);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_on_the_front_is_beaten),
		cmocka_unit_test(a_table_has_medians_and_worsts),
		cmocka_unit_test(a_table_is_narrow_enough_for_a_terminal),
		cmocka_unit_test(json_has_every_measure),
		cmocka_unit_test(csv_has_a_line_for_each_run),
		cmocka_unit_test(nothing_to_tell_is_told_too),
		cmocka_unit_test(windows_come_together_in_columns),
		cmocka_unit_test(a_picture_needs_nothing_else_and_is_well_formed),
		cmocka_unit_test(a_long_run_makes_no_larger_picture),
		cmocka_unit_test(few_windows_fill_the_picture),
		cmocka_unit_test(policies_alone_are_a_pareto_plot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
