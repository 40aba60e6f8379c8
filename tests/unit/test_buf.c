/* Shell. Unit tests of common/buf. */
#include "common/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_empty(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_string_equal(buf_text(&b), "");
	assert_null(b.data);
	buf_clear(&b);
	buf_consume(&b, 3);
	assert_int_equal(buf_append(&b, "", 0), 0);
	assert_int_equal(b.len, 0);

	char *text = buf_steal(&b);
	assert_string_equal(text, "");
	free(text);
}

static void test_append(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_int_equal(buf_puts(&b, "one"), 0);
	assert_int_equal(buf_append(&b, "\0two", 4), 0);
	assert_int_equal(buf_printf(&b, " %d %s", 3, "four"), 0);
	assert_int_equal(b.len, 14);
	assert_memory_equal(b.data, "one\0two 3 four", 15);

	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_text(&b), "");
	buf_free(&b);
	assert_null(b.data);
	assert_int_equal(b.max, 1000);
}

/* Exactly the maximum fits; one more byte changes nothing. */
static void test_maximum(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	assert_int_equal(buf_puts(&b, "12345"), 0);
	assert_int_equal(buf_puts(&b, "6789"), -ENOBUFS);
	assert_int_equal(buf_printf(&b, "%s", "6789"), -ENOBUFS);
	assert_string_equal(buf_text(&b), "12345");
	assert_int_equal(buf_printf(&b, "%d", 678), 0);
	assert_int_equal(buf_append(&b, "x", 1), -ENOBUFS);
	assert_int_equal(buf_append(&b, "x", SIZE_MAX), -ENOBUFS);
	assert_string_equal(buf_text(&b), "12345678");
	assert_true(b.cap <= 9);
	buf_free(&b);

	buf_init(&b, 0);
	assert_int_equal(buf_puts(&b, "x"), -ENOBUFS);
	assert_string_equal(buf_text(&b), "");
}

static void test_growth(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(buf_append(&b, &"0123456789"[i % 10], 1), 0);
	assert_int_equal(b.len, 100000);
	assert_true(b.cap <= 100001);
	assert_int_equal(strlen(b.data), 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], '0' + i % 10);
	buf_free(&b);
}

static void test_consume(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_puts(&b, "line one\nline two");
	buf_consume(&b, 9);
	assert_string_equal(buf_text(&b), "line two");
	buf_consume(&b, 0);
	assert_string_equal(buf_text(&b), "line two");
	buf_consume(&b, 100);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_text(&b), "");
	buf_free(&b);
}

static void test_steal(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_puts(&b, "mine");

	char *text = buf_steal(&b);
	assert_string_equal(text, "mine");
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_puts(&b, "next"), 0);
	assert_string_equal(text, "mine");
	free(text);
	buf_free(&b);
}

static void test_url(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(buf_url(&out, "{\"a\":[\"b=c d&\xc3\xa9\"]}~-._"), 0);
	assert_string_equal(buf_text(&out), "%7B%22a%22%3A%5B%22b%3Dc%20d%26%C3%A9%22%5D%7D~-._");
	assert_int_equal(buf_url(&out, ""), 0);
	buf_free(&out);
	buf_init(&out, 4);
	assert_int_equal(buf_url(&out, "ab/c"), -ENOBUFS);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),   cmocka_unit_test(test_append),
		cmocka_unit_test(test_maximum), cmocka_unit_test(test_growth),
		cmocka_unit_test(test_url),     cmocka_unit_test(test_consume),
		cmocka_unit_test(test_steal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
