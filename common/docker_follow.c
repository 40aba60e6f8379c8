/* Shell. The Docker Engine's API, the event stream.  The engine is asked to end it every few
 * minutes: a stream that died without a word is noticed then at the latest, and one that the engine
 * stopped feeding (it drops events for slow readers silently) heals.  Events only say "look", so a
 * stream that cannot be read is simply begun again. */
#include "common/docker.h"

#include "common/backoff.h"
#include "common/buf.h"
#include "common/docker_internal.h"
#include "common/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STREAM_SEC        300    /* the engine ends it */
#define STREAM_TIMEOUT_MS 330000 /* else we do */
#define STREAM_STEADY_MS  5000   /* one that lasted so long was no failure */
#define LINE_MAX_BYTES    ((size_t)1024 * 1024)
#define RECONNECT_MS      100
#define RECONNECT_MAX_MS  5000
#define NS_PER_SEC        INT64_C(1000000000)

static const char FILTERS[] =
	"{\"type\":[\"container\"],\"event\":[\"create\",\"start\",\"die\",\"destroy\",\"rename\","
	"\"pause\",\"unpause\",\"health_status\"]}";

struct docker_follow {
	struct docker *docker;
	docker_look *look;
	void *cookie;
	uv_timer_t timer;
	struct backoff backoff;
	struct buf line;
	int64_t last_ns;    /* of the newest event, at first of docker_follow */
	uint64_t opened_ms; /* of the loop's clock; 0: not open */
};

static void follow_connect(uv_timer_t *timer);

static void on_open(void *cookie)
{
	struct docker_follow *f = cookie;

	f->opened_ms = uv_now(f->docker->loop);
	f->look(NULL, f->cookie);
}

static bool on_event(const struct docker_event *event, void *cookie)
{
	struct docker_follow *f = cookie;

	if (event != NULL && event->time_ns > f->last_ns)
		f->last_ns = event->time_ns;
	f->look(event, f->cookie);
	return !f->docker->closing;
}

static int on_data(const char *bytes, size_t len, void *cookie)
{
	struct docker_follow *f = cookie;

	return docker_events_decode(&f->line, bytes, len, on_event, f);
}

static void follow_ended(const struct docker_reply *reply, void *cookie)
{
	struct docker_follow *f = cookie;
	uint64_t now_ms = uv_now(f->docker->loop);
	uint32_t random = 0;

	(void)reply;
	if (f->opened_ms != 0 && now_ms - f->opened_ms >= STREAM_STEADY_MS)
		backoff_reset(&f->backoff);
	uv_random(NULL, NULL, &random, sizeof(random), 0, NULL);
	uv_timer_start(&f->timer, follow_connect, backoff_next_ms(&f->backoff, random), 0);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

/* Asked for an end but for no beginning, the engine would send the past again. */
static void events_path(const struct docker_follow *f, struct buf *out)
{
	buf_printf(out, "/events?since=%" PRId64 ".%09" PRId64 "&until=%" PRId64 "&filters=",
		   f->last_ns / NS_PER_SEC, f->last_ns % NS_PER_SEC,
		   now_ns() / NS_PER_SEC + STREAM_SEC);
	buf_url(out, FILTERS);
}

static void follow_connect(uv_timer_t *timer)
{
	struct docker_follow *f = timer->data;
	struct buf path;

	buf_init(&path, 1024);
	events_path(f, &path);
	buf_clear(&f->line);
	f->opened_ms = 0;
	docker_request_start(f->docker, &(struct docker_request_options){
						.method = "GET",
						.path = path.data,
						.timeout_ms = STREAM_TIMEOUT_MS,
						.done = follow_ended,
						.on_open = on_open,
						.on_data = on_data,
						.cookie = f,
					});
	buf_free(&path);
}

void docker_follow(struct docker *d, docker_look *look, void *cookie)
{
	struct docker_follow *f = xcalloc(1, sizeof(*f));

	f->docker = d;
	f->look = look;
	f->cookie = cookie;
	f->last_ns = now_ns();
	f->backoff = (struct backoff){.base_ms = RECONNECT_MS, .max_ms = RECONNECT_MAX_MS};
	buf_init(&f->line, LINE_MAX_BYTES);
	uv_timer_init(d->loop, &f->timer);
	f->timer.data = f;
	d->follow = f;
	uv_timer_start(&f->timer, follow_connect, 0, 0);
}

static void follow_closed(uv_handle_t *handle)
{
	struct docker_follow *f = handle->data;

	buf_free(&f->line);
	free(f);
}

void docker_follow_close(struct docker *d)
{
	if (d->follow != NULL)
		uv_close((uv_handle_t *)&d->follow->timer, follow_closed);
	d->follow = NULL;
}
