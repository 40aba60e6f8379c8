/* Pure. Recorded telemetry: the lines that `subscriber --json` prints, or alerts as they stand on
 * their channel, one a line. */
#ifndef PLANNER_RECORDING_H
#define PLANNER_RECORDING_H

#include "common/message.h"

#include <stddef.h>
#include <stdint.h>

#define RECORDING_LINE_MAX (MESSAGE_BYTES_MAX + 256) /* a message and what is put around it */

struct recorded {
	const char *channel; /* CHANNEL_ALERTS and the like */
	char *text;          /* the message, as it would come on it; the caller frees it */
	size_t len;
	uint64_t heard_ms; /* since 1970: when whoever recorded it heard it; 0: not recorded */
};

/* Read one ${line} of ${len} bytes, with or without its line break; beyond RECORDING_LINE_MAX it is
 * not looked at.  0; -ENOMSG for what is none of the suite's messages (a blank line, a line of
 * another channel); -EBADMSG for a broken line, with a sentence in ${ret_error}. */
int recording_read(const char *line, size_t len, struct recorded *ret,
		   struct message_error *ret_error);

#endif
