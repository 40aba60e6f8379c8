/* Shell. What http_server.c (connections, routes, the daemon) and http_reply.c (answers, streams)
 * share; nobody else includes it. */
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
	LIST_ENTRY(http_connection) link;
};

struct http_request {
	struct http_connection *connection;
	bool handled;                  /* its handler was called */
	bool dropped;                  /* nobody is there to answer, or the server closes */
	struct MHD_Response *response; /* given and not yet queued */
	unsigned status;
	struct http_stream *stream;
	void (*gone)(void *data); /* NULL once a reply was given */
	void *data;
};

struct http_stream {
	struct http_request *request;
	struct buf backlog;
	bool ended; /* nothing is added any more: end when the backlog is out */
	void (*gone)(void *data);
	void *data;
	LIST_ENTRY(http_stream) link;
};

struct http_server {
	uv_loop_t *loop;
	struct MHD_Daemon *mhd;
	const struct http_route *routes;
	void *cookie;
	int port;
	bool running;   /* inside MHD_run, where MHD must not be stopped */
	bool run_again; /* a connection was resumed since MHD last ran */
	bool closing;
	unsigned requests; /* begun and not completely answered, streams included */
	unsigned handles_open;
	uv_poll_t poll;
	uv_timer_t timer;     /* MHD's own timeouts */
	uv_timer_t heartbeat; /* of the streams */
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

/* The answer for a path or method that no route has. */
void http_reply_error(struct http_request *, unsigned status, const char *allow);

/* Hand the reply that was given over to MHD. */
enum MHD_Result http_request_queue(struct http_request *);

/* No more events: the client gets what is queued, then the end.  The owner is told. */
void http_stream_end(struct http_stream *);
void http_stream_free(struct http_stream *);

#endif
