/* Shell. A daemon says over the bus that it lives, and what it lacks.  A file of its own, so that
 * programs without Redis do not link hiredis. */
#include "common/log.h"
#include "common/mem.h"
#include "common/service_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define EVERY_MS 2000

static void describe_dependencies(const struct service *sv, struct message_heartbeat *beat)
{
	size_t n = 0;

	beat->dependencies = xcalloc(MESSAGE_DEPENDENCIES_MAX, sizeof(*beat->dependencies));
	for (const struct health *h = sv->healths; h != NULL; h = h->next) {
		if (!h->up)
			beat->status = BEAT_DEGRADED;
		if (n == MESSAGE_DEPENDENCIES_MAX)
			continue;
		struct message_dependency *d = &beat->dependencies[n++];

		snprintf(d->name, sizeof(d->name), "%s", h->name);
		d->up = h->up;
		d->since_ts = h->since_sec;
		snprintf(d->detail, sizeof(d->detail), "%s", h->detail);
	}
	beat->dependencies_n = n;
}

static void on_beat(uv_timer_t *timer)
{
	const struct service_heartbeat_hook *hook = timer->data;
	const struct service *sv = hook->service;
	struct message_heartbeat beat = {
		.ts = service_wall_sec(),
		.uptime_sec = (double)(uv_now(&sv->loop) - sv->started_ms) / 1000.0,
		.every_sec = EVERY_MS / 1000.0,
		.version = VERSION,
	};
	char *text;

	bus_new_id(beat.id);
	snprintf(beat.daemon, sizeof(beat.daemon), "%s", sv->spec->name);
	snprintf(beat.target, sizeof(beat.target), "%s", hook->target);
	describe_dependencies(sv, &beat);
	if (hook->describe != NULL)
		hook->describe(&beat, hook->cookie);
	text = message_heartbeat_encode(&beat);
	bus_announce(hook->bus, CHANNEL_HEARTBEATS, text);
	free(text);
	message_heartbeat_done(&beat);
}

void service_heartbeat(struct service *sv, struct bus *bus, const char *target,
		       service_heartbeat_describe *describe, void *cookie)
{
	struct service_heartbeat_hook *hook = xcalloc(1, sizeof(*hook));

	*hook = (struct service_heartbeat_hook){
		.service = sv,
		.bus = bus,
		.target = target,
		.describe = describe,
		.cookie = cookie,
	};
	sv->heartbeat = hook;
	uv_timer_init(&sv->loop, &hook->timer);
	hook->timer.data = hook;
	uv_timer_start(&hook->timer, on_beat, EVERY_MS, EVERY_MS);
	uv_unref((uv_handle_t *)&hook->timer);
}
