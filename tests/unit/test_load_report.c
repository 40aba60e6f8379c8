/* Shell. Unit tests of load/report. */
#include "load/report.h"

#include "common/json.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)

static const struct load_options options = {
	.url = "http://127.0.0.1/",
	.phases = {{1, 10}, {2, 20}},
	.phases_n = 2,
	.timeout_sec = 2,
	.keepalive = true,
};

static void request(struct load_report *r, size_t phase, uint64_t due_ms, uint64_t end_ms,
		    enum load_outcome outcome)
{
	load_report_due(r, phase, due_ms * MS);
	load_report_end(r, phase, due_ms * MS, end_ms * MS, outcome);
}

/* Two phases: 10, 20 and 30 ms and a reset; a 503, an overrun and one that is still under way. */
static void fill(struct load_report *r)
{
	load_report_init(r, &options);
	request(r, 0, 1000, 1010, LOAD_OK);
	request(r, 0, 1100, 1120, LOAD_OK);
	request(r, 0, 1200, 1201, LOAD_RESET);
	request(r, 0, 1300, 1330, LOAD_OK);
	request(r, 1, 9000, 9001, LOAD_STATUS_5XX);
	request(r, 1, 9001, 9001, LOAD_OVERRUN);
	load_report_due(r, 1, 9002 * MS);
}

static double number(const cJSON *o, const char *name)
{
	double value = NAN;

	assert_int_equal(json_get_num(o, name, &value), 0);
	return value;
}

static void json_has_every_figure(void **state)
{
	struct load_report r;

	(void)state;
	fill(&r);
	assert_int_equal(load_figures_failed(&r.total), 3);
	cJSON *root = load_report_json(&r, 3.14159);
	const cJSON *first = cJSON_GetArrayItem(json_get(root, "phases"), 0);
	const cJSON *second = cJSON_GetArrayItem(json_get(root, "phases"), 1);
	const cJSON *total = json_get(root, "total");

	assert_string_equal(json_str(root, "url"), options.url);
	assert_string_equal(json_str(root, "connections"), "keepalive");
	assert_double_near(number(root, "elapsed_sec"), 3.142);
	assert_double_near(number(first, "seconds"), 1);
	assert_double_near(number(first, "per_s"), 10);
	assert_double_near(number(first, "due"), 4);
	assert_double_near(number(first, "sent"), 4);
	assert_double_near(number(first, "ok"), 3);
	assert_double_near(number(first, "failed"), 1);
	assert_double_near(number(first, "unfinished"), 0);
	assert_double_near(number(json_get(first, "failures"), "reset"), 1);
	assert_int_equal(cJSON_GetArraySize(json_get(first, "failures")), 1);
	assert_double_near(number(first, "p50_ms"), 25); /* of 10, 20, 30, 2000 */
	assert_double_near(number(first, "max_ms"), 2000);
	assert_double_near(number(first, "longest_gap_ms"), 210); /* 1120 to 1330 */
	assert_double_near(number(second, "due"), 3);
	assert_double_near(number(second, "sent"), 2);
	assert_double_near(number(second, "unfinished"), 1);
	assert_double_near(number(second, "longest_gap_ms"), 1);
	assert_double_near(number(total, "due"), 7);
	assert_double_near(number(total, "ok"), 3);
	assert_double_near(number(total, "failed"), 3);
	assert_double_near(number(total, "longest_gap_ms"), 210); /* not the pause between phases */
	cJSON_Delete(root);
	load_report_free(&r);
}

static void nothing_measured(void **state)
{
	struct load_report r;

	(void)state;
	load_report_init(&r, &options);
	cJSON *root = load_report_json(&r, 0);
	const cJSON *total = json_get(root, "total");

	assert_double_near(number(total, "due"), 0);
	assert_null(json_get(total, "p50_ms"));
	cJSON_Delete(root);
	load_report_free(&r);
}

static void table(void **state)
{
	static const char expected[] =
		"phase      per s      due       ok  failed    p50 ms    p95 ms    p99 ms    max ms"
		"    gap ms\n"
		"1             10        4        3       1      25.0    1704.5    1940.9    2000.0"
		"     210.0\n"
		"2             20        3        0       2    2000.0    2000.0    2000.0    2000.0"
		"       1.0\n"
		"all                     7        3       3    1015.0    2000.0    2000.0    2000.0"
		"     210.0\n"
		"failed: 1 x status 5xx\n"
		"failed: 1 x connection reset\n"
		"failed: 1 x not sent, too many in flight\n";
	struct load_report r;
	struct buf out;

	(void)state;
	fill(&r);
	buf_init(&out, 4096);
	load_report_table(&r, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_clear(&out);
	load_report_progress(&r, 12.3, 1, 5, &out);
	assert_string_equal(buf_text(&out),
			    "   12 s  phase 2/2 (20/s)  7 due  3 ok  3 failed  5 in flight");
	buf_free(&out);
	load_report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_every_figure),
		cmocka_unit_test(nothing_measured),
		cmocka_unit_test(table),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
