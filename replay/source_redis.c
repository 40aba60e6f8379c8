/* Shell. A recording from the streams of Redis, read as the planner reads its memory back. */
#include "common/mem.h"
#include "common/service.h"
#include "replay/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NAMED_MAX 10 /* malformed messages that are named */

struct reading {
	struct backtest *backtest;
	struct service *service;
	struct source_counts counts;
	bool complete;
	char fault[256]; /* what is wrong with Redis */
};

static void on_message(const struct bus_message *m, void *cookie)
{
	struct reading *r = cookie;
	struct recorded recorded = {m->channel, xstrndup(m->text, m->len), m->len, m->time_ms};
	struct message_error error;

	if (!r->complete) {
		r->counts.lines++;
		if (backtest_take(r->backtest, &recorded, &error) &&
		    r->counts.malformed++ < NAMED_MAX)
			fprintf(stderr, "agentic:%s %" PRIu64 ": %s\n", m->channel, m->time_ms,
				error.text);
	}
	free(recorded.text);
}

static void on_live(void *cookie)
{
	struct reading *r = cookie;

	r->complete = true;
	service_stop(r->service);
}

static void on_health(bool up, const char *detail, void *cookie)
{
	struct reading *r = cookie;

	if (up || r->complete)
		return;
	snprintf(r->fault, sizeof(r->fault), "%s", detail);
	service_stop(r->service);
}

/* As a daemon does it, but that the first failure is the end of it. */
static void read_streams(struct reading *r)
{
	static const struct setting none[] = {{0}};
	static char name[] = "replay";
	char *argv[] = {name, NULL};
	const struct service_spec spec = {.name = name, .uses = SERVICE_REDIS, .settings = none};
	const struct bus_options options = {
		.channels = {CHANNEL_ALERTS, CHANNEL_RESULTS, CHANNEL_ADVICE, CHANNEL_ACTIONS},
		.channels_n = 4,
		.replay_since_ms = 1,
		.on_message = on_message,
		.on_live = on_live,
		.on_health = on_health,
		.cookie = r,
	};

	setenv("LOG_LEVEL", "error", 0);
	setenv("HTTP_PORT", "0", 1);
	r->service = service_start(&spec, 1, argv);
	struct bus *bus = service_bus(r->service, &options);
	service_run(r->service);
	bus_close(bus);
	service_finish(r->service);
}

int source_redis(struct backtest *backtest, struct source_counts *ret)
{
	struct reading r = {.backtest = backtest};
	int err = 0;

	read_streams(&r);
	if (!r.complete) {
		fprintf(stderr, "replay: Redis: %s\n", r.fault[0] ? r.fault : "interrupted");
		err = -EIO;
	} else if ((double)r.counts.malformed > SOURCE_MALFORMED_MAX * (double)r.counts.lines) {
		fprintf(stderr, "replay: Redis: more than 1 %% of the messages are malformed\n");
		err = -EBADMSG;
	}
	*ret = r.counts;
	return err;
}
