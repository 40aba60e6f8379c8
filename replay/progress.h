/* Shell. A progress bar on standard error, where that is a terminal; else nothing. */
#ifndef REPLAY_PROGRESS_H
#define REPLAY_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool shown;
	double total;
	uint64_t begun_ms, drawn_ms;
};

/* ${total} > 0 of whatever is to be done. */
void progress_begin(struct progress *, double total);

/* So much is ${done}; drawn a few times a second at most. */
void progress_update(struct progress *, double done);

/* Wipe the line. */
void progress_end(struct progress *);

#endif
