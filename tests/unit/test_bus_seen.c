/* Shell. Unit tests of common/bus_seen. */
#include "common/bus_seen.h"
#include "common/mem.h"
#include "common/message.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_number(struct bus_seen *s, unsigned n, uint64_t now_ms)
{
	char id[16];

	snprintf(id, sizeof(id), "%u", n);
	return bus_seen_add(s, id, now_ms);
}

static bool message(struct bus_seen *s, const char *text)
{
	return bus_seen_message(s, text, strlen(text), 0);
}

static void test_second_time_is_not_new(void **state)
{
	struct bus_seen *s = bus_seen_new();

	(void)state;
	assert_true(bus_seen_add(s, "a", 0));
	assert_true(bus_seen_add(s, "aa", 0));
	assert_true(bus_seen_add(s, "", 0));
	assert_false(bus_seen_add(s, "a", 1));
	assert_false(bus_seen_add(s, "", 1));
	assert_int_equal(bus_seen_count(s), 3);
	bus_seen_free(s);
}

static void test_oldest_is_forgotten_when_full(void **state)
{
	struct bus_seen *s = bus_seen_new();

	(void)state;
	for (unsigned i = 0; i < BUS_SEEN_MAX + 100; i++)
		assert_true(add_number(s, i, 0));
	assert_int_equal(bus_seen_count(s), BUS_SEEN_MAX);
	for (unsigned i = 100; i < BUS_SEEN_MAX + 100; i++)
		assert_false(add_number(s, i, 0));
	assert_true(add_number(s, 99, 0));
	assert_true(add_number(s, 100, 0)); /* made way for 99 */
	bus_seen_free(s);
}

static void test_forget_by_age(void **state)
{
	struct bus_seen *s = bus_seen_new();

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add_number(s, i, 1000 + i);
	bus_seen_forget(s, 1000);
	assert_int_equal(bus_seen_count(s), 10);
	bus_seen_forget(s, 1004);
	assert_int_equal(bus_seen_count(s), 6);
	assert_false(add_number(s, 4, 2000));
	assert_true(add_number(s, 3, 2000));
	bus_seen_forget(s, UINT64_MAX);
	assert_int_equal(bus_seen_count(s), 0);
	bus_seen_free(s);
}

static void test_only_the_top_level_id_counts(void **state)
{
	static const char *const without[] = {
		"{}",
		"",
		"{\"x\":{\"id\":\"a\"}}",
		"{\"x\":\"\\\"id\\\":\\\"a\\\"\"}",
		"[\"id\",\"a\"]",
		"{\"id\":7}",
		"{\"id\":null}",
		"{\"ID\":\"a\",\"x\":\"id\"}",
		"{\"id\":\"a\"",
		"{\"id\":\"a\"} {}",
		"{\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
	};
	struct bus_seen *s = bus_seen_new();

	(void)state;
	assert_true(message(s, "{\"x\":{\"id\":\"b\"},\"id\":\"a\"}"));
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		assert_true(message(s, without[i]));
		assert_true(message(s, without[i]));
	}
	assert_false(message(s, "{ \"id\" : \"a\" }"));
	assert_false(message(s, "{\"\\u0069d\":\"a\",\"y\":\"\",\"id\":\"a\"}"));
	assert_true(message(s, "{\"id\":\"b\"}"));
	assert_int_equal(bus_seen_count(s), 2);
	bus_seen_free(s);
}

static void test_a_text_too_long_is_not_read(void **state)
{
	struct bus_seen *s = bus_seen_new();
	size_t len = MESSAGE_BYTES_MAX + 1;
	char *text = xcalloc(1, len + 1);

	(void)state;
	memset(text, ' ', len);
	memcpy(text, "{\"id\":\"a\"}", 10);
	assert_true(bus_seen_message(s, text, len, 0));
	assert_true(bus_seen_message(s, text, len, 0));
	assert_true(bus_seen_message(s, text, len - 1, 0));
	assert_false(bus_seen_message(s, text, len - 1, 0));
	free(text);
	bus_seen_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second_time_is_not_new),
		cmocka_unit_test(test_oldest_is_forgotten_when_full),
		cmocka_unit_test(test_forget_by_age),
		cmocka_unit_test(test_only_the_top_level_id_counts),
		cmocka_unit_test(test_a_text_too_long_is_not_read),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
