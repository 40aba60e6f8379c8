/* Pure. When each request of a run is due. */
#ifndef LOAD_SCHEDULE_H
#define LOAD_SCHEDULE_H

#include "load/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_schedule {
	const struct load_options *options;
	size_t phase;
	double phase_start_sec; /* since the run began */
	double in_phase_sec;    /* of the newest random request */
	uint64_t in_phase_n;    /* requests of this phase so far */
	uint64_t random;
};

/* ${options} must stay valid. */
void load_schedule_init(struct load_schedule *, const struct load_options *options);

/* The next request: when it is due, in nanoseconds since the run began, and of which phase it is.
 * False when there is none left.  On a grid, request i of a phase is due i/rate after its start. */
bool load_schedule_next(struct load_schedule *, uint64_t *ret_due_ns, size_t *ret_phase);

#endif
