/* What a recorded service cost, by the day. */
#include "tests/unit/unit.h"

#include "common/json.h"
#include "replay/bill.h"
#include "tests/unit/default_policy.h"

#include <string.h>

#define DAY_SEC   86400
#define MIDNIGHT  1795478400.0 /* 2026-11-24 */
#define PRICE     0.5
#define MAX_COUNT 10

static struct bill bill;
static struct policy_config config;
static struct buf out;

static int begin(void **state)
{
	(void)state;
	config = default_policy("adaptive");
	config.max_replicas = MAX_COUNT;
	bill_init(&bill);
	buf_init(&out, 1 << 20);
	return 0;
}

static int end(void **state)
{
	(void)state;
	bill_free(&bill);
	buf_free(&out);
	return 0;
}

enum outcome { KEPT, LOST, OPEN };

static void add(double ts, double window_sec, int replicas, enum outcome outcome)
{
	const struct message_alert alert = {
		.ts = ts, .window_sec = window_sec, .replicas = replicas};
	const struct brain_decided decided = {
		.decision = {.slo_ms = outcome == OPEN ? NAN : 300, .over_slo = outcome == LOST}};

	bill_add(&bill, &config, &(struct backtest_window){.alert = &alert, .decided = &decided});
}

static void assert_day(size_t i, double day, double window_sec, double replica_sec)
{
	assert_true(bill.days[i].day == (long)(day / DAY_SEC));
	assert_double_near(bill.days[i].window_sec, window_sec);
	assert_double_near(bill.days[i].replica_sec, replica_sec);
	assert_double_near(bill.days[i].fixed_sec, window_sec * MAX_COUNT);
}

static void windows_count_on_the_day_they_close(void **state)
{
	(void)state;
	add(MIDNIGHT - 4, 4, 2, KEPT);
	add(MIDNIGHT - 0.001, 4, 3, KEPT);
	add(MIDNIGHT, 4, 5, LOST);
	assert_int_equal(bill.days_n, 2);
	assert_day(0, MIDNIGHT - DAY_SEC, 8, 20);
	assert_day(1, MIDNIGHT, 4, 20);
}

static void days_stand_in_their_order_however_they_come(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++)
		add(MIDNIGHT + DAY_SEC * ((i * 5) % 6), 4, 1, KEPT);
	add(MIDNIGHT + 2 * DAY_SEC, 4, 7, KEPT);
	assert_int_equal(bill.days_n, 6);
	for (size_t i = 0; i < 6; i++)
		assert_day(i, MIDNIGHT + (double)i * DAY_SEC, i == 2 ? 8 : 4, i == 2 ? 32 : 4);
}

static void windows_are_kept_lost_or_not_judged(void **state)
{
	(void)state;
	add(MIDNIGHT, 4, 1, OPEN);
	for (int i = 0; i < 2; i++)
		add(MIDNIGHT, 4, 1, LOST);
	for (int i = 0; i < 3; i++)
		add(MIDNIGHT + DAY_SEC, 4, 1, KEPT);
	struct bill_day total = bill_total(&bill);
	assert_int_equal(total.open, 1);
	assert_int_equal(total.lost, 2);
	assert_int_equal(total.kept, 3);
	assert_double_near(total.window_sec, 24);
}

static void windows_of_no_length_are_passed_over(void **state)
{
	(void)state;
	add(MIDNIGHT, NAN, 1, KEPT);
	assert_int_equal(bill.passed_over, 1);
	assert_int_equal(bill.days_n, 0);
}

static void windows_without_a_time_stand_apart(void **state)
{
	(void)state;
	add(MIDNIGHT, 4, 1, KEPT);
	add(NAN, 4, 2, KEPT);
	assert_int_equal(bill.days_n, 2);
	assert_double_near(bill.days[0].replica_sec, 8);
	bill_text(&bill, PRICE, MAX_COUNT, &out);
	assert_non_null(strstr(buf_text(&out), "\n-  "));
}

static void days_have_an_end(void **state)
{
	(void)state;
	for (int i = 0; i < BILL_DAYS_MAX + 5; i++)
		add(MIDNIGHT + DAY_SEC * (double)i, 4, 1, KEPT);
	assert_int_equal(bill.days_n, BILL_DAYS_MAX);
	assert_int_equal(bill.passed_over, 5);
}

static void as_text(void **state)
{
	(void)state;
	add(MIDNIGHT - 1, 3600, 3, KEPT);
	add(MIDNIGHT, 1800, 4, LOST);
	bill_text(&bill, PRICE, MAX_COUNT, &out);
	assert_string_equal(buf_text(&out), "day (UTC)     hours  replica-h       cost  fixed MAX  "
					    "    saved  SLO kept     lost "
					    "none yet\n"
					    "2026-11-23     1.00       3.00       1.50       5.00  "
					    "     3.50         1        0 "
					    "       0\n"
					    "2026-11-24     0.50       2.00       1.00       2.50  "
					    "     1.50         0        1 "
					    "       0\n"
					    "total          1.50       5.00       2.50       7.50  "
					    "     5.00         1        1 "
					    "       0\n"
					    "At 0.5 for an hour of a replica; fixed MAX is 10 "
					    "replicas all the time.  Hours are "
					    "those\nof recorded windows.\n");
}

static void as_json(void **state)
{
	(void)state;
	cJSON *root;

	add(MIDNIGHT - 1, 3600, 3, KEPT);
	add(MIDNIGHT, 1800, 4, LOST);
	bill_json(&bill, PRICE, MAX_COUNT, &out);
	assert_int_equal(json_parse(out.data, out.len, &root), 0);
	const cJSON *day = cJSON_GetArrayItem(json_get(root, "days"), 1);
	assert_string_equal(json_str(day, "day"), "2026-11-24");
	assert_true(json_get(day, "cost")->valuedouble == 1);
	assert_true(json_get(day, "slo_lost")->valuedouble == 1);
	assert_true(json_get(json_get(root, "total"), "saved")->valuedouble == 5);
	cJSON_Delete(root);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(windows_count_on_the_day_they_close),
		TEST(days_stand_in_their_order_however_they_come),
		TEST(windows_are_kept_lost_or_not_judged),
		TEST(windows_of_no_length_are_passed_over),
		TEST(windows_without_a_time_stand_apart),
		TEST(days_have_an_end),
		TEST(as_text),
		TEST(as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
