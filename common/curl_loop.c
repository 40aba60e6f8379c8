/* Shell. libcurl on libuv.  The one rule that matters: a descriptor is closed only after its
 * uv_poll was stopped, else libuv would watch whatever gets the same number next. */
#include "common/curl_loop.h"

#include "common/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#define IDLE_CONNECTIONS_MAX 16L

struct curl_loop {
	uv_loop_t *loop;
	CURLM *multi;
	curl_loop_progress *progress;
	void *cookie;
	uv_timer_t timer;
	struct watch *watches;
};

/* One descriptor that libcurl waits for. */
struct watch {
	struct curl_loop *owner;
	struct watch *prev, *next;
	curl_socket_t fd;
	uv_poll_t poll;
};

static void watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void watch_close(struct watch *watch)
{
	curl_multi_assign(watch->owner->multi, watch->fd, NULL);
	DL_DELETE(watch->owner->watches, watch);
	uv_close((uv_handle_t *)&watch->poll, watch_closed);
}

static struct watch *watch_open(struct curl_loop *loop, curl_socket_t fd)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));

	if (uv_poll_init(loop->loop, &watch->poll, fd) != 0) {
		free(watch);
		return NULL;
	}
	watch->owner = loop;
	watch->fd = fd;
	watch->poll.data = watch;
	DL_APPEND(loop->watches, watch);
	curl_multi_assign(loop->multi, fd, watch);
	return watch;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	const struct watch *watch = poll->data;
	struct curl_loop *loop = watch->owner;
	int flags = 0, running;

	if (status < 0)
		flags |= CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	loop->progress(curl_multi_socket_action(loop->multi, watch->fd, flags, &running),
		       loop->cookie);
}

static int on_want_socket(CURL *easy, curl_socket_t fd, int what, void *cookie, void *fd_cookie)
{
	struct curl_loop *loop = cookie;
	struct watch *watch = fd_cookie;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch != NULL)
			watch_close(watch);
		return 0;
	}
	if (watch == NULL)
		watch = watch_open(loop, fd);
	if (watch == NULL)
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	return uv_poll_start(&watch->poll, events, on_ready) == 0 ? 0 : -1;
}

/* libcurl says CURL_POLL_REMOVE before it closes what it watches; should it ever not, the watch
 * ends here. */
static int on_close_socket(void *cookie, curl_socket_t fd)
{
	struct curl_loop *loop = cookie;
	struct watch *watch;

	DL_SEARCH_SCALAR(loop->watches, watch, fd, fd);
	if (watch != NULL)
		watch_close(watch);
	return close(fd);
}

static void on_timer(uv_timer_t *timer)
{
	struct curl_loop *loop = timer->data;
	int running;

	loop->progress(curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running),
		       loop->cookie);
}

static int on_want_timer(CURLM *multi, long timeout_ms, void *cookie)
{
	struct curl_loop *loop = cookie;

	(void)multi;
	if (timeout_ms < 0) {
		uv_timer_stop(&loop->timer);
		return 0;
	}
	uv_update_time(loop->loop);
	return uv_timer_start(&loop->timer, on_timer, (uint64_t)timeout_ms, 0) == 0 ? 0 : -1;
}

int curl_loop_open(uv_loop_t *uv, curl_loop_progress *progress, void *cookie,
		   struct curl_loop **ret)
{
	struct curl_loop *loop;
	CURLM *multi;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	multi = curl_multi_init();
	if (multi == NULL) {
		curl_global_cleanup();
		return -ENOMEM;
	}
	loop = xcalloc(1, sizeof(*loop));
	loop->loop = uv;
	loop->multi = multi;
	loop->progress = progress;
	loop->cookie = cookie;
	uv_timer_init(uv, &loop->timer);
	loop->timer.data = loop;
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_want_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, loop);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_want_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, loop);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS_MAX);
	*ret = loop;
	return 0;
}

CURLM *curl_loop_multi(const struct curl_loop *loop)
{
	return loop->multi;
}

void curl_loop_adopt(struct curl_loop *loop, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, loop);
}

static void timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void curl_loop_close(struct curl_loop *loop)
{
	curl_multi_cleanup(loop->multi);
	curl_global_cleanup();
	uv_close((uv_handle_t *)&loop->timer, timer_closed);
}
