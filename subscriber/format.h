/* Pure. Messages as lines: aligned columns for people, JSON for programs. */
#ifndef SUBSCRIBER_FORMAT_H
#define SUBSCRIBER_FORMAT_H

#include "common/buf.h"
#include "common/message.h"
#include "subscriber/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORMAT_LINE_MAX 1024 /* bytes of a line for people, about */

struct format {
	bool json;          /* JSON lines */
	bool color;         /* with ANSI colours */
	bool verbose;       /* noop plans too */
	const char *target; /* of messages that name none */
	unsigned folded;    /* noop plans left out since the last that was printed; start at 0 */
};

/* Append one message as a line (for people: nothing for a noop plan that is folded) to ${out}.
 *
 * The JSON line is {"channel":"alerts","heard_ts":…,"message":…} with ${time_ms} in seconds and
 * the text as it came, its line breaks made blanks (all bytes below 0x20, which stand for
 * themselves nowhere else in JSON): any object on a channel can be recorded, and be read again.
 *
 * For people the time is UTC, by the message's own "ts", else ${time_ms}.  On a channel that is
 * not one of the suite's the text stands as it is.  Control characters never get through.
 *
 * 0, or -EBADMSG with a sentence in ${ret_error} and nothing appended. */
int format_message(struct format *, const char *channel, const char *text, size_t len,
		   uint64_t time_ms, struct buf *out, struct message_error *ret_error);

/* Append what ${plan} did to the ledger; for programs as
 * {"channel":"ledger","message":{"ts":…,"id":"<the plan's>","action":"scale_up","target":"app",
 * "replicas_before":2,"replicas_after":4}}. */
void format_step(const struct format *, const struct message_plan *plan, uint64_t time_ms,
		 const struct ledger_step *, struct buf *out);

#endif
