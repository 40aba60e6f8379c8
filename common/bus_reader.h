/* Shell. The receiving half of the bus: subscribe, read the streams from where they were left, drop
 * what was seen, hand on.
 *
 * It has the subscription's connection to itself and reads the streams over the publisher's.  While
 * it reads them, the subscription is paused: what is published meanwhile waits in the connection
 * and comes afterwards, less what was in the stream already. */
#ifndef COMMON_BUS_READER_H
#define COMMON_BUS_READER_H

#include "common/bus.h"
#include "common/bus_link.h"

#define BUS_TEXT_MAX (1u << 20) /* bytes of a message; longer ones are dropped unread */

struct bus_reader;

struct bus_reader_options {
	const struct bus_options *bus; /* must stay valid; .channels_n is at least 1 */
	struct bus_link *commands;     /* the publisher's link; may be closed with the reader */
	struct bus_link_options link;  /* host and credentials of its own link */

	void (*on_subscribed)(void *cookie);
	void (*on_lost)(const char *reason, void *cookie);   /* the subscription */
	void (*on_read)(void *cookie);                       /* Redis let it read the streams */
	void (*on_refused)(const char *error, void *cookie); /* it did not, and answered this */
	void *cookie;
};

struct bus_reader *bus_reader_open(uv_loop_t *, const struct bus_reader_options *);

/* No callback is called any more, except ${closed} when it is gone. */
void bus_reader_close(struct bus_reader *, void (*closed)(void *cookie));

/* The publisher's link became ready, or was lost. */
void bus_reader_commands_ready(struct bus_reader *);
void bus_reader_commands_lost(struct bus_reader *);

/* Whether all channels are subscribed to. */
bool bus_reader_subscribed(const struct bus_reader *);

#endif
