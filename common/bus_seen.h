/* Pure. The ids a channel has delivered, so that what is read back from its stream is not delivered
 * again. */
#ifndef COMMON_BUS_SEEN_H
#define COMMON_BUS_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than a stream of BUS_STREAM_MAXLEN (trimmed roughly) ever holds: all that can be read back
 * is still known. */
#define BUS_SEEN_MAX 16384

struct bus_seen;

/* An empty set. */
struct bus_seen *bus_seen_new(void);
void bus_seen_free(struct bus_seen *);

/* Remember ${id}, delivered at ${now_ms} (any clock).  Whether it is new; the oldest is forgotten
 * when there would be more than BUS_SEEN_MAX. */
bool bus_seen_add(struct bus_seen *, const char *id, uint64_t now_ms);

/* Whether the JSON message ${text} is new: by its top-level string "id", which is remembered.  One
 * without an id (or with one that is too long, or in a text that no decoder takes) always is. */
bool bus_seen_message(struct bus_seen *, const char *text, size_t len, uint64_t now_ms);

/* Forget the ids delivered before ${before_ms}, oldest first, up to the first younger one. */
void bus_seen_forget(struct bus_seen *, uint64_t before_ms);

size_t bus_seen_count(const struct bus_seen *);

#endif
