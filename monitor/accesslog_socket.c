/* Shell. Datagrams, many with one system call. */
#include "monitor/accesslog_socket.h"

#include "common/mem.h"
#include "monitor/accesslog.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 64,       /* datagrams read at once */
	BATCHES_MAX = 64, /* in one go, before the loop gets its turn: the queue holds far less */
	MODE = 0666,      /* nginx is another user */

	/* To wake up for each line costs more than the line.  A queue of DEEP holds what comes in
	 * REST_MS at 50,000 lines a second, so there one wake-up may serve them all. */
	DEEP = 100,
	REST_MS = 2,
};

/* One bound socket.  A new one takes its place when it was removed from its path. */
struct binding {
	uv_poll_t poll;
	int fd;
	dev_t device; /* of what stood at the path when it was bound */
	ino_t inode;
	bool deep; /* its queue is */
};

struct accesslog_socket {
	uv_loop_t *loop;
	char *path, *beside; /* where it is made, before it takes its place */
	accesslog_heard *heard;
	void *cookie;
	struct binding *binding; /* NULL: not bound */
	uv_timer_t rest;

	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	union { /* the kernel's word of when it was sent */
		char bytes[CMSG_SPACE(sizeof(struct timespec))];
		struct cmsghdr aligned;
	} stamps[BATCH];
	char bytes[BATCH][ACCESSLOG_BYTES_MAX];
};

struct accesslog_socket *accesslog_socket_open(uv_loop_t *loop, const char *path,
					       accesslog_heard *heard, void *cookie)
{
	struct accesslog_socket *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->path = xstrdup(path);
	s->beside = xasprintf("%s.new", path);
	s->heard = heard;
	s->cookie = cookie;
	for (size_t i = 0; i < BATCH; i++) {
		s->parts[i] = (struct iovec){s->bytes[i], ACCESSLOG_BYTES_MAX};
		s->headers[i].msg_hdr.msg_iov = &s->parts[i];
		s->headers[i].msg_hdr.msg_iovlen = 1;
		s->headers[i].msg_hdr.msg_control = &s->stamps[i];
	}
	uv_timer_init(loop, &s->rest);
	s->rest.data = s;
	return s;
}

/* ---- reading ---- */

static uint64_t age_us(struct msghdr *header, const struct timespec *now)
{
	const struct cmsghdr *stamp = CMSG_FIRSTHDR(header);
	struct timespec sent;
	int64_t us;

	if (stamp == NULL || stamp->cmsg_level != SOL_SOCKET || stamp->cmsg_type != SCM_TIMESTAMPNS)
		return 0;
	memcpy(&sent, CMSG_DATA(stamp), sizeof(sent));
	us = (now->tv_sec - sent.tv_sec) * 1000000 + (now->tv_nsec - sent.tv_nsec) / 1000;
	return us > 0 ? (uint64_t)us : 0;
}

static int read_batch(struct accesslog_socket *s)
{
	struct timespec now;
	int n;

	for (int i = 0; i < BATCH; i++) /* a shorter one left its length here */
		s->headers[i].msg_hdr.msg_controllen = sizeof(s->stamps[i]);
	n = recvmmsg(s->binding->fd, s->headers, BATCH, MSG_DONTWAIT, NULL);
	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0; i < n; i++) {
		struct msghdr *header = &s->headers[i].msg_hdr;
		bool whole = !(header->msg_flags & MSG_TRUNC);

		s->heard(s->bytes[i], whole ? s->headers[i].msg_len : 0, age_us(header, &now),
			 s->cookie);
	}
	return n;
}

void accesslog_socket_drain(struct accesslog_socket *s)
{
	for (int i = 0; s->binding != NULL && i < BATCHES_MAX; i++)
		if (read_batch(s) < BATCH)
			return;
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_rested(uv_timer_t *rest)
{
	struct accesslog_socket *s = rest->data;

	if (s->binding != NULL)
		uv_poll_start(&s->binding->poll, UV_READABLE, on_readable);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct accesslog_socket *s = poll->data;

	(void)status;
	(void)events;
	accesslog_socket_drain(s);
	if (!s->binding->deep)
		return;
	uv_poll_stop(poll);
	uv_timer_start(&s->rest, on_rested, REST_MS, 0);
}

/* ---- binding ---- */

static bool address_of(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	return (size_t)snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", path) <
	       sizeof(ret->sun_path);
}

/* What of ${path} keeps a new socket from taking it: 0, or -errno. */
static int occupied(const char *path)
{
	struct sockaddr_un address;
	struct stat there;
	int fd, err;

	if (lstat(path, &there) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(there.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	address_of(path, &address);
	err = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
	close(fd);
	return err == ECONNREFUSED ? 0 : -EADDRINUSE;
}

/* Have each datagram come with the time it was sent: this process may be late. */
static void ask_for_stamps(int fd)
{
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
}

/* A socket at ${path}.  It is made beside it, so that whoever sends finds it with its mode. */
static int bind_at(const char *path, const char *beside, struct binding *ret)
{
	struct sockaddr_un address;
	struct stat there;
	int err;

	if (!address_of(beside, &address))
		return -ENAMETOOLONG;
	ret->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ret->fd < 0)
		return -errno;
	ask_for_stamps(ret->fd);
	unlink(beside); /* of a process that was killed here */
	if (bind(ret->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    chmod(beside, MODE) == 0 && stat(beside, &there) == 0 && rename(beside, path) == 0) {
		ret->device = there.st_dev;
		ret->inode = there.st_ino;
		return 0;
	}
	err = -errno;
	close(ret->fd);
	unlink(beside);
	return err;
}

/* How many datagrams a socket made now can hold. */
static int queue_length(void)
{
	char text[16] = "";
	FILE *file = fopen("/proc/sys/net/unix/max_dgram_qlen", "re");

	if (file == NULL)
		return 0;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	fclose(file);
	return (int)strtol(text, NULL, 10);
}

static void on_unbound(uv_handle_t *handle)
{
	free((struct binding *)(void *)handle);
}

static void unbind(struct accesslog_socket *s)
{
	uv_close((uv_handle_t *)&s->binding->poll, on_unbound);
	close(s->binding->fd);
	s->binding = NULL;
}

static bool in_place(const struct accesslog_socket *s)
{
	struct stat there;

	return s->binding != NULL && lstat(s->path, &there) == 0 &&
	       there.st_dev == s->binding->device && there.st_ino == s->binding->inode;
}

int accesslog_socket_bind(struct accesslog_socket *s)
{
	struct binding *binding;
	int err;

	if (in_place(s))
		return 0;
	if (s->binding != NULL)
		unbind(s);
	err = occupied(s->path);
	if (err < 0)
		return err;
	binding = xcalloc(1, sizeof(*binding));
	err = bind_at(s->path, s->beside, binding);
	if (err < 0) {
		free(binding);
		return err;
	}
	uv_poll_init(s->loop, &binding->poll, binding->fd);
	binding->poll.data = s;
	binding->deep = queue_length() >= DEEP;
	uv_poll_start(&binding->poll, UV_READABLE, on_readable);
	s->binding = binding;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct accesslog_socket *s = handle->data;

	free(s->path);
	free(s->beside);
	free(s);
}

void accesslog_socket_close(struct accesslog_socket *s)
{
	if (s == NULL)
		return;
	if (in_place(s))
		unlink(s->path);
	if (s->binding != NULL)
		unbind(s);
	uv_close((uv_handle_t *)&s->rest, on_closed);
}
