/* Pure. Receipts: what users' requests met while a plan was carried out.
 *
 * What ended when is kept for some minutes, in ticks of a tenth of a second.  A result that did
 * something is then looked up: all users' requests that ended from the begin of its duration to
 * RECEIPT_TAIL_MS after it, so that those that were under way are among them.  More replicas are
 * done when they are in rotation, which comes after the result.
 *
 * Nobody vouches for what he did not see.  Nothing was seen before the first line of the access
 * log came, nor what was forgotten since; a result that lies before that gets no receipt, and of
 * one that reaches into it the receipt says so.  Lines lost on the way are known by stub_status, so
 * a receipt waits for a reading behind its end, but not for long.
 *
 * Memory has a maximum, and so has the number of receipts that wait: who floods the channel gets no
 * receipts for it. */
#ifndef MONITOR_RECEIPT_H
#define MONITOR_RECEIPT_H

#include "common/message.h"
#include "monitor/accesslog.h"

#include <stdbool.h>
#include <stdint.h>

#define RECEIPT_TICK_MS         100
#define RECEIPT_TICKS           4096 /* kept, of those in which something ended: 7 min or more */
#define RECEIPT_TAIL_MS         3000
#define RECEIPT_ROTATION_MAX_MS 60000 /* waited for new replicas to be in rotation */
#define RECEIPT_READING_MAX_MS  10000 /* waited for a reading of stub_status */
#define RECEIPT_WAITING_MAX     32

/* One moment by two clocks: a monotonic one, by which all is kept, and seconds since 1970, which
 * are on the wire. */
struct receipt_moment {
	uint64_t us;
	double sec;
};

struct receipts;

/* Of the service ${target}. */
struct receipts *receipts_new(const char *target);
void receipts_free(struct receipts *);

/* A request ended at ${at_us}. */
void receipts_ended(struct receipts *, const struct accesslog_line *, uint64_t at_us);

/* stub_status was read at ${at_us}; ${lost} lines are newly known to be lost.  Not ${follows}:
 * there is nothing to compare it with, so of the time before nothing is known. */
void receipts_measured(struct receipts *, uint64_t at_us, bool follows, uint64_t lost);

/* The watcher said at ${at_sec} that ${ready} replicas are in rotation. */
void receipts_rotation(struct receipts *, int ready, double at_sec,
		       const struct receipt_moment *now);

/* A result was heard.  One of the target that did something, or tried to, gets a receipt later.
 * False: not this one, since too many wait. */
bool receipts_ask(struct receipts *, const struct message_result *,
		  const struct receipt_moment *now);

/* There is a receipt of ${plan} already. */
void receipts_given(struct receipts *, const char *plan);

/* How many wait. */
size_t receipts_waiting(const struct receipts *);

/* One that is due, all of it but its id and ts.  Call it again until it returns false. */
bool receipts_take(struct receipts *, const struct receipt_moment *now,
		   struct message_receipt *ret);

#endif
