/* Wiring. `replay simulate TRACE`: policies in a closed loop on a virtual clock. */
#ifndef REPLAY_SIMULATE_H
#define REPLAY_SIMULATE_H

#include "replay/options.h"

/* The exit status. */
int simulate_run(const struct replay_options *);

#endif
