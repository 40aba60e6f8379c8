/* Pure. What happens when: a queue of events, the earliest first (a binary heap). */
#ifndef REPLAY_AGENDA_H
#define REPLAY_AGENDA_H

#include <stddef.h>
#include <stdint.h>

#define AGENDA_NEVER UINT64_MAX

struct agenda_entry {
	uint64_t due;
	uint32_t what; /* the caller's */
};

struct agenda { /* all zero: empty */
	struct agenda_entry *heap;
	size_t n, cap;
};

void agenda_free(struct agenda *);

/* Its owner bounds how many there are. */
void agenda_add(struct agenda *, uint64_t due, uint32_t what);

/* When the earliest is due; AGENDA_NEVER when there is none. */
static inline uint64_t agenda_due(const struct agenda *a)
{
	return a->n > 0 ? a->heap[0].due : AGENDA_NEVER;
}

/* Take out the earliest; there must be one. */
uint32_t agenda_take(struct agenda *);

#endif
