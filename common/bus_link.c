/* Shell. A hiredis context whose descriptor is watched by libuv.  Only what is the same in hiredis
 * 0.14 and 1.2 is used: redisConnectNonBlock, redisBufferRead, redisBufferWrite,
 * redisGetReplyFromReader. */
#include "common/bus_link.h"

#include "common/backoff.h"
#include "common/mem.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

enum {
	BACKOFF_BASE_MS = 100,
	BACKOFF_MAX_MS = 5000,
	STEADY_MS = 10000, /* a connection that stood so long starts the backoff anew */
	CONNECT_MS = 2000, /* for connecting and the greeting */
	PING_MS = 10000,   /* between PINGs */
	PONG_MS = 5000,    /* for anything to arrive after a PING */
	REASON_MAX = 256,  /* bytes */
	ADDRESS_MAX = 64,  /* bytes of a numeric address */
};

enum link_state { LINK_WAITING, LINK_RESOLVING, LINK_CONNECTING, LINK_GREETING, LINK_READY };

struct expectation {
	bus_link_reply *fn;
	void *cookie;
};

struct bus_link {
	struct bus_link_options options;
	uv_loop_t *loop;
	enum link_state state;
	bool closing, paused, writing, pinged;
	bool overflowed;    /* the last connection was lost over that: */
	size_t reply_bytes; /* of the reply that is coming in */
	unsigned holds;     /* libuv handles and requests that still point here */
	void (*closed)(void *cookie);

	uv_timer_t timer; /* by state: end of the backoff, of the patience, next PING */
	uv_getaddrinfo_t resolving;
	struct addrinfo *addresses, *address; /* all; the next to try */
	redisContext *context;
	uv_poll_t *poll; /* of its own, since it outlives the connection by one turn of the loop */

	struct backoff backoff;
	uint64_t ready_since_ms;                          /* by uv_now */
	struct expectation expected[BUS_LINK_EXPECT_MAX]; /* a ring */
	size_t expected_at, expected_n;
};

static void on_timer(uv_timer_t *);
static void connect_next(struct bus_link *);

static void set_timer(struct bus_link *l, uint64_t ms)
{
	uv_timer_start(&l->timer, on_timer, ms, 0);
}

static void drop_hold(struct bus_link *l)
{
	if (--l->holds > 0 || !l->closing)
		return;
	void (*closed)(void *) = l->closed;
	void *cookie = l->options.cookie;

	free(l);
	closed(cookie);
}

static void on_poll_closed(uv_handle_t *h)
{
	struct bus_link *l = h->data;

	free(h);
	drop_hold(l);
}

static void on_timer_closed(uv_handle_t *h)
{
	drop_hold(h->data);
}

static void disconnect(struct bus_link *l)
{
	if (l->poll) {
		uv_close((uv_handle_t *)l->poll, on_poll_closed); /* before its descriptor */
		l->poll = NULL;
	}
	if (l->context) {
		redisFree(l->context);
		l->context = NULL;
	}
	l->expected_n = 0;
	l->reply_bytes = 0;
	l->paused = l->writing = l->pinged = false;
}

static void forget_addresses(struct bus_link *l)
{
	if (l->addresses)
		uv_freeaddrinfo(l->addresses);
	l->addresses = l->address = NULL;
}

static uint32_t random_bits(void)
{
	uint32_t bits = 0;

	/* No entropy yet (early boot) costs the jitter, nothing else. */
	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) < 0)
		return 0;
	return bits;
}

/* The connection, or the attempt, is over: the next address, or the next attempt later. */
static void lost(struct bus_link *l, const char *why)
{
	char reason[REASON_MAX];
	bool connecting = l->state == LINK_CONNECTING;

	snprintf(reason, sizeof(reason), "%s:%d: %s", l->options.host, l->options.port, why);
	if (l->state == LINK_READY && uv_now(l->loop) - l->ready_since_ms >= STEADY_MS)
		backoff_reset(&l->backoff);
	disconnect(l);
	if (connecting && l->address) {
		connect_next(l);
		return;
	}
	forget_addresses(l);
	l->state = LINK_WAITING;
	set_timer(l, backoff_next_ms(&l->backoff, random_bits()));
	l->options.on_lost(reason, l->options.cookie);
}

void bus_link_fail(struct bus_link *l, const char *reason)
{
	if (l->context)
		lost(l, reason);
}

static bool hand_over(struct bus_link *l, redisReply *reply)
{
	struct expectation e;

	if (l->expected_n == 0) {
		if (l->options.on_push && l->state == LINK_READY)
			return l->options.on_push(reply, l->options.cookie);
		lost(l, "a reply that nothing was sent for");
		return false;
	}
	e = l->expected[l->expected_at];
	l->expected_at = (l->expected_at + 1) % BUS_LINK_EXPECT_MAX;
	l->expected_n--;
	return e.fn(reply, e.cookie);
}

/* Every callback may close the link or lose it, which takes the context away. */
static void take_replies(struct bus_link *l)
{
	while (l->context && !l->paused) {
		void *reply = NULL;

		if (redisGetReplyFromReader(l->context, &reply) != REDIS_OK) {
			lost(l, l->context->errstr);
			return;
		}
		if (!reply)
			return;
		l->reply_bytes = l->context->reader->len - l->context->reader->pos;
		if (!hand_over(l, reply))
			freeReplyObject(reply);
	}
}

static void on_poll(uv_poll_t *, int status, int events);

static void watch(struct bus_link *l)
{
	int events = (l->paused ? 0 : UV_READABLE) | (l->writing ? UV_WRITABLE : 0);

	if (events)
		uv_poll_start(l->poll, events, on_poll);
	else
		uv_poll_stop(l->poll);
}

void bus_link_send(struct bus_link *l, bus_link_reply *fn, void *cookie, int argc,
		   const char **argv, const size_t *lens)
{
	if (!l->context)
		return;
	if (fn && l->expected_n == BUS_LINK_EXPECT_MAX) {
		lost(l, "too many commands without a reply");
		return;
	}
	if (fn)
		l->expected[(l->expected_at + l->expected_n++) % BUS_LINK_EXPECT_MAX] =
			(struct expectation){fn, cookie};
	/* A failure stays in the context, and the next redisBufferWrite returns it. */
	redisAppendCommandArgv(l->context, argc, argv, lens);
	l->writing = true;
	watch(l);
}

void bus_link_pause(struct bus_link *l)
{
	l->paused = true;
	watch(l);
}

void bus_link_resume(struct bus_link *l)
{
	l->paused = false;
	watch(l);
	take_replies(l);
}

bool bus_link_overflowed(const struct bus_link *l)
{
	return l->overflowed;
}

bool bus_link_ready(const struct bus_link *l)
{
	return l->state == LINK_READY && !l->closing;
}

bool bus_link_stands(const struct bus_link *l)
{
	struct pollfd end = {.events = POLLRDHUP};

	if (!bus_link_ready(l))
		return false;
	end.fd = l->context->fd;
	return poll(&end, 1, 0) == 0;
}

/* A server that does not know AUTH as it was sent repeats the arguments in quotes: cut there. */
static bool on_auth(redisReply *reply, void *cookie)
{
	char text[REASON_MAX];

	if (reply->type != REDIS_REPLY_ERROR)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(reply->str, "'`\""), reply->str);
	bus_link_fail(cookie, text);
	return false;
}

static bool on_greeted(redisReply *reply, void *cookie)
{
	struct bus_link *l = cookie;

	if (reply->type == REDIS_REPLY_ERROR) { /* NOAUTH, LOADING */
		bus_link_fail(l, reply->str);
		return false;
	}
	l->state = LINK_READY;
	l->overflowed = false;
	l->ready_since_ms = uv_now(l->loop);
	set_timer(l, PING_MS);
	l->options.on_ready(l->options.cookie);
	return false;
}

static bool on_pong(redisReply *reply, void *cookie)
{
	(void)reply;
	(void)cookie;
	return false;
}

static void greet(struct bus_link *l)
{
	const struct bus_link_options *o = &l->options;

	l->state = LINK_GREETING;
	redisEnableKeepAlive(l->context); /* on failure there is still the PING */
	if (o->password && o->username)
		bus_link_send(l, on_auth, l, 3, (const char *[]){"AUTH", o->username, o->password},
			      NULL);
	else if (o->password)
		bus_link_send(l, on_auth, l, 2, (const char *[]){"AUTH", o->password}, NULL);
	bus_link_send(l, on_greeted, l, 1, (const char *[]){"PING"}, NULL);
}

/* The descriptor's pending error, else ${otherwise} (both below 0, or 0 for none). */
static int socket_error(const struct bus_link *l, int otherwise)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(l->context->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return error ? -error : otherwise;
}

static void on_connected(struct bus_link *l)
{
	int err = socket_error(l, 0);

	if (err)
		lost(l, strerror(-err));
	else
		greet(l);
}

static void write_out(struct bus_link *l)
{
	int done = 0;

	if (redisBufferWrite(l->context, &done) != REDIS_OK) {
		lost(l, l->context->errstr);
		return;
	}
	if (done) {
		l->writing = false;
		watch(l);
	}
}

static void read_in(struct bus_link *l)
{
	size_t before = l->context->reader->len;

	if (redisBufferRead(l->context) != REDIS_OK) {
		lost(l, l->context->errstr);
		return;
	}
	l->reply_bytes += l->context->reader->len - before;
	if (l->pinged) { /* whatever came shows that the other end lives */
		l->pinged = false;
		set_timer(l, PING_MS);
	}
	take_replies(l);
	if (l->context && l->reply_bytes > BUS_LINK_REPLY_MAX) {
		l->overflowed = true;
		lost(l, "a reply of more than 8 MiB");
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct bus_link *l = poll->data;

	if (status < 0) { /* libuv says EBADF for any error of the descriptor */
		lost(l, strerror(-socket_error(l, status)));
		return;
	}
	if (l->state == LINK_CONNECTING) {
		on_connected(l);
		return;
	}
	if (events & UV_WRITABLE)
		write_out(l);
	if ((events & UV_READABLE) && l->context)
		read_in(l);
}

static void connect_to(struct bus_link *l, const char *address)
{
	int err;

	l->context = redisConnectNonBlock(address, l->options.port);
	if (!l->context || l->context->err) {
		lost(l, l->context ? l->context->errstr : "out of memory");
		return;
	}
	l->poll = xcalloc(1, sizeof(*l->poll));
	err = uv_poll_init(l->loop, l->poll, l->context->fd);
	if (err < 0) {
		free(l->poll);
		l->poll = NULL;
		lost(l, uv_strerror(err));
		return;
	}
	l->poll->data = l;
	l->holds++;
	l->writing = true; /* writable is connected */
	watch(l);
}

static void connect_next(struct bus_link *l)
{
	char address[ADDRESS_MAX];
	struct addrinfo *a = l->address;
	int err;

	l->address = a->ai_next;
	l->state = LINK_CONNECTING;
	set_timer(l, CONNECT_MS);
	err = getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), NULL, 0,
			  NI_NUMERICHOST);
	if (err)
		lost(l, gai_strerror(err));
	else
		connect_to(l, address);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses)
{
	struct bus_link *l = request->data;

	l->addresses = l->address = addresses;
	if (l->closing)
		forget_addresses(l);
	else if (status < 0)
		lost(l, uv_strerror(status));
	else
		connect_next(l);
	drop_hold(l);
}

/* Resolved anew each time: a container that comes back may have another address.  The resolver has
 * its own time limits. */
static void resolve(struct bus_link *l)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	int err;

	l->state = LINK_RESOLVING;
	l->resolving.data = l;
	err = uv_getaddrinfo(l->loop, &l->resolving, on_resolved, l->options.host, NULL, &hints);
	if (err < 0)
		lost(l, uv_strerror(err));
	else
		l->holds++;
}

static void ping(struct bus_link *l)
{
	bool answered_by_push = l->options.on_push != NULL;

	if (l->paused) { /* nothing is read, so silence means nothing */
		set_timer(l, PING_MS);
		return;
	}
	l->pinged = true;
	set_timer(l, PONG_MS);
	bus_link_send(l, answered_by_push ? NULL : on_pong, l, 1, (const char *[]){"PING"}, NULL);
}

static void on_timer(uv_timer_t *timer)
{
	struct bus_link *l = timer->data;

	if (l->state == LINK_WAITING)
		resolve(l);
	else if (l->state != LINK_READY)
		lost(l, "no answer within 2 s");
	else if (l->pinged && !l->paused)
		lost(l, "no answer to PING within 5 s");
	else
		ping(l);
}

struct bus_link *bus_link_open(uv_loop_t *loop, const struct bus_link_options *options)
{
	struct bus_link *l = xcalloc(1, sizeof(*l));

	l->options = *options;
	l->loop = loop;
	l->backoff = (struct backoff){.base_ms = BACKOFF_BASE_MS, .max_ms = BACKOFF_MAX_MS};
	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
	l->holds = 1;
	set_timer(l, 0); /* the first attempt from the loop: no callback before this returns */
	return l;
}

void bus_link_close(struct bus_link *l, void (*closed)(void *cookie))
{
	l->closing = true;
	l->closed = closed;
	disconnect(l);
	forget_addresses(l);
	if (l->state == LINK_RESOLVING)
		uv_cancel((uv_req_t *)&l->resolving);
	uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}
