/* Wiring. `replay tune TRACE…`: which settings are worth having on these traces. */
#ifndef REPLAY_TUNE_RUN_H
#define REPLAY_TUNE_RUN_H

#include "replay/options.h"

/* The exit status.  SIGINT and SIGTERM end the sweep; what it has is told all the same. */
int tune_run(const struct replay_options *);

#endif
