/* Pure. What one process knows of a lease: whether it may act on it, and when to ask again.
 *
 * A lease is a key in Redis that ends by itself; each time somebody takes it a counter gives out a
 * token, greater than all before.  Redis tells the time by a clock that can be set, and can come
 * back empty, so the key alone proves nothing: its holder goes by the time at which it asked, and
 * whoever takes it waits until the last holder's time is over, unless that one handed it over.
 *
 * Times are of one clock that cannot be set, in ms, never 0. */
#ifndef COMMON_LEASE_TERM_H
#define COMMON_LEASE_TERM_H

#include <stdbool.h>
#include <stdint.h>

#define LEASE_TTL_MS    8000 /* the key's life; renewed long before */
#define LEASE_MARGIN_MS 1000 /* of it, left unused by the holder, for clocks that differ */
#define LEASE_RENEW_MS  2000
#define LEASE_WATCH_MS  500 /* how often those who wait look */

enum lease_outcome {
	LEASE_OTHERS,  /* it is somebody else's */
	LEASE_RENEWED, /* it was ours, and is for another TTL */
	LEASE_HANDED,  /* ours; whoever had it gave it up */
	LEASE_FREE,    /* ours; there was no key */
};
#define LEASE_OUTCOMES 4

struct lease_answer { /* of Redis */
	enum lease_outcome outcome;
	int64_t token;    /* that is in force now */
	uint64_t left_ms; /* OTHERS: of the key's life */
};

struct lease_term {
	bool ours;
	int64_t token;              /* in force as far as is known, ours or not; 0: not known */
	uint64_t from_ms, until_ms; /* ours: may be acted on in between */
	uint64_t other_until_ms;    /* somebody else may act until then */
};

struct lease_news {         /* for those who act on it */
	bool known;         /* Redis said who has it */
	bool ours;          /* this process does */
	bool held;          /* and may act */
	int64_t token;      /* in force; 0: not known */
	const char *detail; /* a sentence without secrets */
};

/* An answer, heard at ${heard_ms} to what was asked at ${sent_ms}. */
void lease_term_heard(struct lease_term *, const struct lease_answer *, uint64_t sent_ms,
		      uint64_t heard_ms);

/* The connection is gone, and perhaps Redis with what it knew: nothing is certain any more. */
void lease_term_cut(struct lease_term *);

bool lease_term_holds(const struct lease_term *, uint64_t now_ms);

/* When to ask again after what was asked at ${sent_ms} has been answered. */
uint64_t lease_term_ask_ms(const struct lease_term *, uint64_t sent_ms);

/* When lease_term_holds changes by itself; 0: not. */
uint64_t lease_term_turn_ms(const struct lease_term *, uint64_t now_ms);

#endif
