/* Pure. A small table by name. */
#include "dashboard/daemons.h"

#include "common/json.h"
#include "common/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_SEC     2.0 /* where a daemon does not say */
#define EVERY_MAX_SEC 60.0

#define SAME_START_SEC 1.0 /* beats that tell of starts so near to each other are of one process */

static void entry_done(struct daemon_entry *e)
{
	message_heartbeat_done(&e->beat);
	free(e->said);
}

void daemons_done(struct daemons *d)
{
	for (size_t i = 0; i < d->n; i++)
		entry_done(&d->entries[i]);
	*d = (struct daemons){0};
}

/* The entry of ${name}, a new one, or one that has fallen silent; DAEMONS_MAX: there is none. */
static size_t entry_for(const struct daemons *d, const char *name)
{
	size_t i = 0;

	while (i < d->n && strcmp(d->entries[i].beat.daemon, name) != 0)
		i++;
	if (i < DAEMONS_MAX)
		return i;
	i = 0;
	while (i < DAEMONS_MAX && d->entries[i].alive)
		i++;
	return i;
}

cJSON *daemons_json(const struct daemons *d, size_t i)
{
	static const char *const of_the_message[] = {"ts", "kind", "id", "target", "every_sec"};
	const struct daemon_entry *e = &d->entries[i];
	char *text = message_heartbeat_encode(&e->beat);
	cJSON *o = NULL;

	if (json_parse(text, strlen(text), &o) != 0)
		o = cJSON_CreateObject(); /* never: it was just printed */
	free(text);
	for (size_t k = 0; k < sizeof(of_the_message) / sizeof(of_the_message[0]); k++)
		cJSON_DeleteItemFromObjectCaseSensitive(o, of_the_message[k]);
	cJSON_AddBoolToObject(o, "alive", e->alive);
	json_add_round(o, "heard_ts", e->heard_sec, 3);
	return o;
}

/* Whether there is something new to tell of entry ${i}; it then counts as told. */
static bool is_news(struct daemons *d, size_t i)
{
	struct daemon_entry *e = &d->entries[i];
	cJSON *o = daemons_json(d, i);
	char *said;

	cJSON_DeleteItemFromObjectCaseSensitive(o, "heard_ts");
	cJSON_DeleteItemFromObjectCaseSensitive(o, "uptime_sec");
	said = json_print(o);
	cJSON_Delete(o);
	if (e->said != NULL && strcmp(e->said, said) == 0) {
		free(said);
		return false;
	}
	free(e->said);
	e->said = said;
	return true;
}

/* Of two of a kind one works and the other waits, degraded where it lacks what the first one holds.
 * Whoever is well speaks for both. */
static bool waits_behind(const struct message_heartbeat *beat, double started_sec,
			 const struct daemon_entry *e)
{
	return e->alive && e->beat.status == BEAT_OK && beat->status != BEAT_OK &&
	       strcmp(e->beat.daemon, beat->daemon) == 0 &&
	       fabs(started_sec - e->started_sec) > SAME_START_SEC;
}

int daemons_hear(struct daemons *d, struct message_heartbeat *beat, double now_sec)
{
	/* When it was sent, not when it was heard: it may have waited on its way. */
	double started_sec = (isnan(beat->ts) ? now_sec : beat->ts) - beat->uptime_sec;
	size_t i = entry_for(d, beat->daemon);
	struct daemon_entry *e;

	if (i == DAEMONS_MAX || (i < d->n && waits_behind(beat, started_sec, &d->entries[i]))) {
		message_heartbeat_done(beat);
		return 0;
	}
	e = &d->entries[i];
	if (i == d->n)
		d->n++;
	else
		message_heartbeat_done(&e->beat);
	e->beat = *beat;
	e->heard_sec = now_sec;
	e->started_sec = started_sec;
	e->alive = true;
	return is_news(d, i) ? 1 << i : 0;
}

static double patience_sec(const struct daemon_entry *e)
{
	return DAEMONS_BEATS *
	       (isnan(e->beat.every_sec) ? EVERY_SEC : fmin(e->beat.every_sec, EVERY_MAX_SEC));
}

int daemons_look(struct daemons *d, double now_sec)
{
	int changed = 0;

	for (size_t i = 0; i < d->n; i++) {
		struct daemon_entry *e = &d->entries[i];

		e->heard_sec = fmin(e->heard_sec, now_sec); /* a clock that was set back */
		if (!e->alive || now_sec - e->heard_sec < patience_sec(e))
			continue;
		e->alive = false;
		changed |= is_news(d, i) ? 1 << i : 0;
	}
	return changed;
}
