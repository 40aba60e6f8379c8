/* Shell. Unit tests of common/http_client: what goes out and what comes back. */
#include "tests/unit/http_fixture.h"

#include <time.h>

static void get(void **state)
{
	struct fixture *f = *state;
	char host[64];
	struct outcome o;

	call(f, (struct http_call_options){.timeout_ms = 5000}, &o);
	assert_int_equal(o.err, 0);
	assert_string_equal(o.error, "");
	assert_int_equal(o.status, 200);
	assert_string_equal(o.body, "ok");
	assert_int_equal(o.body_len, 2);
	assert_true(o.connect_ms > 0 && o.connect_ms <= o.total_ms && o.total_ms < 5000);
	snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%d\r\n", f->server.port);
	assert_memory_equal(f->server.last, "GET /x HTTP/1.1\r\n", 17);
	assert_non_null(strstr(f->server.last, host));
	assert_non_null(
		strstr(f->server.last, "\r\nUser-Agent: agentic-autoscaler/" VERSION "\r\n"));
	assert_null(strstr(f->server.last, "Content-Type"));
	assert_null(strstr(f->server.last, "Accept-Encoding"));
}

static void methods_and_bodies(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE"};
	static const char *const headers[] = {"content-type: application/json", "X-Key: k", NULL};
	static char big[4000];
	struct fixture *f = *state;
	struct outcome o;
	char line[32];

	memset(big, 'b', sizeof(big));
	for (size_t i = 0; i < 3; i++) {
		call(f,
		     (struct http_call_options){
			     .method = methods[i], .headers = headers, .body = "{}", .body_len = 2},
		     &o);
		snprintf(line, sizeof(line), "%s /x HTTP/1.1\r\n", methods[i]);
		assert_memory_equal(f->server.last, line, strlen(line));
		assert_non_null(strstr(f->server.last, "\r\ncontent-type: application/json\r\n"));
		assert_non_null(strstr(f->server.last, "\r\nX-Key: k\r\n"));
		assert_non_null(strstr(f->server.last, "\r\nContent-Length: 2\r\n"));
		assert_non_null(strstr(f->server.last, "\r\n\r\n{}"));
		assert_null(strstr(f->server.last, "urlencoded"));

		call(f, (struct http_call_options){.method = methods[i]}, &o);
		assert_memory_equal(f->server.last, line, strlen(line));
		assert_null(strstr(f->server.last, "ontent-Type"));
		assert_int_equal(o.err, 0);
	}
	call(f, (struct http_call_options){.method = "POST", .body = big, .body_len = sizeof(big)},
	     &o);
	assert_null(strstr(f->server.last, "Expect"));
	assert_int_equal(o.err, 0);
}

static void head(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	f->server.lines[0].reply = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n";
	call(f, (struct http_call_options){.method = "HEAD", .timeout_ms = 2000}, &o);
	assert_int_equal(o.err, 0);
	assert_int_equal(o.status, 200);
	assert_int_equal(o.body_len, 0);
}

static void connections(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	call(f, (struct http_call_options){0}, &o);
	call(f, (struct http_call_options){0}, &o);
	assert_int_equal(f->server.connections_n, 1);
	assert_true(o.connect_ms == 0); /* reused */
	call(f, (struct http_call_options){.fresh_connection = true}, &o);
	assert_int_equal(f->server.connections_n, 2);
	assert_true(o.connect_ms > 0);
	call(f, (struct http_call_options){0}, &o);
	assert_int_equal(f->server.connections_n, 2);
}

/* A reused connection that turns out dead is repeated by libcurl; a fresh one's failure is told. */
static void fresh_calls_are_never_repeated(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	f->server.lines[0] = (struct scripted_line){.request = "POST", .close = true};
	call(f, (struct http_call_options){.method = "POST", .fresh_connection = true}, &o);
	assert_int_equal(o.err, -ECONNRESET);
	assert_int_equal(o.status, 0);
	assert_int_equal(f->server.requests_n, 1);
}

static void unix_sockets(void **state)
{
	struct fixture *f = *state;
	char text[128], long_path[256];
	struct outcome o;

	call(f, (struct http_call_options){.url = "http://engine/y", .unix_socket = f->socket}, &o);
	assert_int_equal(o.err, 0);
	assert_string_equal(o.body, "ok");
	assert_memory_equal(f->server.last, "GET /y HTTP/1.1\r\nHost: engine\r\n", 31);

	call(f, (struct http_call_options){.url = "http://engine/", .unix_socket = "/tmp/no/such"},
	     &o);
	assert_int_equal(o.err, -ECONNREFUSED);
	assert_int_equal(o.status, 0);
	snprintf(text, sizeof(text), "/tmp/no/such cannot be connected to: No such file");
	assert_memory_equal(o.error, text, strlen(text));

	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	call(f, (struct http_call_options){.url = "http://engine/", .unix_socket = long_path}, &o);
	assert_true(o.err < 0);
}

static void failures(void **state)
{
	static const struct {
		const char *reply;
		bool close;
		int err;
	} cases[] = {
		{NULL, true, -ECONNRESET},
		{NULL, false, -ETIMEDOUT},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", true, -ECONNRESET},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", false, -ETIMEDOUT},
		{"220 mail.example ESMTP\r\n", true, -EBADMSG}, /* HTTP/0.9 is not spoken */
	};
	struct fixture *f = *state;
	struct outcome o;
	char place[64];

	snprintf(place, sizeof(place), "127.0.0.1:%d ", f->server.port);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f->server.lines[0].reply = cases[i].reply;
		f->server.lines[0].close = cases[i].close;
		call(f, (struct http_call_options){.timeout_ms = 200, .fresh_connection = true},
		     &o);
		assert_int_equal(o.err, cases[i].err);
		assert_memory_equal(o.error, place, strlen(place));
	}
}

static void what_cannot_start_fails_later(void **state)
{
	static const struct {
		const char *url;
		int err;
	} cases[] = {
		{"", -EINVAL},
		{"http://", -EINVAL},
		{"ftp://127.0.0.1/", -EINVAL},
		{"file:///etc/passwd", -EINVAL},
		{"http://127.0.0.1:1/", -ECONNREFUSED},
	};
	struct fixture *f = *state;
	struct outcome o;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		call(f, (struct http_call_options){.url = cases[i].url, .timeout_ms = 2000}, &o);
		assert_int_equal(o.err, cases[i].err);
		assert_int_equal(o.status, 0);
		assert_true(strlen(o.error) > 10);
	}
}

static void errors_keep_secrets(void **state)
{
	static const char *const headers[] = {"Authorization: Bearer hidden", NULL};
	struct fixture *f = *state;
	struct outcome o;

	call(f,
	     (struct http_call_options){.url = "http://user:hidden@127.0.0.1:1/?key=hidden",
					.method = "POST",
					.body = "hidden",
					.body_len = 6,
					.headers = headers},
	     &o);
	assert_int_equal(o.err, -ECONNREFUSED);
	assert_string_equal(o.error, "127.0.0.1:1 cannot be connected to: Connection refused");
}

static void redirects_are_not_followed(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	f->server.lines[0].reply =
		"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
	call(f, (struct http_call_options){0}, &o);
	assert_int_equal(o.err, 0);
	assert_int_equal(o.status, 302);
	assert_int_equal(f->server.requests_n, 1);
}

static void retry_after(void **state)
{
	static const struct {
		const char *header;
		double sec; /* NaN: none */
	} cases[] = {
		{"", NAN},
		{"Retry-After: 36\r\n", 36},
		{"retry-after:  7\r\n", 7},
		{"Retry-After: 0\r\n", NAN},
		{"Retry-After: -5\r\n", NAN},
		{"Retry-After: soon\r\n", NAN},
		{"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", NAN}, /* gone by */
	};
	struct fixture *f = *state;
	struct outcome o;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char reply[256];

		snprintf(reply, sizeof(reply),
			 "HTTP/1.1 429 Too Many\r\n%sContent-Length: 0\r\n\r\n", cases[i].header);
		f->server.lines[0].reply = reply;
		call(f, (struct http_call_options){0}, &o);
		assert_int_equal(o.status, 429);
		if (isnan(cases[i].sec))
			assert_true(isnan(o.retry_after_sec));
		else
			assert_double_near(o.retry_after_sec, cases[i].sec);
	}
	call(f, (struct http_call_options){.url = "http://127.0.0.1:1/"}, &o);
	assert_true(isnan(o.retry_after_sec));
}

/* A date is how long it is still to go. */
static void retry_after_a_date(void **state)
{
	struct fixture *f = *state;
	time_t later = time(NULL) + 3600;
	char date[64], reply[256];
	struct outcome o;
	struct tm tm;

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&later, &tm));
	snprintf(reply, sizeof(reply),
		 "HTTP/1.1 503 Busy\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", date);
	f->server.lines[0].reply = reply;
	call(f, (struct http_call_options){0}, &o);
	assert_true(o.retry_after_sec > 3590 && o.retry_after_sec <= 3600);
}

static void bodies_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	f->server.lines[0].reply = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
	call(f, (struct http_call_options){.body_max = 10}, &o);
	assert_int_equal(o.err, 0);
	call(f, (struct http_call_options){.body_max = 9}, &o);
	assert_int_equal(o.err, -EFBIG);
	call(f, (struct http_call_options){.body_max = 9, .discard_body = true}, &o);
	assert_int_equal(o.err, 0);
	assert_string_equal(o.body, "");
	assert_int_equal(o.body_len, 10);
}

static void note_open(void *cookie)
{
	struct outcome *o = cookie;

	assert_string_equal(o->data, "");
	o->opened++;
}

static int note_data(const char *bytes, size_t len, void *cookie)
{
	struct outcome *o = cookie;
	size_t at = strlen(o->data);

	assert_int_equal(o->opened, 1);
	snprintf(o->data + at, sizeof(o->data) - at, "%.*s", (int)len, bytes);
	return o->data_ret;
}

static void streams(void **state)
{
	const struct http_call_options stream = {.on_open = note_open, .on_data = note_data};
	struct fixture *f = *state;
	struct outcome o;

	f->server.lines[0] = (struct scripted_line){
		.request = "",
		.reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n",
	};
	call(f, stream, &o);
	assert_int_equal(o.err, 0);
	assert_string_equal(o.data, "onetwo");
	assert_string_equal(o.body, "");

	memset(&o, 0, sizeof(o));
	o.data_ret = -1;
	start(f, stream, &o);
	scripted_run(&f->loop, &o.done);
	assert_int_equal(o.err, -ECANCELED);
	assert_int_equal(o.status, 200);

	/* the body of an error is no data */
	f->server.lines[0].reply = "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone";
	call(f, stream, &o);
	assert_int_equal(o.status, 404);
	assert_string_equal(o.body, "gone");
	assert_string_equal(o.data, "");
	assert_int_equal(o.opened, 0);
}

/* on_open comes with the headers, long before there is any body. */
static void a_stream_opens_before_its_first_byte(void **state)
{
	struct fixture *f = *state;
	struct outcome o = {0};

	f->server.lines[0].reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	start(f, (struct http_call_options){.on_open = note_open, .on_data = note_data}, &o);
	while (o.opened == 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_false(o.done);
	http_call_cancel(o.call);
	while (f->server.open_n > 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_false(o.done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(get),
		TEST(methods_and_bodies),
		TEST(head),
		TEST(connections),
		TEST(fresh_calls_are_never_repeated),
		TEST(unix_sockets),
		TEST(failures),
		TEST(what_cannot_start_fails_later),
		TEST(errors_keep_secrets),
		TEST(redirects_are_not_followed),
		TEST(retry_after),
		TEST(retry_after_a_date),
		TEST(bodies_are_bounded),
		TEST(streams),
		TEST(a_stream_opens_before_its_first_byte),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
