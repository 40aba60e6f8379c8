/* Pure. How long to wait before trying again: doubling, capped, jittered. */
#ifndef COMMON_BACKOFF_H
#define COMMON_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint64_t base_ms;
	uint64_t max_ms;
	unsigned failures; /* in a row */
};

/* Count one more failure and say how long to wait: a uniform draw from the upper half of
 * [0, min(max, base * 2^(failures-1))] ("equal jitter": never at once, never in step with others).
 * ${random} is any 32 random bits. */
uint64_t backoff_next_ms(struct backoff *, uint32_t random);

/* It worked: the next failure waits the base time again. */
void backoff_reset(struct backoff *);

#endif
