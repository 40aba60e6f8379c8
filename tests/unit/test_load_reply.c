/* Shell. Unit tests of load/reply: each reply is fed whole, byte by byte, and cut in two at every
 * place. */
#include "load/reply.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* In memory of its exact size, so that reading on is an error under ASan. */
static int feed_exact(struct load_reply *r, const char *bytes, size_t len, size_t *ret_used)
{
	char *copy = malloc(len > 0 ? len : 1);

	memcpy(copy, bytes, len);
	int ret = load_reply_feed(r, copy, len, ret_used);
	free(copy);
	return ret;
}

static void whole_replies(void **state)
{
	static const struct {
		const char *text;
		int status;
		bool reusable;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, true},
		{"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", 200, true},
		{"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 200, true},
		{"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", 503,
		 false},
		{"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, false},
		{"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", 200,
		 true},
		{"HTTP/1.1 204 No Content\r\n\r\n", 204, true},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, true},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200,
		 true},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3\r\nabc\r\n0000a;x=y\r\n0123456789\r\n0\r\n\r\n",
		 200, true},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
		 "0\r\nTrailer: x\r\n\r\n",
		 200, true},
	};
	struct load_reply r;
	size_t used;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		size_t len = strlen(cases[i].text);

		for (size_t cut = 0; cut < len; cut++) {
			load_reply_init(&r);
			assert_int_equal(feed_exact(&r, cases[i].text, cut, &used), 0);
			assert_int_equal(used, cut);
			assert_false(load_reply_eof(&r));
			assert_int_equal(feed_exact(&r, cases[i].text + cut, len - cut, &used), 1);
			assert_int_equal(used, len - cut);
			assert_int_equal(r.status, cases[i].status);
			assert_int_equal(r.reusable, cases[i].reusable);
		}
		load_reply_init(&r);
		for (size_t at = 0; at < len; at++)
			assert_int_equal(feed_exact(&r, cases[i].text + at, 1, &used),
					 at == len - 1);
	}
}

static void what_follows_a_reply_is_not_its(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200";
	struct load_reply r;
	size_t used;

	(void)state;
	load_reply_init(&r);
	assert_int_equal(load_reply_feed(&r, text, strlen(text), &used), 1);
	assert_int_equal(used, strlen(text) - strlen("HTTP/1.1 200"));
}

static void without_a_length_the_end_is_the_end(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\n\r\nsomething";
	struct load_reply r;
	size_t used;

	(void)state;
	load_reply_init(&r);
	assert_int_equal(load_reply_feed(&r, text, strlen(text), &used), 0);
	assert_true(load_reply_eof(&r));
}

static void malformed_replies(void **state)
{
	static const char *const cases[] = {
		"220 mail\r\n",
		"HTTP/2 200\r\n",
		"HTTP/1.2 200\r\n",
		"HTTP/1.1 20\r\n",
		"HTTP/1.1 2000\r\n",
		"HTTP/1.1 099\r\n",
		"\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n",
		"HTTP/1.1 200 OK\r\n: nameless\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
	};
	struct load_reply r;
	size_t used;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		load_reply_init(&r);
		assert_int_equal(load_reply_feed(&r, cases[i], strlen(cases[i]), &used), -EBADMSG);
	}
}

/* Lines without end, and headers without end, are cut off. */
static void heads_are_bounded(void **state)
{
	static const char status[] = "HTTP/1.1 200 OK\r\n", header[] = "X: 0123456789\r\n";
	struct load_reply r;
	size_t used, fed = 0;
	int ret = 0;

	(void)state;
	load_reply_init(&r);
	while ((ret = load_reply_feed(&r, "H", 1, &used)) == 0)
		fed++;
	assert_int_equal(ret, -EBADMSG);
	assert_int_equal(fed, LOAD_REPLY_LINE_MAX - 1);

	load_reply_init(&r);
	assert_int_equal(load_reply_feed(&r, status, strlen(status), &used), 0);
	for (fed = 0; (ret = load_reply_feed(&r, header, strlen(header), &used)) == 0;)
		fed += strlen(header);
	assert_int_equal(ret, -EBADMSG);
	assert_true(fed > LOAD_REPLY_HEAD_MAX / 2 && fed <= LOAD_REPLY_HEAD_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_replies),
		cmocka_unit_test(what_follows_a_reply_is_not_its),
		cmocka_unit_test(without_a_length_the_end_is_the_end),
		cmocka_unit_test(malformed_replies),
		cmocka_unit_test(heads_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
