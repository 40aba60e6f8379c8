/* Pure. The page of nginx's stub_status. */
#ifndef MONITOR_STUB_STATUS_H
#define MONITOR_STUB_STATUS_H

#include <stdint.h>

/* Counters are since nginx started and survive a reload, not a restart.  A page counts the request
 * that asks for it: in requests and in writing. */
struct stub_status {
	uint64_t active;                     /* connections, the idle ones too */
	uint64_t accepts, handled, requests; /* counters */
	uint64_t reading;                    /* requests whose header is not all there */
	uint64_t writing;                    /* requests under way from there to their last byte */
	uint64_t waiting;                    /* idle connections */
};

/* 0, or -EBADMSG where ${text} is not such a page. */
int stub_status_parse(const char *text, struct stub_status *ret);

#endif
