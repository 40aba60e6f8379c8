/* Pure. One line of nginx's access log as it arrives by syslog, in the format "agentic" of
 * nginx/nginx.conf: kind, status, seconds in all, seconds and address of the replica.
 *
 *	<190>Nov 23 23:09:06 lb: traffic 200 1.121 1.001, 0.120 10.0.0.2:8080, 10.0.0.3:8080
 *
 * A request that was tried again lists each try ("," to the next server, ":" to the next group of
 * servers); the last one made the answer. */
#ifndef MONITOR_ACCESSLOG_H
#define MONITOR_ACCESSLOG_H

#include <stddef.h>
#include <stdint.h>

#define ACCESSLOG_BYTES_MAX   1024 /* of a datagram; nginx makes them a fourth of it */
#define ACCESSLOG_ADDRESS_MAX 63   /* bytes of an address that is believed */

enum accesslog_kind {
	ACCESSLOG_TRAFFIC, /* users */
	ACCESSLOG_STATUS,  /* the suite's own status server, but for reads of stub_status */
	ACCESSLOG_PROBE,   /* the monitor's */
	ACCESSLOG_KINDS
};

struct accesslog_line {
	enum accesslog_kind kind;
	int status;           /* 0..999; 499: the client left before there was an answer */
	uint64_t request_ms;  /* first byte of the request to last of the answer */
	int64_t upstream_ms;  /* of the last replica that was tried; -1: none, or it said nothing */
	const char *address;  /* of that replica, "ip:port", not terminated: part of the datagram */
	size_t address_bytes; /* 0: no replica was asked */
};

/* Strict: 0, or -EBADMSG for anything but exactly such a line. */
int accesslog_parse(const char *text, size_t len, struct accesslog_line *ret);

#endif
