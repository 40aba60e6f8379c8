/* Pure. A token bucket, kept as the one instant at which it is full again. */
#include "common/bucket.h"

void bucket_init(struct bucket *b, double size, uint64_t interval_ms)
{
	*b = (struct bucket){
		.interval_ms = interval_ms,
		.depth_ms = (uint64_t)(size * (double)interval_ms),
	};
}

/* How long until it is full.  Longer than an empty one takes means that the clock stepped back, or
 * that more was spent than there was. */
static uint64_t missing_ms(struct bucket *b, uint64_t now_ms)
{
	if (b->full_ms <= now_ms)
		return 0;
	if (b->full_ms - now_ms > b->depth_ms)
		b->full_ms = now_ms + b->depth_ms;
	return b->full_ms - now_ms;
}

double bucket_level(struct bucket *b, uint64_t now_ms)
{
	return (double)(b->depth_ms - missing_ms(b, now_ms)) / (double)b->interval_ms;
}

bool bucket_take(struct bucket *b, uint64_t now_ms)
{
	if (missing_ms(b, now_ms) + b->interval_ms > b->depth_ms)
		return false;
	bucket_spend(b, now_ms);
	return true;
}

void bucket_spend(struct bucket *b, uint64_t now_ms)
{
	b->full_ms = now_ms + missing_ms(b, now_ms) + b->interval_ms;
	missing_ms(b, now_ms);
}
