/* Shell. A lock that is tried for again and again; once here, it is looked after. */
#include "watcher/turnstile.h"

#include "common/log.h"
#include "common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct turnstile {
	struct turnstile_options options;
	char *path;
	int fd; /* the locked file; -1: none */
	bool inside, waiting;
	uv_timer_t timer;
};

/* Whether the file that is locked is the one that others find. */
static bool is_at(int fd, const char *path)
{
	struct stat own, there;

	return fstat(fd, &own) == 0 && stat(path, &there) == 0 && own.st_ino == there.st_ino &&
	       own.st_dev == there.st_dev;
}

/* 0 and the locked file; -EWOULDBLOCK when another process has it; -errno. */
static int lock(const char *path, int *ret_fd)
{
	int err = 0, fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		err = -errno;
	else if (!is_at(fd, path))
		err = -ESTALE;
	if (err < 0)
		close(fd);
	else
		*ret_fd = fd;
	return err;
}

static void enter(struct turnstile *t)
{
	health_set(t->options.health, true, "this watcher works");
	if (t->waiting)
		log_info("the other watcher is gone: taking over");
	t->inside = true;
	t->waiting = false;
	t->options.enter(t->options.cookie);
}

static void stay_out(struct turnstile *t, int err)
{
	char detail[256];

	if (err != -EWOULDBLOCK) {
		snprintf(detail, sizeof(detail), "cannot lock %s: %s", t->path, strerror(-err));
		health_set(t->options.health, false, detail);
		return;
	}
	health_set(t->options.health, true, "another watcher works, this one waits");
	if (!t->waiting)
		log_info("another watcher works: waiting for its lock", F_STR("lock", t->path));
	t->waiting = true;
}

/* Somebody removed the file: others could lock a new one. */
static void look_after(struct turnstile *t)
{
	int fd = -1, err;

	if (is_at(t->fd, t->path))
		return;
	err = lock(t->path, &fd);
	if (err == 0) {
		close(t->fd);
		t->fd = fd;
	} else if (err == -EWOULDBLOCK) {
		log_error("the lock was taken away and another watcher has it",
			  F_STR("lock", t->path));
		uv_timer_stop(&t->timer);
		t->options.leave(t->options.cookie);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct turnstile *t = timer->data;
	int err;

	if (t->inside) {
		look_after(t);
		return;
	}
	err = lock(t->path, &t->fd);
	if (err == 0)
		enter(t);
	else
		stay_out(t, err);
}

struct turnstile *turnstile_open(uv_loop_t *loop, const struct turnstile_options *options)
{
	struct turnstile *t = xcalloc(1, sizeof(*t));

	t->options = *options;
	t->path = xasprintf("%s/agentic-upstreams.lock", options->conf_dir);
	t->fd = -1;
	uv_timer_init(loop, &t->timer);
	t->timer.data = t;
	uv_timer_start(&t->timer, on_timer, 0, TURNSTILE_EVERY_MS);
	return t;
}

static void on_closed(uv_handle_t *timer)
{
	struct turnstile *t = timer->data;

	free(t->path);
	free(t);
}

void turnstile_close(struct turnstile *t)
{
	if (t->fd >= 0)
		close(t->fd);
	uv_close((uv_handle_t *)&t->timer, on_closed);
}
