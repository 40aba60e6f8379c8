/* Shell. One connection to Redis that comes back by itself: name resolution, non-blocking connect,
 * AUTH, PING while it is quiet, capped and jittered backoff.  It knows nothing of what is said over
 * it.  The process must ignore SIGPIPE. */
#ifndef COMMON_BUS_LINK_H
#define COMMON_BUS_LINK_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define BUS_LINK_EXPECT_MAX 512               /* commands of which the reply is awaited */
#define BUS_LINK_REPLY_MAX  ((size_t)8 << 20) /* bytes of a reply: beyond, the link is lost */

struct bus_link;

/* One reply.  True: the callee keeps it and will call freeReplyObject. */
typedef bool bus_link_reply(redisReply *, void *cookie);

struct bus_link_options { /* the strings must stay valid until it has closed */
	const char *host;
	int port;
	const char *username; /* NULL: none */
	const char *password; /* NULL: none */

	void (*on_ready)(void *cookie); /* connected, authenticated: commands may be sent */

	/* It was lost, or could not be made; another attempt follows.  ${reason} is a sentence
	 * without secrets. */
	void (*on_lost)(const char *reason, void *cookie);

	bus_link_reply *on_push; /* what answers no command: a subscription's messages; or NULL */
	void *cookie;
};

struct bus_link *bus_link_open(uv_loop_t *, const struct bus_link_options *);

/* No callback is called any more, except ${closed} when its libuv handles have closed and the link
 * is gone. */
void bus_link_close(struct bus_link *, void (*closed)(void *cookie));

bool bus_link_ready(const struct bus_link *);

/* Ready, and the kernel, asked anew, knows of no end of the connection. */
bool bus_link_stands(const struct bus_link *);

/* Send one command; without a connection nothing happens.  ${fn} gets the reply unless the link is
 * lost first; NULL: the reply comes by on_push.  At most BUS_LINK_EXPECT_MAX replies may be
 * awaited; beyond, the link is lost.  ${lens} may be NULL. */
void bus_link_send(struct bus_link *, bus_link_reply *fn, void *cookie, int argc, const char **argv,
		   const size_t *lens);

/* Whether the last connection was lost over a reply that was too long. */
bool bus_link_overflowed(const struct bus_link *);

/* Give the connection up for ${reason} (an error reply) and try again after the backoff. */
void bus_link_fail(struct bus_link *, const char *reason);

/* Take no replies until bus_link_resume, which takes those at once that are there: meanwhile they
 * wait in the buffers of the kernel and of Redis, which ends the connection when that is too much
 * (client-output-buffer-limit). */
void bus_link_pause(struct bus_link *);
void bus_link_resume(struct bus_link *);

#endif
