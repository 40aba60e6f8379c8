/* Pure. What would have changed a decision, found by asking the policy itself about windows that
 * did not happen. */
#ifndef PLANNER_WHATIF_H
#define PLANNER_WHATIF_H

#include "planner/policy.h"

#include <stddef.h>

#define WHATIF_MAX         6
#define WHATIF_WINDOWS_MAX 6 /* no further ahead is looked */
#define WHATIF_TEXT_MAX    160

/* "Would ${action} if ${quantity} were at ${bound} for ${windows} windows": the window decided
 * about and windows - 1 more like it but for that, of which only the last decides so.  Numbers of 3
 * significant digits are tried; with the next one on the other side of the bound it would not. */
struct whatif {
	enum message_action action;
	const char *quantity; /* "p95_ms", "arrivals_rps" … */
	bool at_least;        /* and over the bound; else under it */
	double bound;
	int windows; /* 1: the window decided about itself */
};

/* ${before} is the state before ${decision} was taken on ${input} at ${now_ms}.  A noop may turn
 * into an action within WHATIF_WINDOWS_MAX windows, an action into something else in its own.
 * Fills ${ret}, one an action, quantity and direction, fewest windows first; returns how many. */
size_t whatif_find(const struct policy_state *before, const struct policy_config *, uint64_t now_ms,
		   const struct policy_input *input, const struct policy_decision *decision,
		   struct whatif ret[WHATIF_MAX]);

/* ${input} with ${quantity} set to ${value}, as whatif_find does; false: no such quantity or it is
 * not in this input.
 *   p95_ms        of probes, and of traffic where it is known; the medians and means beside it stay
 *                 at or below it, p99 at or above
 *   arrivals_rps  of traffic, with completions and requests in flight in proportion
 *   success_rate  of probes, and the share of errors in traffic where it is known */
bool whatif_set(struct policy_input *input, const char *quantity, double value);

/* "would scale up if p95 >= 412 ms for this window and 1 more" */
void whatif_text(const struct whatif *, char ret[WHATIF_TEXT_MAX]);

#endif
