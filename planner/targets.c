/* Pure. What the planner remembers of every target it has heard of. */
#include "planner/targets.h"

#include "common/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define uthash_malloc(size)  xcalloc(1, size)
#define uthash_free(p, size) free(p)
#define uthash_fatal(msg)    abort() /* only if xcalloc gave NULL, which it never does */
#include <uthash.h>

struct target {
	char name[REPLICA_NAME_MAX];
	struct brain *brain;
	UT_hash_handle hh;
};

struct targets {
	const struct policy_config *config;
	const char *own;
	struct target *by_name;
};

struct targets *targets_new(const struct policy_config *config, const char *own)
{
	struct targets *t = xcalloc(1, sizeof(*t));

	t->config = config;
	t->own = own;
	return t;
}

void targets_free(struct targets *t)
{
	if (!t)
		return;

	struct target *next = t->by_name;
	HASH_CLEAR(hh, t->by_name); /* frees what is its own; the entries stay linked */
	while (next) {
		struct target *each = next;
		next = each->hh.next;
		brain_free(each->brain);
		free(each);
	}
	free(t);
}

size_t targets_count(const struct targets *t)
{
	return HASH_COUNT(t->by_name);
}

static struct target *find(const struct targets *t, const char *name)
{
	struct target *found;

	HASH_FIND_STR(t->by_name, name, found);
	return found;
}

struct brain *targets_find(const struct targets *t, const char *name)
{
	struct target *found = find(t, name);

	return found ? found->brain : NULL;
}

static size_t places_for(const struct targets *t, const char *name)
{
	bool kept = strcmp(name, t->own) != 0 && !find(t, t->own);

	return TARGETS_MAX - targets_count(t) - (kept ? 1 : 0);
}

struct brain *targets_add(struct targets *t, const char *name)
{
	struct target *target = find(t, name);

	if (target)
		return target->brain;
	if (places_for(t, name) == 0)
		return NULL;
	target = xcalloc(1, sizeof(*target));
	strncpy(target->name, name, sizeof(target->name) - 1);
	target->brain = brain_new(t->config);
	HASH_ADD_STR(t->by_name, name, target);
	return target->brain;
}
