/* Pure. What the planner knows of one target: a fold over its alerts, the executor's results and
 * the advice, in the order of the streams.  The planner, `planner --explain` and the replay tool
 * fold by these functions alone, so they cannot disagree. */
#ifndef PLANNER_BRAIN_H
#define PLANNER_BRAIN_H

#include "common/message.h"
#include "planner/llm.h"
#include "planner/scorecard.h"
#include "planner/whatif.h"

struct brain;

/* ${config} must stay valid.  Free with brain_free (NULL is fine). */
struct brain *brain_new(const struct policy_config *config);
void brain_free(struct brain *);

struct brain_decided {
	uint64_t heard_ms; /* as brain_alert was told */
	uint64_t now_ms;   /* the clock of the law: when the window closed */
	struct policy_input input;
	struct policy_decision decision;
	const struct message_advice *advice; /* that this window was decided with, followed or not;
						valid until the next call; NULL: none */
	bool shadowed;                       /* advice was there and not to be followed */

	struct whatif would[WHATIF_MAX]; /* only where asked for */
	size_t would_n;

	struct message_judged judged[4]; /* verdicts that this window completed */
	size_t judged_n;
	struct scorecard_totals record; /* of the advisor so far */
};

/* Decide about ${alert}, heard at ${heard_ms} (since 1970; its ts wins).  With ${explain} also what
 * would have changed the decision, which costs some more runs of the policy. */
void brain_alert(struct brain *, const struct message_alert *alert, uint64_t heard_ms, bool explain,
		 struct brain_decided *ret);

/* What the executor did. */
void brain_result(struct brain *, const struct message_result *);

/* What the advisor said: a verdict is heard by the next window, a demoted advisor's is not. */
void brain_advice(struct brain *, const struct message_advice *);

/* A plan that was made earlier, read back.  Only the first counts: what it estimated stands for all
 * alerts before those that are left, and what came after it is folded from these. */
void brain_plan(struct brain *, const struct message_plan *);

/* The question about the last window; false before the first. */
bool brain_question(const struct brain *, struct llm_question *ret);

const struct scorecard_totals *brain_scorecard(const struct brain *);

#endif
