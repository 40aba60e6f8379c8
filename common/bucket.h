/* Pure. A token bucket: a call takes one token, one comes back every interval, and what was saved
 * up in quiet times may be spent at once.  Times are milliseconds of any clock. */
#ifndef COMMON_BUCKET_H
#define COMMON_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	uint64_t interval_ms; /* in which one token comes back */
	uint64_t depth_ms;    /* in which an empty bucket fills */
	uint64_t full_ms;     /* when it is full again: all that it remembers */
};

/* A full bucket of ${size} tokens (1 or more). */
void bucket_init(struct bucket *, double size, uint64_t interval_ms);

/* Tokens in it, with fractions.  A clock that stepped back never adds any, and delays the next by
 * no more than a whole bucket takes. */
double bucket_level(struct bucket *, uint64_t now_ms);

/* Take one token if there is one. */
bool bucket_take(struct bucket *, uint64_t now_ms);

/* A token was spent, whether it was there or not; an empty bucket owes nothing. */
void bucket_spend(struct bucket *, uint64_t now_ms);

#endif
