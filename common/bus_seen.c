/* Pure. A hash table of ids in the order of their arrival, which uthash keeps by itself: its head
 * is the oldest. */
#include "common/bus_seen.h"

#include "common/json.h"
#include "common/mem.h"
#include "common/message.h"

#include <stdlib.h>
#include <string.h>

#define uthash_malloc(size) xcalloc(1, size)
#define uthash_fatal(what)  abort() /* for want of memory, so never */
#include <uthash.h>

struct seen_id {
	UT_hash_handle hh;
	uint64_t time_ms;
	char id[];
};

struct bus_seen {
	struct seen_id *ids;
};

struct bus_seen *bus_seen_new(void)
{
	return xcalloc(1, sizeof(struct bus_seen));
}

static void forget(struct bus_seen *s, struct seen_id *e)
{
	/* The analyzer cannot know that no neighbour in the table's list was freed before.
	 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	HASH_DEL(s->ids, e);
	free(e);
}

void bus_seen_free(struct bus_seen *s)
{
	struct seen_id *e = s->ids, *next;

	HASH_CLEAR(hh, s->ids); /* the table, not the elements */
	for (; e; e = next) {
		next = e->hh.next;
		free(e);
	}
	free(s);
}

bool bus_seen_add(struct bus_seen *s, const char *id, uint64_t now_ms)
{
	struct seen_id *e;
	size_t len = strlen(id);
	unsigned hash;

	HASH_VALUE(id, len, hash);
	HASH_FIND_BYHASHVALUE(hh, s->ids, id, len, hash, e);
	if (e)
		return false;
	if (HASH_COUNT(s->ids) >= BUS_SEEN_MAX)
		forget(s, s->ids);
	e = xcalloc(1, sizeof(*e) + len + 1);
	e->time_ms = now_ms;
	memcpy(e->id, id, len + 1);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, s->ids, e->id, len, hash, e);
	return true;
}

bool bus_seen_message(struct bus_seen *s, const char *text, size_t len, uint64_t now_ms)
{
	char id[MESSAGE_ID_MAX];
	cJSON *root;
	bool found;

	if (len > MESSAGE_BYTES_MAX || !memmem(text, len, "\"id\"", 4))
		return true; /* spares the parser */
	if (json_parse(text, len, &root) < 0)
		return true;
	found = json_get_str(root, "id", id, sizeof(id)) == 0;
	cJSON_Delete(root);
	return !found || bus_seen_add(s, id, now_ms);
}

void bus_seen_forget(struct bus_seen *s, uint64_t before_ms)
{
	struct seen_id *e = s->ids, *next;

	for (; e && e->time_ms < before_ms; e = next) {
		next = e->hh.next;
		forget(s, e);
	}
}

size_t bus_seen_count(const struct bus_seen *s)
{
	return HASH_COUNT(s->ids);
}
