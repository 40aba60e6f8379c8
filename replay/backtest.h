/* Pure. Recorded telemetry decided about again, by the planner's own objects.
 *
 * Every message is folded as the planner folded it then, results and advice too, so with the
 * settings of the run that was recorded each plan is the same text but for its id and ts.  With
 * other settings each decision is what would have been decided in the place of the live one: what
 * was measured, and how many replicas ran, stays as it was. */
#ifndef REPLAY_BACKTEST_H
#define REPLAY_BACKTEST_H

#include "planner/fold.h"
#include "planner/recording.h"

#include <stdbool.h>
#include <stdint.h>

enum backtest_match {
	BACKTEST_ALONE,   /* there is no live decision to compare with */
	BACKTEST_SAME,    /* the same text */
	BACKTEST_FIGURES, /* the same action and count, for other reasons or by other figures */
	BACKTEST_DIFFERS,
};
#define BACKTEST_MATCHES (BACKTEST_DIFFERS + 1)

/* One window, decided about again. */
struct backtest_window {
	const struct message_alert *alert;
	const struct brain_decided *decided;
	const struct message_plan *plan; /* id and ts are those of the live one */
	const char *text;                /* the plan as it would be published */
	const struct message_plan *live; /* NULL: BACKTEST_ALONE */
	const char *live_text;
	enum backtest_match match;
};

typedef void backtest_report(const struct backtest_window *, void *cookie);

struct backtest_options {
	const struct policy_config *policy; /* must stay */
	const char *target;                 /* TARGET of the planner; must stay */

	bool plans; /* to make them and compare them; without it the rest of a window is 0 */
	bool whole; /* those too that there is no live one for: what would have changed a decision,
		       which a plan tells, costs some more runs of the policy */

	backtest_report *on_window; /* in the order of the recording */
	void *cookie;
};

struct backtest;

struct backtest *backtest_new(const struct backtest_options *);
void backtest_free(struct backtest *);

/* The next message of the recording.  0, or -EBADMSG with a sentence. */
int backtest_take(struct backtest *, const struct recorded *, struct message_error *ret_error);

/* There are no more: decide about what waited for a live plan. */
void backtest_end(struct backtest *);

/* Alerts that were not decided about, for there were more targets than the planner remembers. */
size_t backtest_refused(const struct backtest *);

#endif
