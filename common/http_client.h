/* Shell. HTTP calls on the loop: libcurl's multi interface driven by uv_poll and uv_timer. HTTP/1.1
 * only, no redirects, no proxies, no signals; everything it waits for has a limit. */
#ifndef COMMON_HTTP_CLIENT_H
#define COMMON_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct http_client;
struct http_call; /* one call under way; gone once its done callback returned or it was cancelled */

struct http_call_options {
	const char *method; /* "GET", "HEAD", "POST", "PUT", "DELETE" */
	const char *url;
	const char *unix_socket;    /* path, or NULL for TCP */
	const char *const *headers; /* "Name: value", ended by NULL; or NULL */
	const void *body;           /* copied */
	size_t body_len;
	uint64_t timeout_ms;         /* whole call; 0: no limit (streams) */
	uint64_t connect_timeout_ms; /* 0: 2000 */
	size_t body_max; /* bytes of reply kept; beyond: the call fails with -EFBIG.  0: 4 MiB */
	bool fresh_connection; /* neither reuse a connection nor leave this one for reuse */
	bool discard_body;     /* count the reply's bytes, keep none */

	/* Asked when the connection stands and the request is about to be sent: NULL, or why it
	 * must not be; the call then ends with -EPERM.  It may call nothing of this client.  May be
	 * NULL. */
	const char *(*veto)(void *cookie);
	void *veto_cookie;

	/* The headers of a 2xx reply have come, its body has not (streams).  May be NULL. */
	void (*on_open)(void *cookie);

	/* Bytes of a 2xx reply as they come (then result.body stays empty).  Not 0 ends the call
	 * with -ECANCELED. */
	int (*on_data)(const char *bytes, size_t len, void *cookie);
};

struct http_result {
	int err;           /* 0: a whole reply came, whatever its status; else -errno */
	const char *error; /* a sentence for err, "" when 0 */
	long status;       /* 0 when no reply came */
	const char *body;  /* NUL-terminated; valid during the callback */
	size_t body_len;
	double connect_ms; /* from the start of the call; 0 on a reused connection */
	double total_ms;
	double retry_after_sec; /* what a Retry-After asks to wait, from now on; NaN: nothing */
};

typedef void http_call_done(const struct http_result *, void *cookie);

/* 0, or -errno. */
int http_client_open(uv_loop_t *, struct http_client **ret);

/* Cancel every call (their callbacks are not called) and close; gone when its libuv handles have
 * closed. */
void http_client_close(struct http_client *);

/* Start a call.  ${done} is called exactly once, on the loop, never from inside this function,
 * unless the call is cancelled first.  Never NULL: what cannot start fails in ${done}. Options are
 * copied. */
struct http_call *http_call_start(struct http_client *, const struct http_call_options *,
				  http_call_done *done, void *cookie);

/* End the call now; ${done} is not called.  Allowed in callbacks, except in this call's own
 * on_open and on_data. */
void http_call_cancel(struct http_call *);

#endif
