/* Shell. --healthcheck: one blocking question to the running daemon's /healthz, over a plain
 * socket, so that no program needs an HTTP client for it. */
#include "common/service_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define WAIT_SEC 2

static int connect_to(const char *bind, int port)
{
	const struct timeval wait = {.tv_sec = WAIT_SEC};
	struct sockaddr_storage address;
	int fd;

	/* 0.0.0.0 and :: stand for this machine in connect(2), too. */
	if (uv_ip4_addr(bind, port, (struct sockaddr_in *)&address) != 0 &&
	    uv_ip6_addr(bind, port, (struct sockaddr_in6 *)&address) != 0)
		return -EINVAL;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int err = errno;

		close(fd);
		return err == EINPROGRESS ? -ETIMEDOUT : -err;
	}
	return fd;
}

/* The status of the reply, or -errno. */
static int ask(int fd)
{
	static const char protocol[] = "HTTP/1.1 ";
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
				      "Connection: close\r\n\r\n";
	char reply[64] = "";
	size_t len = 0;
	long status;

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	while (len < strlen("HTTP/1.1 200 ")) {
		ssize_t n = recv(fd, reply + len, sizeof(reply) - 1 - len, 0);

		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n == 0)
			return -EPROTO;
		len += (size_t)n;
	}
	if (strncmp(reply, protocol, strlen(protocol)) != 0)
		return -EPROTO;
	status = strtol(reply + strlen(protocol), NULL, 10);
	return status >= 100 && status <= 599 ? (int)status : -EPROTO;
}

int service_healthcheck(const char *daemon, const char *bind, int port)
{
	int fd = connect_to(bind, port);
	int status = fd;

	if (fd >= 0) {
		status = ask(fd);
		close(fd);
	}
	if (status == 200) {
		printf("%s: healthy\n", daemon);
		return 0;
	}
	if (status >= 0)
		fprintf(stderr, "%s: unhealthy: /healthz answered %d\n", daemon, status);
	else
		fprintf(stderr, "%s: unhealthy: %s port %d: %s\n", daemon, bind, port,
			strerrordesc_np(-status));
	return 1;
}
