/* The page of stub_status. */
#include "tests/unit/unit.h"

#include "monitor/stub_status.h"

#include <errno.h>

static void reads_the_page(void **state)
{
	(void)state;
	struct stub_status s;

	assert_int_equal(stub_status_parse("Active connections: 291 \n"
					   "server accepts handled requests\n"
					   " 16630948 16630947 31070465 \n"
					   "Reading: 6 Writing: 179 Waiting: 106 \n",
					   &s),
			 0);
	assert_int_equal(s.active, 291);
	assert_int_equal(s.accepts, 16630948);
	assert_int_equal(s.handled, 16630947);
	assert_int_equal(s.requests, 31070465);
	assert_int_equal(s.reading, 6);
	assert_int_equal(s.writing, 179);
	assert_int_equal(s.waiting, 106);
}

static void refuses_everything_else(void **state)
{
	(void)state;
	static const char *const pages[] = {
		"",
		"<html><h1>404 Not Found</h1></html>",
		"Active connections: 1 \n",
		"Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 ",
		"Active connections: 1 \nserver accepts handled requests\n 1 1 \nReading: 0 "
		"Writing: 1 "
		"Waiting: 0 \n",
		"Active connections: -1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 "
		"Writing: 1 Waiting: 0 \n",
		"Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 "
		"Writing: 1 Waiting: 0 \nmore",
		"Active connections: 1 \nserver accepts handled requests\n 1 1 1234567890123456789 "
		"\n"
		"Reading: 0 Writing: 1 Waiting: 0 \n",
	};
	struct stub_status s = {.requests = 7};

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		assert_int_equal(stub_status_parse(pages[i], &s), -EBADMSG);
	assert_int_equal(s.requests, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_page),
		cmocka_unit_test(refuses_everything_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
