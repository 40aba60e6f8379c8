/* Pure. The log of past events. */
#include "dashboard/eventlog.h"

#include "common/mem.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_empty(void **unused)
{
	struct eventlog *log = eventlog_new(0xab);
	char id[EVENTLOG_ID_MAX];
	uint64_t seq = 7;

	(void)unused;
	assert_int_equal(eventlog_newest(log), 0);
	assert_int_equal(eventlog_oldest(log), 1);
	eventlog_id(log, 0, id);
	assert_string_equal(id, "000000ab-0");
	assert_true(eventlog_find(log, id, &seq));
	assert_int_equal(seq, 0);
	assert_false(eventlog_find(log, "000000ab-1", &seq));
	eventlog_free(log);
	eventlog_free(NULL);
}

static void test_an_event_is_text_for_a_stream(void **unused)
{
	struct eventlog *log = eventlog_new(0xab);
	size_t len;

	(void)unused;
	eventlog_add(log, "plan", "{\"a\":1}");
	eventlog_add(log, "reset", "{}");
	assert_string_equal(eventlog_at(log, 1, &len),
			    "id: 000000ab-1\nevent: plan\ndata: {\"a\":1}\n\n");
	assert_int_equal(len, strlen(eventlog_at(log, 1, &len)));
	assert_string_equal(eventlog_at(log, 2, &len),
			    "id: 000000ab-2\nevent: reset\ndata: {}\n\n");
	eventlog_free(log);
}

static void test_ids_are_found_while_what_follows_is_kept(void **unused)
{
	struct eventlog *log = eventlog_new(0xab);
	uint64_t seq;
	size_t len;

	(void)unused;
	for (int i = 0; i < EVENTLOG_MAX + 5; i++)
		eventlog_add(log, "tock", "{}");
	assert_int_equal(eventlog_newest(log), EVENTLOG_MAX + 5);
	assert_int_equal(eventlog_oldest(log), 6);
	assert_memory_equal(eventlog_at(log, 6, &len), "id: 000000ab-6\n", 15);
	assert_false(eventlog_find(log, "000000ab-4", &seq));
	assert_true(eventlog_find(log, "000000ab-5", &seq));
	assert_int_equal(seq, 5);
	assert_true(eventlog_find(log, "000000ab-2053", &seq));
	assert_false(eventlog_find(log, "000000ab-2054", &seq));
	eventlog_free(log);
}

static void test_other_texts_are_no_ids(void **unused)
{
	static const char *const wrong[] = {
		"",
		"-",
		"1",
		"000000ab",
		"000000ab-",
		"000000ab-x",
		"000000ab-1x",
		"000000ab-01",
		"000000ab- 1",
		"000000ab-+1",
		"000000AB-1",
		"ab-1",
		"000000ac-1",
		"000000ab--1",
		" 000000ab-1",
		"000000ab-18446744073709551615",
		"000000ab-18446744073709551617",
	};
	struct eventlog *log = eventlog_new(0xab);
	uint64_t seq;

	(void)unused;
	eventlog_add(log, "tock", "{}");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (eventlog_find(log, wrong[i], &seq))
			fail_msg("\"%s\" was found", wrong[i]);
	assert_true(eventlog_find(log, "000000ab-1", &seq));
	eventlog_free(log);
}

static void test_bytes_are_bounded(void **unused)
{
	size_t len = EVENTLOG_BYTES_MAX / 4, got;
	struct eventlog *log = eventlog_new(1);
	char *data = xcalloc(1, 2 * EVENTLOG_BYTES_MAX + 1);

	(void)unused;
	memset(data, 'y', len);
	for (int i = 0; i < 10; i++)
		eventlog_add(log, "long", data);
	assert_int_equal(eventlog_newest(log) - eventlog_oldest(log) + 1, 3);
	memset(data, 'z', 2 * EVENTLOG_BYTES_MAX);
	eventlog_add(log, "longer", data); /* than the log: kept alone */
	assert_int_equal(eventlog_oldest(log), 11);
	eventlog_at(log, 11, &got);
	assert_true(got > 2 * EVENTLOG_BYTES_MAX);
	eventlog_add(log, "short", "{}");
	assert_int_equal(eventlog_oldest(log), 12);
	free(data);
	eventlog_free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_an_event_is_text_for_a_stream),
		cmocka_unit_test(test_ids_are_found_while_what_follows_is_kept),
		cmocka_unit_test(test_other_texts_are_no_ids),
		cmocka_unit_test(test_bytes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
