/* Shell. A recording read from a file, line by line; memory does not grow with it. */
#ifndef PLANNER_PLAYBACK_H
#define PLANNER_PLAYBACK_H

#include "planner/recording.h"

#include <stdio.h>

/* No recording has longer lines, not even broken ones: whoever sends one sends no lines. */
#define PLAYBACK_LINE_MAX ((size_t)16 << 20)

struct playback {
	size_t lines, malformed;
};

/* Take one message in.  0; -EBADMSG with a sentence: then its line counts as malformed; or another
 * -errno, to end the reading. */
typedef int playback_take(const struct recorded *, void *cookie, struct message_error *ret_error);

/* Hand all messages of ${in} to ${take}.  Malformed lines are passed over, counted in ${ret}, and
 * the first few named by number on ${err}.
 *
 * 0; -EBADMSG when more than ${malformed_max} (a share) of the lines are malformed, found as
 * early as that is past doubt; -EFBIG when a line does not end; why ${in} cannot be read, or what
 * ${take} ended it with. */
int playback_run(FILE *in, FILE *err, double malformed_max, playback_take *take, void *cookie,
		 struct playback *ret);

#endif
