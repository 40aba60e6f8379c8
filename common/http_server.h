/* Shell. A small HTTP/1.1 server: libmicrohttpd polled by the daemon's libuv loop, on the same
 * thread. */
#ifndef COMMON_HTTP_SERVER_H
#define COMMON_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct http_server;
struct http_request; /* valid from its handler until a reply was given */
struct http_stream;  /* an open text/event-stream */

/* Called once per request, on the loop.  It replies, at once or later (the connection waits
 * meanwhile), with exactly one of the http_reply functions.  Bodies of requests are read and thrown
 * away. */
typedef void http_handler(struct http_request *, void *cookie);

struct http_route {
	const char *method; /* "GET" also serves HEAD */
	const char *path;   /* exact; NULL ends the table */
	http_handler *handler;
};

/* Whether the request for ${path} (decoded) may have what it asks for: true, or false after a
 * reply.  Called once per request, whether there is such a path or not, before any handler. */
typedef bool http_gate(struct http_request *, const char *path, void *cookie);

struct http_header {
	const char *name, *value; /* name NULL ends a table */
};

struct http_server_options {
	const char *bind; /* numeric address */
	int port;         /* 0: any free one, see http_server_port */
	unsigned connections_max;
	unsigned idle_timeout_sec; /* a connection without a request is closed after this; 0: never
				    */

	/* For clients that may be anybody; 0: they are trusted to be quick.  A whole request has to
	 * be there so long after the connection was made or the last answer was out, and an answer
	 * other than a stream has to be taken in that time.  And when all connections are in use,
	 * the one that has kept us waiting for a request longest makes room. */
	unsigned client_timeout_sec;

	size_t reply_bytes_max; /* in long answers that are not out yet: beyond it, all but a
				   single one become 503; 0: no maximum */
	http_gate *gate;        /* NULL: all requests pass */
	const struct http_header *headers; /* of every answer, or NULL; must stay valid */
	const struct http_route
		*routes; /* must stay valid; other paths answer 404, other methods 405 */
	void *cookie;    /* for the handlers and the gate */
};

/* Whether ${address} is one that ${bind} takes, for the check of a setting. */
bool http_server_bind_valid(const char *address);

/* Listen and serve.  0, or -errno (-EADDRINUSE …). */
int http_server_open(uv_loop_t *, const struct http_server_options *, struct http_server **ret);
int http_server_port(const struct http_server *);

/* Stop accepting and end the streams; ${drained} is called once on the loop, never from inside this
 * function, when no request is left unanswered. */
void http_server_drain(struct http_server *, void (*drained)(void *cookie), void *cookie);

/* Close at once: streams end, waiting requests are dropped, and no handler is called again.  The
 * server is gone when its libuv handles have closed (run the loop).  NULL is fine. */
void http_server_close(struct http_server *);

/* Of the request: the value of ?name=, or NULL; a header, or NULL; how often that header came. */
const char *http_request_query(const struct http_request *, const char *name);
const char *http_request_header(const struct http_request *, const char *name);
unsigned http_request_header_count(const struct http_request *, const char *name);

/* Attach ${data} to the request, and be told (${gone}, may be NULL) when its client left, or the
 * server was closed, before a reply was given; after that the request must not be used.  A client
 * that shuts down its sending side counts as one that left.  Without a watch a request stays usable
 * until the server is closed. */
void http_request_watch(struct http_request *, void (*gone)(void *data), void *data);

/* Reply with a copy of ${body}; it is long when it has more than HTTP_REPLY_SHORT_MAX bytes. */
#define HTTP_REPLY_SHORT_MAX ((size_t)64 * 1024)
void http_reply(struct http_request *, unsigned status, const char *content_type, const void *body,
		size_t len);

/* Reply with a line of text, for people, and one more header (name NULL: none). */
void http_reply_text(struct http_request *, unsigned status, const char *text,
		     struct http_header header);

/* As http_reply with status 200, of a body that was encoded already: ${encoding} as in
 * Content-Encoding, or NULL. */
void http_reply_encoded(struct http_request *, const char *content_type, const char *encoding,
			const void *body, size_t len);

/* Bytes that live as long as the process. */
struct http_static {
	const char *content_type;
	const char *encoding; /* as in Content-Encoding, or NULL */
	const char *etag;     /* in quotes; another one for another encoding */
	const void *bytes;
	size_t len;
};

/* Reply with them; 304 where the client has them. */
void http_reply_static(struct http_request *, const struct http_static *);

/* Put up to ${max} bytes of a stream that are to be sent next into ${out}; how many, 0 when there
 * are none now.  Called on the loop whenever the client can take more.  It must not call the
 * functions of this file. */
typedef size_t http_stream_read(void *data, char *out, size_t max);

/* Reply with a stream of server-sent events.  ${read} is called when the reply begins, and after it
 * gave nothing not again before http_stream_wake.  ${gone} is called once when the client left or
 * was dropped; the stream must not be used after that.  NULL when there is none: ${streams_max} are
 * open already (a 503 was sent), or only the head was asked for. */
struct http_stream *http_reply_stream(struct http_request *, unsigned streams_max,
				      http_stream_read *read, void (*gone)(void *data), void *data);

/* There is something to read. */
void http_stream_wake(struct http_stream *);

/* End it at once, whatever the client has not yet taken; its ${gone} has been called. */
void http_stream_drop(struct http_stream *);

#endif
