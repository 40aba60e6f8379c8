/* Shell. Datagrams to the supervisor; the contract is in the header. */
#include "common/service_notify.h"

#include "common/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TEXT_MAX = 512 }; /* bytes of a datagram */

struct notify {
	int fd;
	struct sockaddr_un address;
	socklen_t address_len;
	uint64_t beat_ms; /* 0: no watchdog */
	uv_timer_t beat;
	bool ready, stopping;
};

static int parse_address(const char *text, struct sockaddr_un *address, socklen_t *ret_len)
{
	size_t len = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || len < 2)
		return -EINVAL;
	if (len >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path, text, len);
	if (text[0] == '@') /* as long as it is: a NUL at its end would be part of the name */
		address->sun_path[0] = '\0';
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (text[0] == '/'));
	return 0;
}

/* 0 where ${text} is not a number of 1 or more. */
static unsigned long long parse_count(const char *text)
{
	char *end;
	unsigned long long n;

	if (text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	return *end == '\0' && errno == 0 ? n : 0;
}

/* How often the watchdog is to hear of this process; 0: never. */
static uint64_t beat_ms(const struct notify_environment *env)
{
	unsigned long long usec = env->watchdog_usec ? parse_count(env->watchdog_usec) : 0;

	if (usec == 0 ||
	    (env->watchdog_pid && parse_count(env->watchdog_pid) != (unsigned long long)getpid()))
		return 0;
	return usec >= 2000 ? usec / 2000 : 1;
}

int notify_open(uv_loop_t *loop, const struct notify_environment *env, struct notify **ret)
{
	struct notify *n;
	struct sockaddr_un address;
	socklen_t len;
	int fd, err;

	if (!env->socket || !env->socket[0]) {
		*ret = NULL;
		return 0;
	}
	err = parse_address(env->socket, &address, &len);
	if (err < 0)
		return err;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;

	n = xcalloc(1, sizeof(*n));
	n->fd = fd;
	n->address = address;
	n->address_len = len;
	n->beat_ms = beat_ms(env);
	uv_timer_init(loop, &n->beat);
	n->beat.data = n;
	uv_unref((uv_handle_t *)&n->beat); /* it must not keep the loop going */
	*ret = n;
	return 0;
}

/* Not connected: the socket may be another one after the supervisor restarted itself. */
static int tell(struct notify *n, const char *text)
{
	ssize_t sent = sendto(n->fd, text, strlen(text), MSG_NOSIGNAL,
			      (const struct sockaddr *)&n->address, n->address_len);

	return sent < 0 ? -errno : 0;
}

/* ${status} behind ${before}.  A line: what others said of an error cannot begin another one. */
static int tell_status(struct notify *n, const char *before, const char *status)
{
	char text[TEXT_MAX];
	size_t at = strlen(before);

	snprintf(text, sizeof(text), "%s%s", before, status);
	for (; text[at] != '\0'; at++)
		if (text[at] < ' ' || text[at] > '~')
			text[at] = '?';
	return tell(n, text);
}

static void on_beat(uv_timer_t *timer)
{
	tell(timer->data, "WATCHDOG=1");
}

int notify_ready(struct notify *n, const char *status)
{
	if (!n)
		return 0;
	n->ready = true;
	if (n->beat_ms > 0)
		uv_timer_start(&n->beat, on_beat, n->beat_ms, n->beat_ms);
	return tell_status(n, "READY=1\nSTATUS=", status);
}

void notify_status(struct notify *n, const char *status)
{
	if (n && n->ready && !n->stopping)
		tell_status(n, "STATUS=", status);
}

void notify_stopping(struct notify *n)
{
	if (!n || n->stopping)
		return;
	n->stopping = true;
	tell(n, "STOPPING=1\nSTATUS=stopping");
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void notify_close(struct notify *n)
{
	if (!n)
		return;
	close(n->fd);
	uv_close((uv_handle_t *)&n->beat, on_closed);
}
