/* Pure. The queue of events; see agenda.h. */
#include "replay/agenda.h"

#include "common/mem.h"

#include <stdlib.h>

void agenda_free(struct agenda *a)
{
	free(a->heap);
	*a = (struct agenda){0};
}

void agenda_add(struct agenda *a, uint64_t due, uint32_t what)
{
	if (a->n == a->cap) {
		a->cap = a->cap ? 2 * a->cap : 64;
		a->heap = xreallocarray(a->heap, a->cap, sizeof(*a->heap));
	}

	size_t hole = a->n++;
	while (hole > 0 && a->heap[(hole - 1) / 2].due > due) {
		a->heap[hole] = a->heap[(hole - 1) / 2];
		hole = (hole - 1) / 2;
	}
	a->heap[hole] = (struct agenda_entry){.due = due, .what = what};
}

uint32_t agenda_take(struct agenda *a)
{
	uint32_t what = a->heap[0].what;
	struct agenda_entry last = a->heap[--a->n];
	size_t hole = 0;

	for (size_t child = 1; child < a->n; child = 2 * hole + 1) {
		if (child + 1 < a->n && a->heap[child + 1].due < a->heap[child].due)
			child++;
		if (a->heap[child].due >= last.due)
			break;
		a->heap[hole] = a->heap[child];
		hole = child;
	}
	a->heap[hole] = last;
	return what;
}
