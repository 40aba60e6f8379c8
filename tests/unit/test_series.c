/* Pure. The rings of measurements. */
#include "dashboard/series.h"

#include "common/json.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#define BEGIN 1795458000.0 /* of a minute */

static struct series_point point(double ts, double p95_ms)
{
	struct series_point p = {.ts = ts};

	for (size_t c = 0; c < SERIES_COLUMNS_N; c++)
		p.values[c] = NAN;
	p.values[SERIES_P95_MS] = (float)p95_ms;
	return p;
}

static void push(struct series *s, double ts, double p95_ms)
{
	struct series_point p = point(ts, p95_ms);

	series_push(s, &p);
}

/* ${n} windows, a ${every_sec} apart from BEGIN on. */
static void push_many(struct series *s, int n, double every_sec)
{
	for (int i = 0; i < n; i++)
		push(s, BEGIN + i * every_sec, 100);
}

/* What series_render gives, to be deleted. */
static cJSON *rendered(const struct series *s, double from_ts)
{
	struct buf out;
	cJSON *root;

	buf_init(&out, SERIES_HISTORY_MAX);
	buf_puts(&out, "{");
	series_render(s, from_ts, &out);
	buf_puts(&out, "}");
	assert_int_equal(json_parse(buf_text(&out), out.len, &root), 0);
	buf_free(&out);
	return root;
}

static const cJSON *column(const cJSON *root, const char *name)
{
	const cJSON *data = json_get(root, "data")->child, *c;

	cJSON_ArrayForEach (c, json_get(root, "columns")) {
		if (!strcmp(c->valuestring, name))
			return data;
		data = data->next;
	}
	fail_msg("no column %s", name);
	return NULL;
}

static double value(const cJSON *root, const char *name, int i)
{
	const cJSON *item = cJSON_GetArrayItem(column(root, name), i);

	assert_non_null(item);
	return cJSON_IsNull(item) ? NAN : item->valuedouble;
}

static int step_of(const struct series *s, double from_ts, int *ret_n)
{
	cJSON *root = rendered(s, from_ts);
	int step = json_get(root, "step_sec")->valueint;

	*ret_n = cJSON_GetArraySize(column(root, "ts"));
	cJSON_Delete(root);
	return step;
}

static void test_ranges(void **unused)
{
	static const char *const wrong[] = {
		"",     "0",   "899",   "86401", "-3600",
		"+900", "1e4", " 3600", "3600x", "99999999999999999999"};
	unsigned sec = 7;

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(series_parse_range(wrong[i], &sec), -EINVAL);
	assert_int_equal(sec, 7);
	assert_int_equal(series_parse_range(NULL, &sec), 0);
	assert_int_equal(sec, 3600);
	assert_int_equal(series_parse_range("900", &sec), 0);
	assert_int_equal(sec, 900);
	assert_int_equal(series_parse_range("86400", &sec), 0);
	assert_int_equal(sec, 86400);
}

static void test_empty(void **unused)
{
	struct series *s = series_new();
	cJSON *root = rendered(s, 0);

	(void)unused;
	assert_null(series_newest(s));
	assert_int_equal(cJSON_GetArraySize(json_get(root, "columns")), SERIES_COLUMNS_N + 1);
	assert_int_equal(cJSON_GetArraySize(json_get(root, "data")), SERIES_COLUMNS_N + 1);
	assert_int_equal(cJSON_GetArraySize(column(root, "ts")), 0);
	cJSON_Delete(root);
	series_free(s);
	series_free(NULL);
}

static void test_windows_as_they_came(void **unused)
{
	struct series *s = series_new();
	cJSON *root;

	(void)unused;
	for (int i = 0; i < 5; i++)
		push(s, BEGIN + i, i * 10);
	root = rendered(s, BEGIN + 2);
	assert_int_equal(json_get(root, "step_sec")->valueint, 0);
	assert_int_equal(cJSON_GetArraySize(column(root, "ts")), 3);
	assert_double_near(value(root, "ts", 0), BEGIN + 2);
	assert_double_near(value(root, "p95_ms", 2), 40);
	assert_true(isnan(value(root, "capacity_rps", 0)));
	cJSON_Delete(root);
	series_free(s);
}

static void test_the_finest_ring_that_reaches_back(void **unused)
{
	struct series *s = series_new();
	double end;
	int n;

	(void)unused;
	push_many(s, 1800, 1);
	assert_int_equal(step_of(s, 0, &n), 0); /* as far as any */
	assert_int_equal(n, 1800);
	push(s, BEGIN + 1800, 1);
	end = BEGIN + 1800;
	assert_int_equal(step_of(s, end - 1799, &n), 0);
	assert_int_equal(n, 1800);
	assert_int_equal(step_of(s, end - 1801, &n), 10);
	assert_int_equal(n, 181);
	series_free(s);
}

static void test_a_day_fits(void **unused)
{
	struct series *s = series_new();
	double end = BEGIN + 9.0 * 19999;
	int n;

	(void)unused;
	push_many(s, 20000, 9);
	assert_int_equal(step_of(s, end - 3600, &n), 0);
	assert_in_range(n, 400, 401);
	assert_int_equal(step_of(s, end - 6 * 3600, &n), 10);
	assert_in_range(n, 1900, SERIES_POINTS_MAX);
	assert_int_equal(step_of(s, end - 86400, &n), 60);
	assert_in_range(n, 1440, 1441);
	assert_int_equal(step_of(s, 0, &n), 60);
	assert_in_range(n, 1440, 1442);
	series_free(s);
}

/* In a bucket of 10 s: two windows, the second completed twice, then one of the next bucket. */
static void test_buckets_gather_by_kind(void **unused)
{
	struct series *s = series_new();
	struct series_point a = point(BEGIN + 2, 300), b = point(BEGIN + 5, 100);
	cJSON *root;

	(void)unused;
	a.values[SERIES_ARRIVALS_RPS] = 10;
	a.values[SERIES_RUNNING] = 5;
	a.values[SERIES_ERROR_RATE] = 0.5F;
	a.values[SERIES_WANTED] = 4;
	b.values[SERIES_ARRIVALS_RPS] = 20;
	b.values[SERIES_RUNNING] = 3;
	b.values[SERIES_ERROR_RATE] = 0.25F;
	b.values[SERIES_OBJECTIVE_MS] = 999;
	series_push(s, &a);
	series_push(s, &b);
	b.values[SERIES_ARRIVALS_RPS] = 40;
	b.values[SERIES_OBJECTIVE_MS] = 200;
	series_complete(s, &b);
	series_complete(s, &b);
	assert_double_near(series_newest(s)->values[SERIES_OBJECTIVE_MS], 200);
	for (int i = 0; i <= 1800; i++)
		push(s, BEGIN + 11 + i, 50);

	root = rendered(s, BEGIN);
	assert_int_equal(json_get(root, "step_sec")->valueint, 10);
	assert_double_near(value(root, "ts", 0), BEGIN);
	assert_double_near(value(root, "ts", 1), BEGIN + 10);
	assert_double_near(value(root, "p95_ms", 0), 300);
	assert_double_near(value(root, "p95_ms", 1), 50);
	assert_double_near(value(root, "arrivals_rps", 0), 25);
	assert_double_near(value(root, "running", 0), 3);
	assert_double_near(value(root, "wanted", 0), 4);
	assert_double_near(value(root, "error_rate", 0), 0.5);
	assert_double_near(value(root, "objective_ms", 0), 200);
	assert_true(isnan(value(root, "objective_ms", 1)));
	assert_true(isnan(value(root, "baseline_ms", 0)));
	cJSON_Delete(root);
	series_free(s);
}

static void test_a_clock_that_was_set_back(void **unused)
{
	struct series *s = series_new();
	cJSON *root;

	(void)unused;
	push_many(s, 100, 1);
	push(s, BEGIN + 50, 7);
	push(s, BEGIN + 51, 8);
	root = rendered(s, 0);
	assert_int_equal(cJSON_GetArraySize(column(root, "ts")), 52);
	assert_double_near(value(root, "p95_ms", 49), 100);
	assert_double_near(value(root, "p95_ms", 50), 7);
	cJSON_Delete(root);
	push(s, 0, 1);
	push(s, 0, 2);
	assert_double_near(series_newest(s)->values[SERIES_P95_MS], 2);
	root = rendered(s, 0);
	assert_int_equal(cJSON_GetArraySize(column(root, "ts")), 1);
	cJSON_Delete(root);
	series_free(s);
}

static void test_a_point_leaves_out_what_is_unknown(void **unused)
{
	struct series_point p = point(BEGIN + 0.25, 124.2);
	struct buf out;

	(void)unused;
	p.values[SERIES_READY] = 2;
	buf_init(&out, 1024);
	series_render_point(&p, &out);
	assert_string_equal(buf_text(&out), "{\"ts\":1795458000.250,\"p95_ms\":124.2,\"ready\":2}");
	buf_free(&out);
}

/* The longest numbers there are. */
static void test_the_largest_history_fits(void **unused)
{
	struct series *s = series_new();
	struct series_point p = point(0, 0);
	struct buf out;

	(void)unused;
	for (size_t c = 0; c < SERIES_COLUMNS_N; c++)
		p.values[c] = 1.23456789e-30F;
	for (int i = 0; i < 5000; i++) {
		p.ts = 1e11 + i * 10;
		series_push(s, &p);
	}
	buf_init(&out, SERIES_HISTORY_MAX);
	series_render(s, 0, &out);
	assert_memory_equal(buf_text(&out) + out.len - 2, "]]", 2);
	buf_free(&out);
	series_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_windows_as_they_came),
		cmocka_unit_test(test_the_finest_ring_that_reaches_back),
		cmocka_unit_test(test_a_day_fits),
		cmocka_unit_test(test_buckets_gather_by_kind),
		cmocka_unit_test(test_a_clock_that_was_set_back),
		cmocka_unit_test(test_a_point_leaves_out_what_is_unknown),
		cmocka_unit_test(test_the_largest_history_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
