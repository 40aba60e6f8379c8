/* Shell. The answers of the HTTP server: a body, bytes that never change, a stream of events. */
#include "common/http_server.h"
#include "common/http_server_internal.h"
#include "common/mem.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define DEAD_CLIENT_MS   30000 /* unacknowledged bytes on a stream for so long end it */
#define STREAM_BLOCK_LEN 4096
#define STREAM_TYPE      "text/event-stream"

const char *http_request_query(const struct http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->connection->mhd, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_request_header(const struct http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->connection->mhd, MHD_HEADER_KIND, name);
}

struct named {
	const char *name;
	unsigned count;
};

static enum MHD_Result count_named(void *cls, enum MHD_ValueKind kind, const char *key,
				   const char *value)
{
	struct named *n = cls;

	(void)kind;
	(void)value;
	n->count += strcasecmp(key, n->name) == 0;
	return MHD_YES;
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	/* Fails only for want of memory or for forbidden characters, which no caller has. */
	if (MHD_add_response_header(response, name, value) != MHD_YES)
		abort();
}

unsigned http_request_header_count(const struct http_request *req, const char *name)
{
	struct named n = {.name = name};

	MHD_get_connection_values(req->connection->mhd, MHD_HEADER_KIND, count_named, &n);
	return n.count;
}

static struct MHD_Response *copied_response(const void *body, size_t len, const char *content_type)
{
	void *copy = xcalloc(1, len + 1);
	struct MHD_Response *response;

	memcpy(copy, len > 0 ? body : "", len);
	response = MHD_create_response_from_buffer(len, copy, MHD_RESPMEM_MUST_FREE);
	add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	return response;
}

static void give(struct http_request *req, unsigned status, struct MHD_Response *response)
{
	const struct http_header *h = req->connection->server->headers;

	add_header(response, "X-Content-Type-Options", "nosniff");
	for (; h != NULL && h->name != NULL; h++)
		add_header(response, h->name, h->value);
	req->status = status;
	req->response = response;
	req->gone = NULL;
	http_connection_resume(req->connection);
}

enum MHD_Result http_request_queue(struct http_request *req)
{
	enum MHD_Result ok;

	if (req->stream == NULL)
		http_patience_await(req->connection, true);
	if (req->connection->server->draining)
		add_header(req->response, MHD_HTTP_HEADER_CONNECTION, "close");
	ok = MHD_queue_response(req->connection->mhd, req->status, req->response);
	MHD_destroy_response(req->response);
	req->response = NULL;
	return ok;
}

void http_reply_text(struct http_request *req, unsigned status, const char *text,
		     struct http_header header)
{
	struct MHD_Response *response;
	struct buf line;

	buf_init(&line, HTTP_REPLY_SHORT_MAX);
	buf_printf(&line, "%s\n", text);
	response = copied_response(buf_text(&line), line.len, "text/plain; charset=utf-8");
	buf_free(&line);

	if (header.name != NULL)
		add_header(response, header.name, header.value);
	give(req, status, response);
}

static void reply_busy(struct http_request *req, const char *text)
{
	http_reply_text(req, MHD_HTTP_SERVICE_UNAVAILABLE, text,
			(struct http_header){MHD_HTTP_HEADER_RETRY_AFTER, "2"});
}

/* Count an answer of ${len} bytes, if there is room for it. */
static bool make_room(struct http_request *req, size_t len)
{
	struct http_server *server = req->connection->server;

	if (len <= HTTP_REPLY_SHORT_MAX)
		return true;
	if (server->reply_bytes_max > 0 && server->reply_bytes > 0 &&
	    server->reply_bytes + len > server->reply_bytes_max)
		return false;
	req->reply_bytes = len;
	server->reply_bytes += len;
	return true;
}

static void reply_copied(struct http_request *req, unsigned status, const char *content_type,
			 const char *encoding, const void *body, size_t len)
{
	struct MHD_Response *response;

	if (!make_room(req, len)) {
		reply_busy(req, "too many answers are on their way");
		return;
	}
	response = copied_response(body, len, content_type);
	if (encoding != NULL)
		add_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, encoding);
	give(req, status, response);
}

void http_reply(struct http_request *req, unsigned status, const char *content_type,
		const void *body, size_t len)
{
	reply_copied(req, status, content_type, NULL, body, len);
}

void http_reply_encoded(struct http_request *req, const char *content_type, const char *encoding,
			const void *body, size_t len)
{
	reply_copied(req, MHD_HTTP_OK, content_type, encoding, body, len);
}

void http_reply_static(struct http_request *req, const struct http_static *s)
{
	const char *known = http_request_header(req, MHD_HTTP_HEADER_IF_NONE_MATCH);
	bool has_it = known != NULL && strstr(known, s->etag) != NULL;
	struct MHD_Response *response;

	/* MHD only reads it, whatever its prototype says; older ones have no const variant. */
	response = MHD_create_response_from_buffer(has_it ? 0 : s->len, (void *)(uintptr_t)s->bytes,
						   MHD_RESPMEM_PERSISTENT);
	add_header(response, MHD_HTTP_HEADER_ETAG, s->etag);
	add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
	add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, s->content_type);
	if (s->encoding != NULL && !has_it)
		add_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, s->encoding);
	give(req, has_it ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
}

/* --- streams --- */

static void tell_gone(struct http_stream *s)
{
	void (*gone)(void *) = s->gone;

	s->gone = NULL;
	if (gone != NULL)
		gone(s->data);
}

void http_stream_end(struct http_stream *s)
{
	s->ended = true;
	tell_gone(s);
	http_connection_resume(s->request->connection);
}

void http_stream_free(struct http_stream *s)
{
	struct http_server *server = s->request->connection->server;

	tell_gone(s);
	LIST_REMOVE(s, link);
	server->streams_n--;
	free(s);
}

/* MHD asks for more bytes. */
static ssize_t on_read(void *cls, uint64_t pos, char *out, size_t max)
{
	struct http_stream *s = cls;
	size_t n;

	(void)pos;
	if (s->request->dropped)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (s->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	n = s->read(s->data, out, max);
	if (n == 0)
		http_connection_suspend(s->request->connection);
	return (ssize_t)n;
}

static int connection_fd(const struct http_stream *s)
{
	return MHD_get_connection_info(s->request->connection->mhd,
				       MHD_CONNECTION_INFO_CONNECTION_FD)
		->connect_fd;
}

void http_stream_wake(struct http_stream *s)
{
	http_connection_resume(s->request->connection);
}

void http_stream_drop(struct http_stream *s)
{
	/* MHD waits for this socket to take more, so end that wait as well. */
	shutdown(connection_fd(s), SHUT_RDWR);
	http_request_drop(s->request);
}

static struct http_stream *stream_new(struct http_request *req)
{
	struct http_server *server = req->connection->server;
	struct http_stream *s = xcalloc(1, sizeof(*s));
	const unsigned dead_ms = DEAD_CLIENT_MS;

	s->request = req;
	req->stream = s;
	LIST_INSERT_HEAD(&server->streams, s, link);
	server->streams_n++;
	setsockopt(connection_fd(s), IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
	MHD_set_connection_option(req->connection->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
	return s;
}

struct http_stream *http_reply_stream(struct http_request *req, unsigned streams_max,
				      http_stream_read *read, void (*gone)(void *data), void *data)
{
	struct MHD_Response *response;
	struct http_stream *s;

	if (req->head) {
		http_reply(req, MHD_HTTP_OK, STREAM_TYPE, "", 0);
		return NULL;
	}
	if (req->connection->server->streams_n >= streams_max) {
		reply_busy(req, "too many streams are open");
		return NULL;
	}
	s = stream_new(req);
	s->read = read;
	s->gone = gone;
	s->data = data;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_LEN, on_read, s,
						     NULL);
	add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, STREAM_TYPE);
	add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	add_header(response, "X-Accel-Buffering",
		   "no"); /* nginx in front hands events on at once */
	give(req, MHD_HTTP_OK, response);
	return s;
}
