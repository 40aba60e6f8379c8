/* Pure. How good the advice was: every verdict is kept beside what the heuristic decided and judged
 * SCORECARD_WINDOWS windows later by what happened.
 *
 * What happened is what the policy itself came to want, and how often p95 was over the objective.
 * Only one of the two opinions was tried, so the table in scorecard.c rules apart on verdicts that
 * were followed and those that were not (shadow mode, the envelope, a state that had passed): an
 * outcome condemns or credits advice only where the other course could not have led to it as well.
 * The rest is neutral. */
#ifndef PLANNER_SCORECARD_H
#define PLANNER_SCORECARD_H

#include "common/message.h"
#include "planner/policy.h"

#define SCORECARD_WINDOWS 20 /* after which a verdict is judged */
#define SCORECARD_OPEN    32 /* verdicts that wait for it; the oldest goes unjudged beyond */

/* Harmful ones in a row that end the trust in it.  Only a helpful one breaks the row: where it
 * agrees with the heuristic, following it gains nothing that demotion would lose. */
#define SCORECARD_DEMOTE 3

struct scorecard;

struct scorecard *scorecard_new(void);
void scorecard_free(struct scorecard *);

/* A verdict came in, to be heard by the next window.  Others than verdicts are counted, no more. */
void scorecard_advice(struct scorecard *, const struct message_advice *);

/* One more window was decided about.  Verdicts that it completes are judged: up to ${cap} of them
 * in ${ret} (without id, target and ts), the number returned; more wait for the next window.
 *
 * Their windows and slo_windows are those with good data, their replica_sec lasts until the policy
 * itself moved the count, and counts one replica a step where the advice was not followed. */
size_t scorecard_window(struct scorecard *, const struct policy_input *,
			const struct policy_decision *, struct message_judged *ret, size_t cap);

struct scorecard_totals {
	unsigned verdicts, abstained, failed;
	unsigned judged[4];          /* by enum message_judgement */
	double cost_usd, latency_ms; /* sums; of those known */
	unsigned tokens_in, tokens_out;
	unsigned harmful_in_a_row;
	bool demoted; /* from advise to shadow, until the planner is started without this record */
};
const struct scorecard_totals *scorecard_totals(const struct scorecard *);

#endif
