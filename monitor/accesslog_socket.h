/* Shell. The unix datagram socket to which nginx sends its access log. */
#ifndef MONITOR_ACCESSLOG_SOCKET_H
#define MONITOR_ACCESSLOG_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct accesslog_socket;

/* A datagram came, sent ${age_us} ago (by the kernel's wall clock; 0 where that does not tell).
 * One of more than ACCESSLOG_BYTES_MAX bytes comes as its beginning, with ${len} 0.  Valid during
 * the callback. */
typedef void accesslog_heard(const char *bytes, size_t len, uint64_t age_us, void *cookie);

/* ${path} is copied.  Nothing is heard before accesslog_socket_bind. */
struct accesslog_socket *accesslog_socket_open(uv_loop_t *, const char *path, accesslog_heard *,
					       void *cookie);
void accesslog_socket_close(struct accesslog_socket *);

/* See to it that the socket stands at its path: the first time, and whenever somebody removed it.
 * A socket that nobody holds any more gives way; whoever knows the path may send (the directory is
 * the gate).  0, or -errno: -EADDRINUSE where another process listens there, -EEXIST where
 * something stands there that is no socket. */
int accesslog_socket_bind(struct accesslog_socket *);

/* Hear now what has arrived, at most a few thousand datagrams. */
void accesslog_socket_drain(struct accesslog_socket *);

#endif
