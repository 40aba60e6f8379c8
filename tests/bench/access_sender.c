/* Shell. Sends lines of nginx's access log to a monitor at a steady rate, one system call each as
 * nginx does it: access_sender SOCKET LINES_PER_SEC SECONDS.  Prints how many the socket took, and
 * how many it refused because its queue was full. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum { NS_PER_SEC = 1000000000, REPLICAS = 6 };

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

static void wait_until(long long due_ns)
{
	struct timespec due = {due_ns / NS_PER_SEC, due_ns % NS_PER_SEC};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
		;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: %s SOCKET LINES_PER_SEC SECONDS\n", argv[0]);
		return 2;
	}

	int fd = connect_to(argv[1]);
	long long rate = atoll(argv[2]), n = rate * atoll(argv[3]), taken = 0;
	long long begin_ns = now_ns();
	char line[128];

	for (long long i = 0; i < n; i++) {
		long long due_ns = begin_ns + i * (NS_PER_SEC / rate);
		int len = snprintf(
			line, sizeof(line),
			"<190>Nov 23 23:09:06 lb: traffic 200 0.%03lld 0.%03lld 10.0.0.%lld:8080",
			100 + i % 97, 99 + i % 97, 2 + i % REPLICAS);

		if (now_ns() < due_ns)
			wait_until(due_ns);
		taken += send(fd, line, (size_t)len, 0) == len;
	}
	printf("%lld %lld\n", taken, n - taken);
	return 0;
}
