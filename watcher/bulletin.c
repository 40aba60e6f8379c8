/* Shell. Remembers what was said last. */
#include "watcher/bulletin.h"

#include "common/log.h"
#include "common/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether all of ${some} are among ${all}. */
static bool within(const struct upstreams *some, const struct upstreams *all)
{
	for (size_t i = 0; i < some->n; i++)
		if (!upstreams_may_have(all, some->servers[i].id))
			return false;
	return true;
}

static bool is_old(const struct bulletin *b, const struct bulletin_news *news)
{
	return b->any && b->status == news->status && b->generation == news->generation &&
	       strcmp(b->message, news->message) == 0 &&
	       upstreams_equal(&b->servers, news->servers) && within(news->drained, &b->drained);
}

static void remember(struct bulletin *b, const struct bulletin_news *news)
{
	b->any = true;
	b->generation = news->generation;
	b->status = news->status;
	snprintf(b->message, sizeof(b->message), "%s", news->message);
	upstreams_copy(&b->servers, news->servers);
	upstreams_copy(&b->drained, news->drained);
}

static void publish(const struct bulletin *b)
{
	struct message_upstreams m = {
		.generation = b->generation,
		.servers = b->servers.servers,
		.servers_n = b->servers.n,
		.drained = b->drained.servers,
		.drained_n = b->drained.n,
		.status = b->status,
		.ts = service_wall_sec(),
	};
	char *text;

	bus_new_id(m.id);
	snprintf(m.target, sizeof(m.target), "%s", b->target);
	snprintf(m.message, sizeof(m.message), "%s", b->message);
	text = message_upstreams_encode(&m);
	if (bus_publish(b->bus, CHANNEL_RESULTS, text) > 0)
		log_warn("Redis is away for long: an older message is lost");
	free(text);
}

void bulletin_tell(struct bulletin *b, const struct bulletin_news *news)
{
	bool old = is_old(b, news);

	/* That a drained container is gone is no news, but it may come back and leave anew. */
	remember(b, news);
	if (old)
		return;
	publish(b);
	if (b->status == STATUS_OK)
		log_info("nginx runs the list", F_INT("generation", b->generation),
			 F_INT("servers", (int64_t)b->servers.n),
			 F_INT("drained", (int64_t)b->drained.n));
	else
		log_error("nginx keeps the last list", F_STR("error", b->message),
			  F_INT("generation", b->generation),
			  F_INT("servers", (int64_t)b->servers.n));
}

void bulletin_done(struct bulletin *b)
{
	upstreams_free(&b->servers);
	upstreams_free(&b->drained);
}
