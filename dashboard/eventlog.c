/* Pure. A ring of texts. */
#include "dashboard/eventlog.h"

#include "common/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event {
	char *text;
	size_t len;
};

struct eventlog {
	uint32_t epoch;
	uint64_t newest, oldest; /* numbers; number N is at N % EVENTLOG_MAX */
	size_t bytes;
	struct event events[EVENTLOG_MAX];
};

struct eventlog *eventlog_new(uint32_t epoch)
{
	struct eventlog *log = xcalloc(1, sizeof(*log));

	log->epoch = epoch;
	log->oldest = 1;
	return log;
}

static void drop_oldest(struct eventlog *log)
{
	struct event *e = &log->events[log->oldest++ % EVENTLOG_MAX];

	log->bytes -= e->len;
	free(e->text);
	*e = (struct event){0};
}

void eventlog_free(struct eventlog *log)
{
	if (log == NULL)
		return;
	while (log->oldest <= log->newest)
		drop_oldest(log);
	free(log);
}

void eventlog_id(const struct eventlog *log, uint64_t seq, char ret[EVENTLOG_ID_MAX])
{
	snprintf(ret, EVENTLOG_ID_MAX, "%08" PRIx32 "-%" PRIu64, log->epoch, seq);
}

void eventlog_add(struct eventlog *log, const char *name, const char *data)
{
	char id[EVENTLOG_ID_MAX];
	struct event e;

	eventlog_id(log, log->newest + 1, id);
	e.text = xasprintf("id: %s\nevent: %s\ndata: %s\n\n", id, name, data);
	e.len = strlen(e.text);
	while (log->oldest <= log->newest && (log->newest - log->oldest + 1 >= EVENTLOG_MAX ||
					      log->bytes + e.len > EVENTLOG_BYTES_MAX))
		drop_oldest(log);
	log->newest++;
	log->bytes += e.len;
	log->events[log->newest % EVENTLOG_MAX] = e;
}

uint64_t eventlog_newest(const struct eventlog *log)
{
	return log->newest;
}

uint64_t eventlog_oldest(const struct eventlog *log)
{
	return log->oldest;
}

const char *eventlog_at(const struct eventlog *log, uint64_t seq, size_t *ret_len)
{
	const struct event *e = &log->events[seq % EVENTLOG_MAX];

	*ret_len = e->len;
	return e->text;
}

bool eventlog_find(const struct eventlog *log, const char *id, uint64_t *ret_seq)
{
	char again[EVENTLOG_ID_MAX];
	const char *dash = strchr(id, '-');
	uint64_t seq;

	if (dash == NULL)
		return false;
	seq = strtoull(dash + 1, NULL, 10);
	eventlog_id(log, seq, again); /* no other writing of it counts */
	if (strcmp(id, again) != 0 || seq > log->newest || seq + 1 < log->oldest)
		return false;
	*ret_seq = seq;
	return true;
}
