/* Shell. Unit tests of common/bus_stream. */
#include "common/bus_stream.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

static void test_parse(void **state)
{
	static const char *const bad[] = {
		"",   "-",    "-1",   "1-",   "a",   "1-a", "1-2-",  " 1",
		"1 ", "+1-0", "1- 2", "1-+2", "1.5", "0x1", "1-2-3", "18446744073709551616-0",
	};
	struct stream_id id = {7, 7};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(stream_id_parse(bad[i], &id), -EINVAL);
	assert_true(id.ms == 7 && id.seq == 7);
	assert_int_equal(stream_id_parse("1795458155613-12", &id), 0);
	assert_true(id.ms == 1795458155613 && id.seq == 12);
	assert_int_equal(stream_id_parse("1795458155613", &id), 0);
	assert_true(id.ms == 1795458155613 && id.seq == 0);
	assert_int_equal(stream_id_parse("18446744073709551615-18446744073709551615", &id), 0);
	assert_true(id.ms == UINT64_MAX && id.seq == UINT64_MAX);
}

static void test_order_and_text(void **state)
{
	const struct stream_id ids[] = {{0, 0}, {0, 1}, {0, UINT64_MAX}, {1, 0}, {1, 9}, {9, 0}};
	char text[STREAM_ID_MAX];

	(void)state;
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 6; j++)
			assert_int_equal(stream_id_compare(ids[i], ids[j]), (i > j) - (i < j));
	stream_id_format("(", (struct stream_id){UINT64_MAX, UINT64_MAX}, text);
	assert_string_equal(text, "(18446744073709551615-18446744073709551615");
	stream_id_format("", (struct stream_id){1795458155613, 0}, text);
	assert_string_equal(text, "1795458155613-0");
}

static void assert_before(struct stream_id id, struct stream_id expected)
{
	assert_int_equal(stream_id_compare(stream_id_before(id), expected), 0);
}

static void test_before(void **state)
{
	(void)state;
	assert_before((struct stream_id){5, 3}, (struct stream_id){5, 2});
	assert_before((struct stream_id){5, 0}, (struct stream_id){4, UINT64_MAX});
	assert_before((struct stream_id){0, 0}, (struct stream_id){0, 0});
}

/* What hiredis makes of ${resp}. */
static redisReply *reply(const char *resp)
{
	redisReader *reader = redisReaderCreate();
	void *r = NULL;

	redisReaderFeed(reader, resp, strlen(resp));
	assert_int_equal(redisReaderGetReply(reader, &r), REDIS_OK);
	assert_non_null(r);
	redisReaderFree(reader);
	return r;
}

static void test_entries(void **state)
{
	redisReply *r = reply("*3\r\n"
			      "*2\r\n$3\r\n7-1\r\n*4\r\n$1\r\na\r\n$1\r\nb\r\n$4\r\njson\r\n$2\r\n"
			      "{}\r\n"
			      "*2\r\n$1\r\n8\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"
			      "*2\r\n$3\r\n9-0\r\n*1\r\n$4\r\njson\r\n");
	struct stream_id id;
	const char *text;
	size_t len;

	(void)state;
	assert_int_equal(stream_entry(r, 0, &id, &text, &len), 0);
	assert_true(id.ms == 7 && id.seq == 1);
	assert_string_equal(text, "{}");
	assert_int_equal(len, 2);
	assert_int_equal(stream_entry(r, 1, &id, &text, &len), 0);
	assert_true(id.ms == 8 && id.seq == 0);
	assert_null(text);
	assert_int_equal(stream_entry(r, 2, &id, &text, &len), 0);
	assert_null(text);
	assert_int_equal(stream_entry(r, 3, &id, &text, &len), -EBADMSG);
	freeReplyObject(r);
}

static void test_what_is_no_entry(void **state)
{
	static const char *const bad[] = {
		"*0\r\n",
		"+OK\r\n",
		"$3\r\n7-1\r\n",
		"*1\r\n$3\r\n7-1\r\n",
		"*1\r\n*0\r\n",
		"*1\r\n*1\r\n$3\r\n7-1\r\n",
		"*1\r\n*2\r\n:7\r\n*0\r\n",
		"*1\r\n*2\r\n$3\r\n7-x\r\n*0\r\n",
		"*1\r\n*2\r\n$3\r\n7-1\r\n*-1\r\n",
	};
	struct stream_id id;
	const char *text;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		redisReply *r = reply(bad[i]);

		assert_int_equal(stream_entry(r, 0, &id, &text, &len), -EBADMSG);
		freeReplyObject(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_order_and_text),
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_what_is_no_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
