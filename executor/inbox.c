/* Pure. A short queue in an array: it is almost always empty. */
#include "executor/inbox.h"

#include "executor/plans.h"

#include <string.h>

static void remove_at(struct inbox *b, size_t i)
{
	b->n--;
	memmove(&b->entries[i], &b->entries[i + 1], (b->n - i) * sizeof(b->entries[0]));
}

bool inbox_take(struct inbox *b, struct inbox_entry *ret)
{
	if (b->n == 0)
		return false;
	*ret = b->entries[0];
	remove_at(b, 0);
	return true;
}

bool inbox_add(struct inbox *b, struct message_plan *plan, double heard_sec,
	       struct inbox_entry *ret_lost)
{
	bool lost = b->n == INBOX_MAX && inbox_take(b, ret_lost);

	message_plan_done(plan);
	b->entries[b->n++] = (struct inbox_entry){.plan = *plan, .heard_sec = heard_sec};
	return lost;
}

void inbox_answered(struct inbox *b, const char *id)
{
	for (size_t i = 0; i < b->n; i++) {
		if (strcmp(b->entries[i].plan.id, id) != 0)
			continue;
		remove_at(b, i);
		return;
	}
}

size_t inbox_drop_stale(struct inbox *b, double now_sec)
{
	size_t kept = 0, before = b->n;

	for (size_t i = 0; i < before; i++)
		if (!plan_is_stale(&b->entries[i].plan, now_sec, b->entries[i].heard_sec))
			b->entries[kept++] = b->entries[i];
	b->n = kept;
	return before - kept;
}
