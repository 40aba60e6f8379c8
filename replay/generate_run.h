/* Shell. `replay trace --kind KIND`: a made-up trace on standard output. */
#ifndef REPLAY_GENERATE_RUN_H
#define REPLAY_GENERATE_RUN_H

#include "replay/options.h"

/* The exit status. */
int generate_run(const struct replay_options *);

#endif
