/* Pure. The past events, as many as their bounds allow, so that every page is served from one copy
 * and a page that lost its connection goes on where it was. */
#ifndef DASHBOARD_EVENTLOG_H
#define DASHBOARD_EVENTLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENTLOG_BYTES_MAX ((size_t)256 * 1024) /* of all; a single one may be longer */
#define EVENTLOG_MAX       2048

struct eventlog;

/* ${epoch}, random, tells the ids of this log from those of any other: 8 hex digits in them. */
struct eventlog *eventlog_new(uint32_t epoch);
void eventlog_free(struct eventlog *);

/* Append an event with the next number, from 1.  ${data} is JSON on one line. */
void eventlog_add(struct eventlog *, const char *name, const char *data);

/* Number of the newest event, 0 before the first; of the oldest one that is kept (newest + 1 where
 * there is none). */
uint64_t eventlog_newest(const struct eventlog *);
uint64_t eventlog_oldest(const struct eventlog *);

/* Event ${seq}, oldest to newest, as text for an event stream.  Valid until the next change. */
const char *eventlog_at(const struct eventlog *, uint64_t seq, size_t *ret_len);

/* The id of event ${seq}: "EPOCH-SEQ". */
#define EVENTLOG_ID_MAX 32
void eventlog_id(const struct eventlog *, uint64_t seq, char ret[EVENTLOG_ID_MAX]);

/* Whether all that came after the event called ${id} is kept, and the number of that one. */
bool eventlog_find(const struct eventlog *, const char *id, uint64_t *ret_seq);

#endif
