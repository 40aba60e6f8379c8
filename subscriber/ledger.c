/* Pure. A hash table from target to count. */
#include "subscriber/ledger.h"

#include "common/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define uthash_malloc(size) xcalloc(1, size)
#define uthash_fatal(what)  abort() /* for want of memory, so never */
#include <uthash.h>

struct account {
	UT_hash_handle hh;
	char target[REPLICA_NAME_MAX];
	int replicas;
};

struct ledger {
	int min, max;
	struct account *accounts;
};

struct ledger *ledger_new(int min, int max)
{
	struct ledger *l = xcalloc(1, sizeof(*l));

	l->min = min;
	l->max = max;
	return l;
}

void ledger_free(struct ledger *l)
{
	struct account *a = l->accounts, *next;

	HASH_CLEAR(hh, l->accounts); /* the table, not the elements */
	for (; a; a = next) {
		next = a->hh.next;
		free(a);
	}
	free(l);
}

/* The account of ${target}, opened with ${replicas} if it is new; NULL when there are too many. */
static struct account *account(struct ledger *l, const char *target, int replicas)
{
	struct account *a;

	HASH_FIND_STR(l->accounts, target, a);
	if (a || HASH_COUNT(l->accounts) >= LEDGER_TARGETS_MAX)
		return a;
	a = xcalloc(1, sizeof(*a));
	strncpy(a->target, target, sizeof(a->target) - 1);
	a->replicas = replicas;
	HASH_ADD_STR(l->accounts, target, a);
	return a;
}

void ledger_observe(struct ledger *l, const char *target, int replicas)
{
	account(l, target, replicas);
}

static int wanted(const struct message_plan *plan, int now)
{
	if (plan->action != ACTION_SCALE_UP && plan->action != ACTION_SCALE_DOWN)
		return now;
	if (plan->replicas >= 0)
		return plan->replicas;
	return plan->action == ACTION_SCALE_UP ? now + 1 : now - 1;
}

int ledger_apply(struct ledger *l, const struct message_plan *plan, struct ledger_step *ret)
{
	int start = plan->telemetry_replicas >= 0 ? plan->telemetry_replicas : l->min;
	struct account *a = account(l, plan->target, start);
	int after;

	if (!a)
		return -ENOSPC;
	after = wanted(plan, a->replicas);
	if (after != a->replicas) /* what runs outside the bounds was not this plan's doing */
		after = after < l->min ? l->min : after > l->max ? l->max : after;
	*ret = (struct ledger_step){.before = a->replicas, .after = after};
	a->replicas = after;
	return 0;
}
