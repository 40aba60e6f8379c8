/* Shell. The message bus: Redis pub/sub for now, Redis streams for what was missed.
 *
 * Publishing: MULTI, XADD agentic:<channel> MAXLEN ~ 10000 * json <text>, PUBLISH <channel> <text>,
 * EXEC.  While Redis is away the newest BUS_OUTBOX_MAX messages wait; on reconnect they go out in
 * order. Receiving: subscribe first, then read the stream from where it was left, merge the
 * channels by stream id, and drop messages whose "id" was seen already; so nothing published
 * through this module is missed or delivered twice, and a program that only PUBLISHes (the
 * predecessor) is heard while the connection stands.  Messages over 1 MiB are dropped.  The process
 * must ignore SIGPIPE.
 *
 * Announcing is PUBLISH alone: no stream, no waiting, for what says nothing later. */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define BUS_OUTBOX_MAX    256
#define BUS_STREAM_MAXLEN 10000
#define BUS_CHANNELS_MAX  8
#define BUS_ANNOUNCED_MAX 16

struct bus;

struct bus_message {
	const char *channel;
	const char *text; /* NUL-terminated; valid during the callback; not yet checked */
	size_t len;
	uint64_t time_ms; /* since 1970: the stream's clock for a message read back, else now */
	bool replayed;    /* read back from the stream from before this process started to listen */
};
typedef void bus_receive(const struct bus_message *, void *cookie);

/* Told on every change of whether Redis answers, and, while it does not, of the reason; ${detail}
 * is "" or a sentence without secrets. */
typedef void bus_health_changed(bool up, const char *detail, void *cookie);

struct bus_options {
	const char *host;
	int port;
	const char *username; /* NULL: none */
	const char *password; /* NULL: none */
	bus_health_changed *on_health;

	const char *channels[BUS_CHANNELS_MAX]; /* to listen to; none: a publisher only */
	size_t channels_n;
	size_t unrecorded_n; /* so many of them, the last, have no stream: what is published there
				is heard while the connection stands, as often as it comes */
	uint64_t replay_since_ms; /* since 1970: how far back the first reading goes; 0: nothing, 1:
				     all there is */
	unsigned replay_max; /* newest messages per channel in that reading; 0: BUS_STREAM_MAXLEN */
	bus_receive *on_message;
	void (*on_live)(void *cookie); /* the first reading is done: what comes now is new.  Called
					  once; may be NULL */
	/* Redis answered an announcement with this error; may be NULL. */
	void (*on_unannounced)(const char *error, void *cookie);
	void *cookie;
};

/* Connect, and stay connected with capped, jittered backoff (base 100 ms, at most 5 s).  Options
 * are copied (strings too).  Never fails for want of Redis. */
struct bus *bus_open(uv_loop_t *, const struct bus_options *);

/* Drop connections and unsent messages; gone when its libuv handles have closed.  Allowed in its
 * callbacks. */
void bus_close(struct bus *);

/* Publish the JSON text on ${channel}.  Copies ${text}.  Returns the number of older messages that
 * had to be dropped to make room (0 or 1). */
int bus_publish(struct bus *, const char *channel, const char *text);

/* Publish the JSON text on ${channel}, which has no stream, if Redis is there: whether it was sent.
 * Nothing waits, and what Redis refuses makes the bus no less healthy.  At most
 * BUS_ANNOUNCED_MAX are on their way at once. */
bool bus_announce(struct bus *, const char *channel, const char *text);

/* Messages that are not yet confirmed by Redis. */
size_t bus_pending(const struct bus *);

/* A new message id: 32 random hex digits. */
void bus_new_id(char ret[33]);

#endif
