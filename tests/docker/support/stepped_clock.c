/* Shell. Preloaded into a process, lets a test set its wall clock: it is as many seconds ahead of
 * the real one as the 64-bit number at the start of the file CLOCK_FILE says, at every moment.
 * Monotonic clocks stay as they are, as they do when a real clock is set.
 *
 * Not libfaketime, in which redis-server hangs: jemalloc asks for the time before libfaketime knows
 * how to ask.  This asks the kernel itself. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_sec; /* NULL before open_file */

__attribute__((constructor)) static void open_file(void)
{
	const char *path = getenv("CLOCK_FILE");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *there;

	if (fd < 0)
		abort();
	there = mmap(NULL, sizeof(*offset_sec), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (there == MAP_FAILED)
		abort();
	offset_sec = there;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	long status = syscall(SYS_clock_gettime, clock, ret);

	if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) &&
	    offset_sec != NULL)
		ret->tv_sec += *offset_sec;
	return (int)status;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (ret != NULL)
		*ret = now.tv_sec;
	return now.tv_sec;
}
