/* Pure. How long each count would have been enough; see hold.h. */
#include "planner/hold.h"

void hold_need(struct hold *h, uint64_t now_ms, int replicas)
{
	for (int count = 0; count <= HOLD_REPLICAS_MAX; count++) {
		uint64_t *since_ms = &h->enough_since_ms[count];
		if (h->begun && count >= replicas && *since_ms <= now_ms)
			break; /* larger counts have been enough for no shorter time */
		*since_ms = now_ms;
	}
	h->begun = true;
}

uint64_t hold_since(const struct hold *h, uint64_t now_ms, int replicas)
{
	int count = replicas < HOLD_REPLICAS_MAX ? replicas : HOLD_REPLICAS_MAX;
	uint64_t since_ms = h->enough_since_ms[count];

	return h->begun && since_ms < now_ms ? now_ms - since_ms : 0;
}

int hold_floor(const struct hold *h, uint64_t now_ms, uint64_t span_ms)
{
	int count = 0;

	while (count < HOLD_REPLICAS_MAX && hold_since(h, now_ms, count) < span_ms)
		count++;
	return count;
}
