/* Shell. Says on "results" what nginx sends to: every change once, and nothing twice in a row. */
#ifndef WATCHER_BULLETIN_H
#define WATCHER_BULLETIN_H

#include "common/bus.h"
#include "common/message.h"
#include "watcher/upstreams.h"

#include <stdbool.h>

struct bulletin_news {
	int generation;
	const struct upstreams *servers;
	const struct upstreams *drained;
	enum message_status status;
	const char *message;
};

struct bulletin { /* all but bus and target: the last news */
	struct bus *bus;
	const char *target;
	bool any;
	int generation;
	struct upstreams servers, drained;
	enum message_status status;
	char message[MESSAGE_TEXT_MAX];
};

/* Publish and log ${news}, unless the last one said it all. */
void bulletin_tell(struct bulletin *, const struct bulletin_news *news);

/* Free the last news. */
void bulletin_done(struct bulletin *);

#endif
