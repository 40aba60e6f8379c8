/* Pure. How long to wait before trying again. */
#include "common/backoff.h"

uint64_t backoff_next_ms(struct backoff *b, uint32_t random)
{
	uint64_t ceiling_ms = b->base_ms < b->max_ms ? b->base_ms : b->max_ms;

	for (unsigned i = 0; i < b->failures && ceiling_ms < b->max_ms; i++)
		ceiling_ms = ceiling_ms > b->max_ms / 2 ? b->max_ms : ceiling_ms * 2;
	if (b->failures < UINT32_MAX)
		b->failures++;

	uint64_t half_ms = ceiling_ms / 2;
	return ceiling_ms - half_ms + random % (half_ms + 1);
}

void backoff_reset(struct backoff *b)
{
	b->failures = 0;
}
