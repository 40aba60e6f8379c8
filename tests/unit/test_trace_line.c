/* Shell. Unit tests of replay/trace_line. */
#include "replay/trace_line.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int read_line(const char *line, double *ret_sec, double *ret_rps)
{
	const char *why = NULL;
	int err = trace_line_read(line, strlen(line), ret_sec, ret_rps, &why);

	if (err != 0 && err != -ENOMSG)
		assert_non_null(why);
	return err;
}

static void a_line_is_a_time_and_a_rate(void **state)
{
	static const struct {
		const char *line;
		double sec, rps;
	} good[] = {
		{"0,1", 0, 1},
		{"60,12.5\n", 60, 12.5},
		{"60,12.5\r\n", 60, 12.5},
		{" 1e3 ,\t+.5 ", 1000, 0.5},
		{"-60,0", -60, 0},
		{"1700000000.25,7", 1700000000.25, 7},
		{"5,1e7", 5, 1e7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		double sec = -1, rps = -1;
		assert_int_equal(read_line(good[i].line, &sec, &rps), 0);
		assert_double_near(sec, good[i].sec);
		assert_double_near(rps, good[i].rps);
	}
}

static void other_lines_are_malformed(void **state)
{
	static const char *const bad[] = {
		"1",     "1,",     ",1",      "1,2,3",    "1;2",     "one,2", "1,two",   "1 2",
		"1,2x",  "0x10,2", "1,0x1p3", "1,2 3",    "1,,2",    ",",     "1.2.3,4", "\"1\",2",
		"1,--2", "e,2",    "nancy,2", "1,infini", "1,n a n", "--,--",
	};
	double sec, rps;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(read_line(bad[i], &sec, &rps), -EBADMSG);
}

static void some_numbers_no_trace_can_have(void **state)
{
	static const char *const absurd[] = {
		"nan,1", "1,NaN", "1,-nan",  "inf,1",   "1,INFINITY", "1,-inf",
		"1,-1",  "1,1e8", "1,1e999", "1e999,1", "1,-0.001",
	};
	double sec, rps;

	(void)state;
	for (size_t i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++)
		assert_int_equal(read_line(absurd[i], &sec, &rps), -ERANGE);
}

static void blank_lines_and_comments_are_nothing(void **state)
{
	static const char *const nothing[] = {"", "\n", "\r\n", " \t", "# 1,2", "  # a note"};
	double sec, rps;

	(void)state;
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		assert_int_equal(read_line(nothing[i], &sec, &rps), -ENOMSG);
}

static void a_line_is_what_it_is_and_no_byte_more(void **state)
{
	static const char hidden[] = "1,2\0,3";
	static const char inside[] = "10,2099";
	char *longest = calloc(1, TRACE_LINE_MAX + 2);
	const char *why;
	double sec, rps;

	(void)state;
	assert_int_equal(trace_line_read(hidden, sizeof(hidden) - 1, &sec, &rps, &why), -EBADMSG);
	assert_int_equal(trace_line_read(inside, 5, &sec, &rps, &why), 0);
	assert_double_near(rps, 20);

	memset(longest, '0', TRACE_LINE_MAX + 1);
	longest[1] = ',';
	assert_int_equal(trace_line_read(longest, TRACE_LINE_MAX, &sec, &rps, &why), 0);
	assert_int_equal(trace_line_read(longest, TRACE_LINE_MAX + 1, &sec, &rps, &why), -EBADMSG);
	free(longest);
}

static bool is_heading(const char *line)
{
	return trace_line_is_heading(line, strlen(line));
}

static void names_are_a_heading_and_numbers_are_none(void **state)
{
	(void)state;
	assert_true(is_heading("t_seconds,requests_per_second"));
	assert_true(is_heading(" \"time\",\"rate\""));
	assert_true(is_heading("_t,rps"));
	assert_false(is_heading("1;2"));
	assert_false(is_heading(""));
	assert_false(is_heading("  "));
	assert_false(is_heading("\x01x"));
	assert_false(trace_line_is_heading("a\0b", 3));
	assert_false(trace_line_is_heading("\0ab", 3));
}

static void what_is_written_can_be_read(void **state)
{
	struct buf line;
	double sec, rps;

	(void)state;
	buf_init(&line, 256);
	trace_line_write(1234567.0004, 123.456789, &line);
	assert_string_equal(buf_text(&line), "1234567,123.457\n");
	buf_clear(&line);
	trace_line_write(0.125, 0, &line);
	assert_int_equal(read_line(buf_text(&line), &sec, &rps), 0);
	assert_double_near(sec, 0.125);
	assert_double_near(rps, 0);
	buf_free(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_time_and_a_rate),
		cmocka_unit_test(other_lines_are_malformed),
		cmocka_unit_test(some_numbers_no_trace_can_have),
		cmocka_unit_test(blank_lines_and_comments_are_nothing),
		cmocka_unit_test(a_line_is_what_it_is_and_no_byte_more),
		cmocka_unit_test(names_are_a_heading_and_numbers_are_none),
		cmocka_unit_test(what_is_written_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
