/* Shell. The commands about recorded telemetry.  Both return the exit status, after a sentence on
 * standard error unless it is REPLAY_OK. */
#ifndef REPLAY_RECORDINGS_H
#define REPLAY_RECORDINGS_H

#include "replay/options.h"

/* `replay FILE`: decide again, beside the live decisions. */
int recordings_backtest(const struct replay_options *);

/* `replay whatif --price P FILE`: what it cost. */
int recordings_whatif(const struct replay_options *);

#endif
