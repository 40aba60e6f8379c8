/* Shell. HTTP calls on the loop.  libcurl may not be entered from its own callbacks, while callers
 * start and cancel calls from anywhere.  So http_call_start, http_call_cancel and http_client_close
 * only note what is wanted; the turn, an idle handle that runs once on the next round of the loop,
 * does it.  Likewise callers hear of the end of a call only from the top of libuv's callbacks (from
 * on_progress and on_turn), never from inside libcurl; on_data is the one exception. */
#include "common/http_client.h"

#include "common/buf.h"
#include "common/curl_loop.h"
#include "common/mem.h"

#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#define CALLS_MAX             1024 /* under way in one client; more fail at once */
#define DNS_CACHE_SEC         5L   /* a container that comes back may have another address */
#define CONNECT_TIMEOUT_MS    2000
#define BODY_MAX_BYTES        ((size_t)4 * 1024 * 1024)
#define DESTINATION_MAX_BYTES 128

struct http_client {
	struct curl_loop *curl;
	uv_idle_t turn;
	struct http_call *calls;
	unsigned calls_n;
	bool closing;
};

struct http_call {
	struct http_client *client;
	struct http_call *prev, *next;
	CURL *easy; /* NULL: could not be made */
	struct curl_slist *headers;
	bool added; /* to the multi handle */
	bool cancelled;
	bool opened; /* the headers of a 2xx reply have come */

	http_call_done *done;
	const char *(*veto)(void *cookie);
	void *veto_cookie;
	void (*on_open)(void *cookie);
	int (*on_data)(const char *bytes, size_t len, void *cookie);
	void *cookie;
	bool discard_body;

	struct buf body;
	size_t discarded_bytes;
	int err;                                 /* ours, goes before libcurl's */
	char destination[DESTINATION_MAX_BYTES]; /* host or socket, for error texts */
	char error[DESTINATION_MAX_BYTES + 128];
};

/* ---- errors ---- */

/* What libcurl's codes mean here: ${text} follows the destination's name. */
static const struct {
	CURLcode code;
	int err;
	const char *text;
} FAILURES[] = {
	{CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT, "did not answer in time"},
	{CURLE_COULDNT_CONNECT, -ECONNREFUSED, "cannot be connected to"},
	{CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH, "has no address: the name does not resolve"},
	{CURLE_SEND_ERROR, -ECONNRESET, "broke the connection off"},
	{CURLE_RECV_ERROR, -ECONNRESET, "broke the connection off"},
	{CURLE_GOT_NOTHING, -ECONNRESET, "closed the connection without an answer"},
	{CURLE_PARTIAL_FILE, -ECONNRESET, "closed the connection in the middle of its answer"},
	{CURLE_URL_MALFORMAT, -EINVAL, "cannot be called: the URL is malformed"},
	{CURLE_UNSUPPORTED_PROTOCOL, -EBADMSG, "answered something that is not HTTP"}, /* or 0.9 */
	{CURLE_WEIRD_SERVER_REPLY, -EBADMSG, "answered something that is not HTTP"},
	{CURLE_SSL_CONNECT_ERROR, -EPROTO, "did not agree on TLS"},
	{CURLE_PEER_FAILED_VERIFICATION, -EPROTO, "has a certificate that is not trusted"},
};

__attribute__((format(printf, 3, 4))) static void call_fail(struct http_call *call, int err,
							    const char *fmt, ...)
{
	int len = snprintf(call->error, sizeof(call->error), "%s ", call->destination);
	va_list ap;

	call->err = err;
	va_start(ap, fmt);
	vsnprintf(call->error + len, sizeof(call->error) - (size_t)len, fmt, ap);
	va_end(ap);
}

static void call_fail_curl(struct http_call *call, CURLcode code)
{
	long os_errno = 0;

	curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os_errno);
	for (size_t i = 0; i < sizeof(FAILURES) / sizeof(FAILURES[0]); i++) {
		if (FAILURES[i].code != code)
			continue;
		if (code == CURLE_COULDNT_CONNECT && os_errno != 0)
			call_fail(call, FAILURES[i].err, "%s: %s", FAILURES[i].text,
				  strerror((int)os_errno));
		else
			call_fail(call, FAILURES[i].err, "%s", FAILURES[i].text);
		return;
	}
	call_fail(call, -EIO, "failed: %s", curl_easy_strerror(code));
}

/* The socket, or host and port of the URL, whose user and password must not show. */
static void destination_name(const struct http_call_options *o, char ret[DESTINATION_MAX_BYTES])
{
	CURLU *url = curl_url();
	char *host = NULL, *port = NULL;

	if (o->unix_socket != NULL) {
		snprintf(ret, DESTINATION_MAX_BYTES, "%s", o->unix_socket);
	} else if (url != NULL && curl_url_set(url, CURLUPART_URL, o->url, 0) == CURLUE_OK &&
		   curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		   curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		snprintf(ret, DESTINATION_MAX_BYTES, "%s:%s", host, port);
	} else {
		snprintf(ret, DESTINATION_MAX_BYTES, "the server");
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(url);
}

/* ---- what comes back ---- */

static void call_destroy(struct http_call *call)
{
	struct http_client *client = call->client;

	if (call->added)
		curl_multi_remove_handle(curl_loop_multi(client->curl), call->easy);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	buf_free(&call->body);
	DL_DELETE(client->calls, call);
	client->calls_n--;
	free(call);
}

static void call_result(struct http_call *call, struct http_result *ret)
{
	curl_off_t total_us = 0, connect_us = 0, retry_after_sec = 0;
	long connects = 0;

	*ret = (struct http_result){
		.err = call->err,
		.error = call->err == 0 ? "" : call->error,
		.body = buf_text(&call->body),
		.body_len = call->discard_body ? call->discarded_bytes : call->body.len,
		.retry_after_sec = NAN,
	};
	if (call->easy == NULL)
		return;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_easy_getinfo(call->easy, CURLINFO_TOTAL_TIME_T, &total_us);
	curl_easy_getinfo(call->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
	curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_after_sec);
	ret->total_ms = (double)total_us / 1000;
	ret->connect_ms = connects > 0 ? (double)connect_us / 1000 : 0;
	if (retry_after_sec > 0) /* a date is counted from now: one gone by asks for nothing */
		ret->retry_after_sec = (double)retry_after_sec;
}

static void call_tell(struct http_call *call)
{
	struct http_result result;

	if (call->cancelled || call->client->closing)
		return;
	call_result(call, &result);
	call->done(&result, call->cookie);
}

/* Called at the end of every libuv callback that entered libcurl. */
static void finish_done(struct http_client *client)
{
	struct http_call *call;
	CURLcode code;
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(curl_loop_multi(client->curl), &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		code = msg->data.result;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		if (call->err == 0 && code != CURLE_OK)
			call_fail_curl(call, code);
		call_tell(call);
		call_destroy(call);
	}
}

static bool is_success(const struct http_call *call)
{
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

/* The empty line behind the headers says that the reply has begun.  libcurl gives the type. */
/* NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t on_header(char *line, size_t size, size_t n, void *cookie)
{
	struct http_call *call = cookie;
	size_t len = size * n;

	if (call->cancelled || call->client->closing)
		return CURL_WRITEFUNC_ERROR;
	if (len > 0 && (line[0] == '\r' || line[0] == '\n') && !call->opened && is_success(call)) {
		call->opened = true;
		if (call->on_open != NULL)
			call->on_open(call->cookie);
	}
	return len;
}

static size_t on_bytes(char *bytes, size_t size, size_t n, void *cookie)
{
	struct http_call *call = cookie;
	size_t len = size * n;

	if (call->cancelled || call->client->closing)
		return CURL_WRITEFUNC_ERROR;
	if (call->discard_body) {
		call->discarded_bytes += len;
		return len;
	}
	if (call->on_data != NULL && is_success(call)) {
		if (call->on_data(bytes, len, call->cookie) == 0)
			return len;
		call_fail(call, -ECANCELED, "sent what its reader did not want");
		return CURL_WRITEFUNC_ERROR;
	}
	if (buf_append(&call->body, bytes, len) == 0)
		return len;
	call_fail(call, -EFBIG, "sent an answer that is too long");
	return CURL_WRITEFUNC_ERROR;
}

/* The last moment before the request is written.  libcurl gives the type. */
/* NOLINTNEXTLINE(readability-non-const-parameter) */
static int on_connected(void *cookie, char *ip, char *own_ip, int port, int own_port)
{
	struct http_call *call = cookie;
	const char *why = call->veto(call->veto_cookie);

	(void)ip;
	(void)own_ip;
	(void)port;
	(void)own_port;
	if (why == NULL)
		return CURL_PREREQFUNC_OK;
	call_fail(call, -EPERM, "was not called: %s", why);
	return CURL_PREREQFUNC_ABORT;
}

/* ---- the turn ---- */

static void turn_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void client_destroy(struct http_client *client)
{
	struct http_call *call, *next;

	DL_FOREACH_SAFE(client->calls, call, next)
	{
		call_destroy(call);
	}
	curl_loop_close(client->curl);
	uv_close((uv_handle_t *)&client->turn, turn_closed);
}

static void call_add(struct http_call *call)
{
	CURLMcode code = curl_multi_add_handle(curl_loop_multi(call->client->curl), call->easy);

	if (code == CURLM_OK)
		call->added = true;
	else
		call_fail(call, -EIO, "failed: %s", curl_multi_strerror(code));
}

/* Do what was asked for since the last round.  Callbacks only append to the list; what they append
 * is for the next round. */
static void on_turn(uv_idle_t *turn)
{
	struct http_client *client = turn->data;
	struct http_call *call = client->calls, *next;

	uv_idle_stop(turn);
	for (unsigned left = client->calls_n; left > 0 && !client->closing; left--, call = next) {
		next = call->next;
		if (!call->added && !call->cancelled && call->err == 0)
			call_add(call);
		if (call->cancelled || call->err != 0) {
			call_tell(call);
			call_destroy(call);
		}
	}
	if (client->closing)
		client_destroy(client);
}

/* libcurl cannot go on after an error of the multi handle itself: every call fails. */
static void on_progress(CURLMcode code, void *cookie)
{
	struct http_client *client = cookie;
	struct http_call *call;

	finish_done(client);
	if (code == CURLM_OK)
		return;
	DL_FOREACH(client->calls, call)
	{
		if (call->added && call->err == 0)
			call_fail(call, -EIO, "failed: %s", curl_multi_strerror(code));
	}
	uv_idle_start(&client->turn, on_turn);
}

/* ---- calls ---- */

static const struct {
	const char *name;
	CURLoption option; /* that makes libcurl treat the call as one of this kind */
} METHODS[] = {
	{"GET", CURLOPT_HTTPGET}, {"HEAD", CURLOPT_NOBODY},    {"POST", CURLOPT_POST},
	{"PUT", CURLOPT_POST},    {"DELETE", CURLOPT_HTTPGET},
};

static void call_set_method(struct http_call *call, const struct http_call_options *o)
{
	CURLoption option = CURLOPT_HTTPGET;

	for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++) {
		if (strcmp(METHODS[i].name, o->method) == 0)
			option = METHODS[i].option;
	}
	if (o->body_len > 0)
		option = CURLOPT_POST;
	curl_easy_setopt(call->easy, option, 1L);
	if (option == CURLOPT_POST) {
		curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)o->body_len);
		curl_easy_setopt(call->easy, CURLOPT_COPYPOSTFIELDS,
				 o->body_len > 0 ? o->body : "");
	}
	curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, o->method);
}

static void call_add_header(struct http_call *call, const char *header)
{
	struct curl_slist *longer = curl_slist_append(call->headers, header);

	if (longer == NULL)
		call_fail(call, -ENOMEM, "cannot be called: out of memory");
	else
		call->headers = longer;
}

/* Headers that libcurl would add on its own and nobody asked for are switched off by an empty
 * value. */
static void call_set_headers(struct http_call *call, const char *const *headers)
{
	static const char content_type[] = "Content-Type:";
	bool typed = false;

	call_add_header(call, "Expect:");
	for (size_t i = 0; headers != NULL && headers[i] != NULL; i++) {
		typed |= strncasecmp(headers[i], content_type, strlen(content_type)) == 0;
		call_add_header(call, headers[i]);
	}
	if (!typed)
		call_add_header(call, content_type);
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static void call_set_limits(struct http_call *call, const struct http_call_options *o)
{
	uint64_t connect_ms =
		o->connect_timeout_ms == 0 ? CONNECT_TIMEOUT_MS : o->connect_timeout_ms;

	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
	curl_easy_setopt(call->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
	/* a call whose name is still being resolved ends without waiting for the resolver */
	curl_easy_setopt(call->easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(call->easy, CURLOPT_DNS_CACHE_TIMEOUT, DNS_CACHE_SEC);
	curl_easy_setopt(call->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(call->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(call->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(call->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(call->easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(call->easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, o->fresh_connection ? 1L : 0L);
	curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, o->fresh_connection ? 1L : 0L);
}

static void call_set_destination(struct http_call *call, const struct http_call_options *o)
{
	if (strncasecmp(o->url, "http://", 7) != 0 && strncasecmp(o->url, "https://", 8) != 0)
		call_fail(call, -EINVAL, "cannot be called: the URL is not http or https");
	curl_easy_setopt(call->easy, CURLOPT_URL, o->url);
	curl_easy_setopt(call->easy, CURLOPT_USERAGENT, "agentic-autoscaler/" VERSION);
	if (o->unix_socket != NULL &&
	    curl_easy_setopt(call->easy, CURLOPT_UNIX_SOCKET_PATH, o->unix_socket) != CURLE_OK)
		call_fail(call, -EINVAL, "cannot be the path of a socket");
}

static void call_set_callbacks(struct http_call *call)
{
	curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	if (call->veto != NULL) {
		curl_easy_setopt(call->easy, CURLOPT_PREREQFUNCTION, on_connected);
		curl_easy_setopt(call->easy, CURLOPT_PREREQDATA, call);
	}
	curl_loop_adopt(call->client->curl, call->easy);
}

struct http_call *http_call_start(struct http_client *client, const struct http_call_options *o,
				  http_call_done *done, void *cookie)
{
	struct http_call *call = xcalloc(1, sizeof(*call));

	call->client = client;
	call->done = done;
	call->veto = o->veto;
	call->veto_cookie = o->veto_cookie;
	call->on_open = o->on_open;
	call->on_data = o->on_data;
	call->cookie = cookie;
	call->discard_body = o->discard_body;
	buf_init(&call->body, o->body_max == 0 ? BODY_MAX_BYTES : o->body_max);
	destination_name(o, call->destination);
	DL_APPEND(client->calls, call);
	uv_idle_start(&client->turn, on_turn);

	if (client->calls_n++ >= CALLS_MAX) {
		call_fail(call, -EBUSY, "cannot be called: too many calls are under way");
		return call;
	}
	call->easy = curl_easy_init();
	if (call->easy == NULL) {
		call_fail(call, -ENOMEM, "cannot be called: out of memory");
		return call;
	}
	call_set_callbacks(call);
	call_set_limits(call, o);
	call_set_method(call, o);
	call_set_headers(call, o->headers);
	call_set_destination(call, o);
	return call;
}

void http_call_cancel(struct http_call *call)
{
	call->cancelled = true;
	uv_idle_start(&call->client->turn, on_turn);
}

/* ---- the client ---- */

int http_client_open(uv_loop_t *loop, struct http_client **ret)
{
	struct http_client *client = xcalloc(1, sizeof(*client));
	int err = curl_loop_open(loop, on_progress, client, &client->curl);

	if (err != 0) {
		free(client);
		return err;
	}
	uv_idle_init(loop, &client->turn);
	client->turn.data = client;
	*ret = client;
	return 0;
}

void http_client_close(struct http_client *client)
{
	client->closing = true;
	uv_idle_start(&client->turn, on_turn);
}
