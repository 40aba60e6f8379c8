/* Shell. One timer for the next list, one for resync, one list under way. */
#include "watcher/follow.h"

#include "common/backoff.h"
#include "common/mem.h"
#include "common/service.h"

#include <stdlib.h>

enum { RETRY_BASE_MS = 200, RETRY_MAX_MS = 5000 };

struct follow {
	struct docker *docker;
	struct follow_options options;
	uv_timer_t next, resync;
	int open_handles;
	struct backoff backoff;
	bool listing; /* a list is under way */
	bool again;   /* another came due meanwhile */
	bool routine; /* the list that is due or under way is for the sake of resync */
};

static void list_now(uv_timer_t *timer);

/* Have a list within ${wait_ms}; one that is due sooner stays, so a burst cannot put it off. */
static void list_within(struct follow *f, uint64_t wait_ms)
{
	if (!uv_is_active((uv_handle_t *)&f->next) || uv_timer_get_due_in(&f->next) > wait_ms)
		uv_timer_start(&f->next, list_now, wait_ms, 0);
}

static void listed(int err, const char *error, const struct docker_container *list, size_t n,
		   void *cookie)
{
	struct follow *f = cookie;
	bool routine = f->routine;

	(void)error; /* docker.h reports the engine's health to the owner of the handle */
	f->listing = false;
	if (err) {
		list_within(f, backoff_next_ms(&f->backoff, service_random()));
		return;
	}
	backoff_reset(&f->backoff);
	f->routine = false;
	if (f->again)
		list_now(&f->next);
	f->options.on_list(list, n, routine, f->options.cookie);
}

static void list_now(uv_timer_t *timer)
{
	struct follow *f = timer->data;

	f->again = f->listing;
	if (f->listing)
		return;
	f->listing = true;
	docker_list(f->docker, listed, f);
}

static void look(const struct docker_event *event, void *cookie)
{
	struct follow *f = cookie;
	enum follow_haste haste = FOLLOW_NOW;

	if (event)
		haste = f->options.on_event(event, f->options.cookie);
	if (haste == FOLLOW_NOW)
		list_within(f, FOLLOW_NOW_MS);
	else if (haste == FOLLOW_SOON)
		list_within(f, f->options.debounce_ms);
}

static void resync(uv_timer_t *timer)
{
	struct follow *f = timer->data;

	f->routine = true;
	list_within(f, 0);
}

struct follow *follow_open(uv_loop_t *loop, struct docker *docker,
			   const struct follow_options *options)
{
	struct follow *f = xcalloc(1, sizeof(*f));

	f->docker = docker;
	f->options = *options;
	f->backoff = (struct backoff){.base_ms = RETRY_BASE_MS, .max_ms = RETRY_MAX_MS};
	uv_timer_init(loop, &f->next);
	uv_timer_init(loop, &f->resync);
	f->next.data = f->resync.data = f;
	f->open_handles = 2;
	uv_timer_start(&f->resync, resync, options->resync_ms, options->resync_ms);
	docker_follow(docker, look, f);
	return f;
}

static void closed(uv_handle_t *handle)
{
	struct follow *f = handle->data;

	if (--f->open_handles == 0)
		free(f);
}

void follow_close(struct follow *f)
{
	if (!f)
		return;
	uv_close((uv_handle_t *)&f->next, closed);
	uv_close((uv_handle_t *)&f->resync, closed);
}
