/* Shell. What http_server.c (connections, routes, the daemon), http_reply.c (answers, streams) and
 * http_patience.c (slow clients) share; nobody else includes it. */
#ifndef COMMON_HTTP_SERVER_INTERNAL_H
#define COMMON_HTTP_SERVER_INTERNAL_H

#include "common/buf.h"
#include "common/http_server.h"

#include <microhttpd.h>
#include <sys/queue.h>

struct http_connection {
	struct http_server *server;
	struct MHD_Connection *mhd;
	struct http_request *request; /* the one under way, or NULL */
	bool suspended;
	uv_poll_t leave; /* says that the client left, which MHD does not see while suspended */
	bool leave_ready;
	uint64_t due_ms; /* loop time by which the client must have done its part; 0: never */
	bool asked;      /* a whole request is there and not yet answered */
	LIST_ENTRY(http_connection) link;
};

struct http_request {
	struct http_connection *connection;
	bool head;                     /* wants no body */
	bool handled;                  /* its handler was called */
	bool dropped;                  /* nobody is there to answer, or the server closes */
	struct MHD_Response *response; /* given and not yet queued */
	unsigned status;
	size_t reply_bytes; /* of a copied body */
	struct http_stream *stream;
	void (*gone)(void *data); /* NULL once a reply was given */
	void *data;
};

struct http_stream {
	struct http_request *request;
	http_stream_read *read;
	bool ended; /* nothing is read any more */
	void (*gone)(void *data);
	void *data;
	LIST_ENTRY(http_stream) link;
};

struct http_server {
	uv_loop_t *loop;
	struct MHD_Daemon *mhd;
	const struct http_route *routes;
	const struct http_header *headers;
	http_gate *gate;
	void *cookie;
	int port;
	unsigned connections_max, connections_n;
	unsigned client_timeout_sec;
	size_t reply_bytes_max, reply_bytes; /* those in use */
	bool running;                        /* inside MHD_run, where MHD must not be stopped */
	bool run_again;                      /* a connection was resumed since MHD last ran */
	bool closing;
	unsigned requests; /* begun and not completely answered, streams included */
	unsigned handles_open;
	uv_poll_t poll;
	uv_timer_t timer;    /* MHD's own timeouts */
	uv_timer_t patience; /* looks for slow clients while there are clients */
	void (*drained)(void *cookie);
	void *drained_cookie;
	bool draining;
	LIST_HEAD(http_connection_list, http_connection) connections;
	LIST_HEAD(http_stream_list, http_stream) streams;
	unsigned streams_n;
};

/* Have MHD leave the connection alone until it is resumed; a watched request or a stream learns
 * when the client leaves meanwhile.  Resuming a connection that is not suspended does nothing. */
void http_connection_suspend(struct http_connection *);
void http_connection_resume(struct http_connection *);

/* End the connection of ${request} without (the rest of) a reply and tell the owner. */
void http_request_drop(struct http_request *);

/* Hand the reply that was given over to MHD. */
enum MHD_Result http_request_queue(struct http_request *);

/* A connection came (the one that kept us waiting longest goes when there is no room for the next)
 * or went; now it is the client's turn, to send a request or to take an ${answer}; now it is ours,
 * with a whole request.  None is closed where ${client_timeout_sec} is 0. */
void http_patience_came(struct http_connection *);
void http_patience_went(struct http_connection *);
void http_patience_await(struct http_connection *, bool answer);
void http_patience_rest(struct http_connection *);

/* No more events: the client gets the end.  The owner is told. */
void http_stream_end(struct http_stream *);
void http_stream_free(struct http_stream *);

#endif
