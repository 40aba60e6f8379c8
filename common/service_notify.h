/* Shell. Telling the supervisor that started this process how it is: sd_notify(3) without
 * libsystemd, a datagram of lines NAME=value to the socket that NOTIFY_SOCKET names.  Where nobody
 * listens, nothing is sent, and nobody is kept waiting: what does not fit is dropped. */
#ifndef COMMON_SERVICE_NOTIFY_H
#define COMMON_SERVICE_NOTIFY_H

#include <uv.h>

/* What the environment says of it; NULL where it says nothing.  The strings must stay valid. */
struct notify_environment {
	const char *socket; /* NOTIFY_SOCKET: a path, or "@name" in the abstract namespace */
	const char
		*watchdog_usec;   /* WATCHDOG_USEC: the process is killed when silent for so long */
	const char *watchdog_pid; /* WATCHDOG_PID: who is meant by that; not set: this process */
};

struct notify;

/* 0 and ${ret}; NULL in it where no supervisor listens.  -EINVAL where NOTIFY_SOCKET is neither
 * kind of address, -ENAMETOOLONG, or -errno of socket(2). */
int notify_open(uv_loop_t *, const struct notify_environment *, struct notify **ret);

/* The first sends READY=1, and from then on WATCHDOG=1 at half of the time that the watchdog gives,
 * from the loop: a loop that stands still is silent.  ${status}, a line for people, goes along.
 * -errno where it could not be sent. */
int notify_ready(struct notify *, const char *status);
void notify_status(struct notify *, const char *status);

/* STOPPING=1, once.  The watchdog still hears of the process until notify_close. */
void notify_stopping(struct notify *);

/* Its handle closes with the loop's next turn, and ${n} is freed then.  Of NULL, these four do
 * nothing. */
void notify_close(struct notify *n);

#endif
