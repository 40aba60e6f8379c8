/* Lines of the access log, as nginx 1.22 and 1.30 send them, and as nobody should. */
#include "tests/unit/unit.h"

#include "monitor/accesslog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "<190>Nov 23 23:09:06 lb: "

/* From a copy that ends where the line ends: a read beyond is seen by the address sanitizer.  The
 * caller frees ${ret_copy}. */
static int parse(const char *text, size_t len, struct accesslog_line *ret, char **ret_copy)
{
	*ret_copy = malloc(len > 0 ? len : 1);
	memcpy(*ret_copy, text, len);
	return accesslog_parse(*ret_copy, len, ret);
}

struct expect {
	const char *text;
	enum accesslog_kind kind;
	int status;
	uint64_t request_ms;
	int64_t upstream_ms;
	const char *address;
};

static void reads_what_nginx_sends(void **state)
{
	(void)state;
	static const struct expect rows[] = {
		{HEAD "traffic 200 0.121 0.120 10.0.0.2:8080", ACCESSLOG_TRAFFIC, 200, 121, 120,
		 "10.0.0.2:8080"},
		{"<190>Nov  3 03:09:06 lb: probe 204 0.000 - -", ACCESSLOG_PROBE, 204, 0, -1, ""},
		{HEAD "status 200 0.000 - -", ACCESSLOG_STATUS, 200, 0, -1, ""},
		{HEAD "traffic 400 12.345 - -", ACCESSLOG_TRAFFIC, 400, 12345, -1, ""},
		{HEAD "traffic 000 999999999.999 - -", ACCESSLOG_TRAFFIC, 0, 999999999999, -1, ""},
		/* tried again: the last one answered */
		{HEAD "traffic 200 1.121 1.001, 0.120 10.0.0.2:8080, 10.0.0.3:8080",
		 ACCESSLOG_TRAFFIC, 200, 1121, 120, "10.0.0.3:8080"},
		{HEAD "traffic 502 3.000 1.000, 1.001, 0.999 10.0.0.2:80, 10.0.0.3:80, 10.0.0.4:80",
		 ACCESSLOG_TRAFFIC, 502, 3000, 999, "10.0.0.4:80"},
		{HEAD "traffic 200 0.500 0.100 : 0.400 10.0.0.2:80 : 10.0.0.3:80",
		 ACCESSLOG_TRAFFIC, 200, 500, 400, "10.0.0.3:80"},
		{HEAD "traffic 499 0.500 0.100, - 10.0.0.2:80, 10.0.0.3:80", ACCESSLOG_TRAFFIC, 499,
		 500, -1, "10.0.0.3:80"},
		/* no server of the group could be asked */
		{HEAD "traffic 502 0.000 0.000 app", ACCESSLOG_TRAFFIC, 502, 0, -1, ""},
		{HEAD "traffic 502 1.000 1.000, 0.000 10.0.0.2:80, app", ACCESSLOG_TRAFFIC, 502,
		 1000, -1, ""},
		{HEAD "traffic 200 0.002 0.001 [fd00::1]:8080", ACCESSLOG_TRAFFIC, 200, 2, 1,
		 "[fd00::1]:8080"},
		{HEAD "traffic 200 0.002 0.001 unix:/run/app.sock", ACCESSLOG_TRAFFIC, 200, 2, 1,
		 "unix:/run/app.sock"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct expect *want = &rows[i];
		struct accesslog_line line;
		char *copy;

		assert_int_equal(parse(want->text, strlen(want->text), &line, &copy), 0);
		assert_int_equal(line.kind, want->kind);
		assert_int_equal(line.status, want->status);
		assert_int_equal(line.request_ms, want->request_ms);
		assert_int_equal(line.upstream_ms, want->upstream_ms);
		assert_int_equal(line.address_bytes, strlen(want->address));
		assert_memory_equal(line.address, want->address, line.address_bytes);
		free(copy);
	}
}

static void refuses_everything_else(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"",
		"<",
		"<190>",
		"<190>Nov 23 23:09:06",
		"<1901>Nov 23 23:09:06 lb: traffic 200 0.001 - -",
		"<>Nov 23 23:09:06 lb: traffic 200 0.001 - -",
		"<190>Nov 23 23:09:06 host lb: traffic 200 0.001 - -",
		"<190>Nov 23 23:09:06 nginx: traffic 200 0.001 - -",
		HEAD,
		HEAD "other 200 0.001 - -",
		HEAD "Traffic 200 0.001 - -",
		HEAD "traffic  200 0.001 - -",
		HEAD "traffic 20 0.001 - -",
		HEAD "traffic 2000 0.001 - -",
		HEAD "traffic -20 0.001 - -",
		HEAD "traffic 2x0 0.001 - -",
		HEAD "traffic 200 - - -",
		HEAD "traffic 200 -0.001 - -",
		HEAD "traffic 200 .001 - -",
		HEAD "traffic 200 0 - -",
		HEAD "traffic 200 0.1 - -",
		HEAD "traffic 200 0.0012 - -",
		HEAD "traffic 200 1e3 - -",
		HEAD "traffic 200 nan - -",
		HEAD "traffic 200 1000000000.000 - -",
		HEAD "traffic 200 0.001 0.1 10.0.0.2:80",
		HEAD "traffic 200 0.001 -, 10.0.0.2:80",
		HEAD "traffic 200 0.001 0.001,0.002 10.0.0.2:80",
		HEAD "traffic 200 0.001 0.001, ",
		HEAD "traffic 200 0.001 0.001 ",
		HEAD "traffic 200 0.001 - 10.0.0.2:80, ",
		HEAD "traffic 200 0.001 - 10.0.0.2:80 x",
		HEAD "traffic 200 0.001 - -\n",
		HEAD "traffic 200 0.001 - 10.0.0.2:80\x01",
		HEAD "traffic 200 0.001 - 10.0.0.2:80\xc3\xa4",
		HEAD "traffic 200 0.001 - "
		     "a234567890123456789012345678901234567890123456789012345678901:80", /* 64 */
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct accesslog_line line = {.status = 7};
		char *copy;

		assert_int_equal(parse(lines[i], strlen(lines[i]), &line, &copy), -EBADMSG);
		assert_int_equal(line.status, 7); /* untouched */
		free(copy);
	}
}

/* The beginning of a line is a line only where it ends at the end of a word. */
static void refuses_truncated_lines(void **state)
{
	(void)state;
	static const char text[] = HEAD "traffic 200 1.121 1.001, 0.120 10.0.0.2:8080, 10.0.0.3:80";
	size_t addresses = (size_t)(strstr(text, "10.0.0.2") - text);

	for (size_t len = 0; len <= addresses; len++) {
		struct accesslog_line line;
		char *copy;

		assert_int_equal(parse(text, len, &line, &copy), -EBADMSG);
		free(copy);
	}
}

/* Random bytes, and a good line with random bytes in it: nothing crashes, what is taken is sane. */
static void survives_random_bytes(void **state)
{
	(void)state;
	static const char good[] = HEAD "traffic 200 1.121 1.001, 0.120 10.0.0.2:8080, 10.0.0.3:80";
	uint32_t x = 20261123;
	int taken = 0;

	for (int round = 0; round < 200000; round++) {
		char bytes[ACCESSLOG_BYTES_MAX];
		size_t len = sizeof(good) - 1;
		struct accesslog_line line;
		char *copy;

		memcpy(bytes, good, len);
		for (int k = 0; k <= round % 3; k++) {
			x = x * 1664525 + 1013904223;
			bytes[(x >> 8) % len] = (char)(x >> 24);
		}
		if (round % 10 == 0)
			for (size_t i = 0; i < len; i++)
				bytes[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
		if (parse(bytes, len, &line, &copy) == 0) {
			taken++;
			assert_in_range(line.status, 0, 999);
			assert_in_range(line.kind, 0, ACCESSLOG_KINDS - 1);
			assert_true(line.address_bytes <= ACCESSLOG_ADDRESS_MAX);
			assert_true(line.upstream_ms >= -1);
		}
		free(copy);
	}
	assert_true(taken > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_nginx_sends),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(refuses_truncated_lines),
		cmocka_unit_test(survives_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
