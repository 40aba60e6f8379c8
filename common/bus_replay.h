/* Shell. Reading the streams of some channels: first as far back as asked for, later from where the
 * last reading, or the last commit, left them; merged by stream id, page by page. */
#ifndef COMMON_BUS_REPLAY_H
#define COMMON_BUS_REPLAY_H

#include "common/bus_link.h"

#include <stdint.h>

struct bus_replay;

struct bus_replay_options {
	struct bus_link *commands;   /* to ask over; must outlive the replay */
	const char *const *channels; /* must stay valid */
	size_t channels_n;           /* may be 0: there is nothing to read then */
	uint64_t since_ms; /* of the first reading: since 1970; 0: from the newest entry on */
	unsigned max;      /* newest entries per channel in the first reading */

	/* The next message; ${text} is NUL-terminated and valid during the callback. */
	void (*on_entry)(size_t channel, const char *text, size_t len, uint64_t time_ms,
			 void *cookie);
	void (*on_done)(void *cookie);                       /* the reading is over */
	void (*on_newest)(void *cookie);                     /* see bus_replay_ask_newest */
	void (*on_refused)(const char *error, void *cookie); /* it answered with this error; nothing
								follows until the next start */
	void *cookie;
};

struct bus_replay *bus_replay_new(const struct bus_replay_options *);

/* The link must not call back any more. */
void bus_replay_free(struct bus_replay *);

/* Read all streams to what is their end now.  The link must be ready, and no reading under way. */
void bus_replay_start(struct bus_replay *);

/* Stop what is under way: answers on their way are ignored; where it was is kept. */
void bus_replay_stop(struct bus_replay *);

/* The link was lost: what is under way stops, and its answers never come. */
void bus_replay_link_lost(struct bus_replay *);

/* Ask for the newest id of each stream and keep them aside; then on_newest.  Nothing happens while
 * something else is under way.  bus_replay_commit makes them the places from which the next reading
 * goes on. */
void bus_replay_ask_newest(struct bus_replay *);
void bus_replay_commit(struct bus_replay *);

#endif
