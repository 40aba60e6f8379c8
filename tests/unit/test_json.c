/* Shell. Unit tests of common/json. */
#include "common/json.h"

#include "common/buf.h"
#include "common/mem.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

typedef int parser(const char *text, size_t len, cJSON **ret_root);

static int setup(void **state)
{
	(void)state;
	mem_init();
	return 0;
}

/* Without a NUL behind, so that reading on is an error under ASan. */
static int parse_with(parser *parser_fn, const char *text, size_t len, cJSON **ret)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	int err = parser_fn(copy, len, ret);
	free(copy);
	return err;
}

static cJSON *parse(const char *text)
{
	cJSON *root = NULL;

	if (parse_with(json_parse, text, strlen(text), &root))
		fail_msg("refused: %s", text);
	return root;
}

static void assert_refused(const char *text, size_t len)
{
	cJSON *const untouched = (cJSON *)(uintptr_t)0x10;
	cJSON *root = untouched;

	if (parse_with(json_parse, text, len, &root) != -EBADMSG || root != untouched)
		fail_msg("not refused: %s", text);
	if (parse_with(json_parse_exact, text, len, &root) != -EBADMSG)
		fail_msg("not refused by json_parse_exact: %s", text);
}

static void test_parse_accepts(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		" \t\r\n{ \"a\" : [ 1 , -2.5e+3, 0, -0, 0.5, 1E5, true, false, null ] }\n",
		"\"text\"",
		"7",
		"null",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\"",
		"\"\\\\u0000\"", /* a backslash, then letters */
		"\"[[[{{{\"",
		"1e-400",
		"{\"a\":1,\"a\":2}",
	};

	(void)state;
	for (size_t i = 0; i < N(texts); i++)
		cJSON_Delete(parse(texts[i]));
}

static void test_parse_refuses(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"}",
		"[1,]",
		"{\"a\":}",
		"{\"a\" 1}",
		"{a:1}",
		"{} x",
		"{}{}",
		"[1] 2",
		"\"open",
		"\"open\\",
		"\"open\\\"",
		"tru",
		"nul",
		"'a'",
		"01",
		"-01",
		"-",
		"1.",
		".5",
		"+1",
		"1e",
		"1e+",
		"0x10",
		"1 2",
		"NaN",
		"Infinity",
		"-Infinity",
		"1e400",
		"[1,-1e999]",
		"{\"a\":{\"b\":1e400}}",
		"\xef\xbb\xbf{}",
		"\"tab\there\"",
		"\"new\nline\"",
		"\"\x01\"",
		"{\"a\":1}\x0b",
		"\x0c{}",
		"\"nul \\u0000 inside\"",
		"{\"key\\u0000\":1}",
		"\"\\ud800\"",
		"\"\\x\"",
		"\"\\u12g4\"",
		"\"\\u12",
		"\"\\u",
	};

	(void)state;
	for (size_t i = 0; i < N(texts); i++)
		assert_refused(texts[i], strlen(texts[i]));
	assert_refused("{}\0", 3);
	assert_refused("{}\0x", 4);
	assert_refused("\"a\0b\"", 5);
	assert_refused("\0", 1);
}

static void test_parse_depth(void **state)
{
	const size_t max = JSON_DEPTH_MAX;
	char text[2 * JSON_DEPTH_MAX + 3];
	cJSON *root;

	(void)state;
	memset(text, '[', max + 1);
	memset(text + max + 1, ']', max + 1);
	text[2 * max + 2] = '\0';
	assert_int_equal(parse_with(json_parse, text + 1, 2 * max, &root), 0);
	cJSON_Delete(root);
	assert_refused(text, 2 * max + 2);

	/* Many side by side are not deep. */
	struct buf wide;
	buf_init(&wide, 4096);
	for (int i = 0; i < 1000; i++)
		buf_puts(&wide, i ? ",{}" : "[{}");
	buf_puts(&wide, "]");
	cJSON_Delete(parse(buf_text(&wide)));
	buf_free(&wide);
}

/* Print what was parsed, by ${parser_fn}. */
static void assert_reprinted(parser *parser_fn, const char *text, const char *wanted)
{
	cJSON *root;

	assert_int_equal(parse_with(parser_fn, text, strlen(text), &root), 0);
	char *printed = json_print(root);
	assert_string_equal(printed, wanted);
	free(printed);
	cJSON_Delete(root);
}

static void test_parse_exact(void **state)
{
	static const char *const same[] = {
		"{\"Hard\":9223372036854775807,\"Soft\":-9223372036854775808}",
		"[1755555555123456789]",
		"9007199254740993",
		"[9007199254740992,9007199254740991,-9007199254740993]",
		"[1152921504606846976,18446744073709551615,123456789012345678901234567890]",
		"{\"1\":\"9223372036854775807\",\"b\":[{\"c\":9223372036854775806},\"\\\"5\"]}",
		"[0.5,-3,9223372036854775805,{\"7\":[-8]},9223372036854775806]",
		"[1000000000000000,-1000000000000000,0.1,true,null,\"1e15\"]",
		"[0.30000000000000004,1795482480.7963550,{\"ts\":1795479082.5846653},0.1]",
	};

	(void)state;
	for (size_t i = 0; i < N(same); i++)
		assert_reprinted(json_parse_exact, same[i], same[i]);
	assert_reprinted(json_parse_exact, " [ 1e15 , 9007199254740993.0 , 9223372036854775807 ] ",
			 "[1000000000000000,9007199254740992,9223372036854775807]");
}

static void test_parse_exact_marks_only_big_integers(void **state)
{
	static const char text[] = "[9007199254740991, 9007199254740993, 1e20, 5]";
	static const bool raw[] = {false, true, false, false};
	cJSON *root;
	const cJSON *item;
	size_t i = 0;

	(void)state;
	assert_int_equal(json_parse_exact(text, strlen(text), &root), 0);
	cJSON_ArrayForEach (item, root) {
		assert_int_equal(cJSON_IsRaw(item), raw[i]);
		i++;
	}
	assert_int_equal(i, N(raw));
	cJSON_Delete(root);
}

static void test_print(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{0, "0"},
		{5, "5"},
		{-17, "-17"},
		{0.1, "0.1"},
		{1e14, "100000000000000"},
		{1e15, "1000000000000000"},
		{-1e15, "-1000000000000000"},
		{3e15, "3000000000000000"},
		{9007199254740992.0, "9007199254740992"},
		{-9007199254740991.0, "-9007199254740991"},
		{4294967296.0, "4294967296"},
		{1795458155.613, "1795458155.613"},
		{1e-7, "1e-07"},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		cJSON *root = cJSON_CreateObject();
		char *wanted = xasprintf("{\"1e15\":\"2e15\",\"n\":%s,\"m\":1}", cases[i].text);

		cJSON_AddStringToObject(root, "1e15", "2e15");
		json_add_num(root, "n", cases[i].value);
		json_add_num(root, "m", 1);
		char *text = json_print(root);
		assert_string_equal(text, wanted);
		free(wanted);
		free(text);
		cJSON_Delete(root);
	}
}

static void test_get_and_path(void **state)
{
	cJSON *root =
		parse("{\"a\":{\"b\":{\"c\":1}},\"A\":2,\"d\":1,\"d\":2,\"e\":[1],\"f\":null}");
	double d;

	(void)state;
	assert_true(json_get(root, "a") == root->child);
	assert_int_equal(json_get_num(root, "A", &d), 0);
	assert_true(d == 2);
	assert_int_equal(json_get_num(root, "d", &d), 0);
	assert_true(d == 1);
	assert_null(json_get(root, "B"));
	assert_null(json_get(json_get(root, "e"), "x"));
	assert_null(json_get(NULL, "a"));

	assert_true(json_path(root, "a", "b", "c", NULL)->valuedouble == 1);
	assert_true(json_path(root, NULL) == root);
	assert_null(json_path(root, "a", "x", "c", NULL));
	assert_null(json_path(root, "a", "b", "c", "d", NULL));
	assert_null(json_path(NULL, "a", NULL));

	assert_true(json_item_present(json_get(root, "a")));
	assert_false(json_item_present(json_get(root, "f")));
	assert_false(json_item_present(json_get(root, "g")));
	cJSON_Delete(root);
}

static void test_get_num(void **state)
{
	cJSON *root = parse("{\"n\":1.5,\"null\":null,\"s\":\"3\",\"b\":true,\"a\":[1]}");
	double d = 42;

	(void)state;
	assert_int_equal(json_get_num(root, "missing", &d), -ENOENT);
	assert_int_equal(json_get_num(root, "null", &d), -ENOENT);
	assert_int_equal(json_get_num(root, "s", &d), -EBADMSG);
	assert_int_equal(json_get_num(root, "b", &d), -EBADMSG);
	assert_int_equal(json_get_num(root, "a", &d), -EBADMSG);
	cJSON_AddNumberToObject(root, "nan", NAN);
	cJSON_AddNumberToObject(root, "inf", INFINITY);
	assert_int_equal(json_get_num(root, "nan", &d), -EBADMSG);
	assert_int_equal(json_get_num(root, "inf", &d), -EBADMSG);
	assert_true(d == 42);
	assert_int_equal(json_get_num(root, "n", &d), 0);
	assert_true(d == 1.5);
	cJSON_Delete(root);
}

static void test_get_int(void **state)
{
	cJSON *root =
		parse("{\"a\":5,\"b\":-5,\"c\":1.5,\"d\":5.0,\"e\":4294967296,"
		      "\"f\":9007199254740992,\"g\":1e300,\"h\":-1e300,\"s\":\"5\",\"z\":null}");
	int64_t i = 42;

	(void)state;
	assert_int_equal(json_get_int(root, "missing", 0, 9, &i), -ENOENT);
	assert_int_equal(json_get_int(root, "z", 0, 9, &i), -ENOENT);
	assert_int_equal(json_get_int(root, "s", 0, 9, &i), -EBADMSG);
	assert_int_equal(json_get_int(root, "c", 0, 9, &i), -EBADMSG);
	assert_int_equal(json_get_int(root, "b", 0, 9, &i), -EBADMSG);
	assert_int_equal(json_get_int(root, "a", 6, 9, &i), -EBADMSG);
	assert_int_equal(json_get_int(root, "a", 0, 4, &i), -EBADMSG);
	assert_int_equal(json_get_int(root, "g", INT64_MIN, INT64_MAX, &i), -EBADMSG);
	assert_int_equal(json_get_int(root, "h", INT64_MIN, INT64_MAX, &i), -EBADMSG);
	assert_int_equal(i, 42);
	assert_int_equal(json_get_int(root, "a", 5, 5, &i), 0);
	assert_int_equal(i, 5);
	assert_int_equal(json_get_int(root, "d", 0, 9, &i), 0);
	assert_int_equal(i, 5);
	assert_int_equal(json_get_int(root, "b", INT64_MIN, INT64_MAX, &i), 0);
	assert_int_equal(i, -5);
	assert_int_equal(json_get_int(root, "e", 0, INT64_MAX, &i), 0);
	assert_true(i == 4294967296);
	assert_int_equal(json_get_int(root, "f", 0, INT64_MAX, &i), 0);
	assert_true(i == 9007199254740992);
	cJSON_Delete(root);
}

static void test_get_bool(void **state)
{
	cJSON *root = parse("{\"t\":true,\"f\":false,\"n\":1,\"s\":\"true\",\"z\":null}");
	bool b = true;

	(void)state;
	assert_int_equal(json_get_bool(root, "n", &b), -EBADMSG);
	assert_int_equal(json_get_bool(root, "s", &b), -EBADMSG);
	assert_int_equal(json_get_bool(root, "z", &b), -ENOENT);
	assert_int_equal(json_get_bool(root, "x", &b), -ENOENT);
	assert_true(b);
	assert_int_equal(json_get_bool(root, "f", &b), 0);
	assert_false(b);
	assert_int_equal(json_get_bool(root, "t", &b), 0);
	assert_true(b);
	cJSON_Delete(root);
}

static void test_get_str(void **state)
{
	static const char *const bad[] = {
		"{\"s\":5}",
		"{\"s\":[\"a\"]}",
		"{\"s\":\"12345678\"}",     /* does not fit */
		"{\"s\":\"a\\nb\"}",        /* C0 */
		"{\"s\":\"\\u007f\"}",      /* DEL */
		"{\"s\":\"\\u009b\"}",      /* C1: CSI, to a terminal */
		"{\"s\":\"\xff\"}",         /* no UTF-8 */
		"{\"s\":\"\xc3\"}",         /* half a character */
		"{\"s\":\"\xc0\xaf\"}",     /* overlong */
		"{\"s\":\"\xed\xa0\x80\"}", /* a surrogate */
		"{\"s\":\"\xf4\x90\x80\x80\"}",
	};
	char s[8] = "before";

	(void)state;
	for (size_t i = 0; i < N(bad); i++) {
		cJSON *root = parse(bad[i]);

		assert_int_equal(json_get_str(root, "s", s, sizeof(s)), -EBADMSG);
		assert_int_equal(json_get_str(root, "x", s, sizeof(s)), -ENOENT);
		assert_string_equal(s, "before");
		cJSON_Delete(root);
	}

	cJSON *root = parse("{\"s\":\"1234567\",\"u\":\"\xc3\xa4\xf0\x9f\x98\x80\",\"z\":null,"
			    "\"e\":\"\",\"n\":1}");
	assert_int_equal(json_get_str(root, "z", s, sizeof(s)), -ENOENT);
	assert_int_equal(json_get_str(root, "s", s, sizeof(s)), 0);
	assert_string_equal(s, "1234567");
	assert_int_equal(json_get_str(root, "u", s, sizeof(s)), 0);
	assert_string_equal(s, "\xc3\xa4\xf0\x9f\x98\x80");
	assert_int_equal(json_get_str(root, "e", s, sizeof(s)), 0);
	assert_string_equal(s, "");
	assert_string_equal(json_str(root, "s"), "1234567");
	assert_null(json_str(root, "n"));
	assert_null(json_str(root, "z"));
	assert_null(json_str(root, "x"));
	cJSON_Delete(root);
}

static void test_text(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", ""},
		{"short", "short"},
		{"1234567", "1234567"},
		{"12345678", "1234567"},
		{"a\nb\tc", "a b c"},
		{"a\x7f"
		 "b",
		 "a b"},
		{"a\xff"
		 "b",
		 "a b"},
		{"123456\xc3\xa4", "123456"}, /* the character does not fit */
		{"12345\xc3\xa4", "12345\xc3\xa4"},
		{"1234\xf0\x9f\x98\x80", "1234"},
		{"123\xf0\x9f\x98\x80", "123\xf0\x9f\x98\x80"},
		{"\xc2\x9bK", "  K"},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		cJSON *root = cJSON_CreateObject();
		char cut[8];
		char whole[32];

		cJSON_AddStringToObject(root, "in", cases[i].in);
		assert_int_equal(json_get_text(root, "in", cut, sizeof(cut)), 0);
		assert_string_equal(cut, cases[i].out);

		json_add_text(root, "clean", cases[i].in);
		assert_int_equal(json_get_str(root, "clean", whole, sizeof(whole)), 0);
		assert_int_equal(strlen(whole), strlen(cases[i].in));
		cJSON_Delete(root);
	}

	cJSON *root = parse("{\"n\":1,\"z\":null}");
	char s[8] = "before";
	assert_int_equal(json_get_text(root, "n", s, sizeof(s)), -EBADMSG);
	assert_int_equal(json_get_text(root, "z", s, sizeof(s)), -ENOENT);
	assert_string_equal(s, "before");
	cJSON_Delete(root);
}

static void test_add(void **state)
{
	cJSON *root = cJSON_CreateObject();

	(void)state;
	json_add_num(root, "nan", NAN);
	json_add_num(root, "inf", -INFINITY);
	json_add_round(root, "nan", NAN, 3);
	json_add_num(root, "a", 0.125);
	json_add_round(root, "b", 0.1 + 0.2, 3);
	json_add_round(root, "c", 123.4567, 1);
	json_add_round(root, "d", -2.5, 0);
	json_add_round(root, "e", 1795458155.6134, 3);
	json_add_round(root, "f", 1e308, 3);

	char *text = json_print(root);
	assert_string_equal(text, "{\"a\":0.125,\"b\":0.3,\"c\":123.5,\"d\":-3,"
				  "\"e\":1795458155.613,\"f\":1e+308}");
	free(text);
	cJSON_Delete(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_accepts),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_parse_depth),
		cmocka_unit_test(test_parse_exact),
		cmocka_unit_test(test_parse_exact_marks_only_big_integers),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_get_and_path),
		cmocka_unit_test(test_get_num),
		cmocka_unit_test(test_get_int),
		cmocka_unit_test(test_get_bool),
		cmocka_unit_test(test_get_str),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
