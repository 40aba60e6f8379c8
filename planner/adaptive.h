/* Pure. The adaptive policy's own: what it remembers of a target, and what it makes of a window
 * before it decides. */
#ifndef PLANNER_ADAPTIVE_H
#define PLANNER_ADAPTIVE_H

#include "planner/arrivals.h"
#include "planner/capacity.h"
#include "planner/futility.h"
#include "planner/hold.h"
#include "planner/latency.h"
#include "planner/pending.h"
#include "planner/policy_impl.h"

/* Two windows at twice the objective, or longer nearer to it. */
#define ADAPTIVE_BREACH_ALARM 2.0
#define ADAPTIVE_FAILED_SOME  0.05 /* of the answers; with more nobody goes down */

#define ADAPTIVE_REVERSALS 16 /* remembered: with more an hour the hold is at its longest anyway */

/* One window, seen with all that is remembered. */
struct adaptive_view {
	uint64_t now_ms;
	double window_sec;
	const char *bad; /* why its data are not to be trusted; NULL: they are */
	double failed_share;
	bool answers; /* few enough failed */

	int wanted; /* by the last plan */
	int have;   /* the count that is, or will be when what is pending is there */
	int ready;  /* in rotation, at least 1 */

	struct latency probes, requests;
	double excess; /* the worse of the two; 1: at the objective */
	bool over, warm;
	bool breached; /* strongly, or for long */

	bool loaded; /* arrivals are known */
	struct arrivals_estimate load;
	double answered_rps;             /* without failures */
	double service_ms, capacity_rps; /* NaN: unknown */
	double good_rps;
	double most_rps; /* that a replica was seen to serve, well or now; 0: unknown */
	double backlog;
	double utilisation; /* NaN: unknown */
	bool known;         /* the load can be turned into a count */
	bool lacking;       /* it takes more than there are */
	int need;           /* replicas that it takes, with margin; 0: unknown */
	int keep;           /* replicas of which fewer are not safe to stay with */
	bool futile_now;
};

/* What is remembered of a target. */
struct adaptive {
	struct baseline *probes, *requests; /* p95 of windows without overload */
	bool low[MESSAGE_LOW_MAX]; /* which of the last LOW_NEED_N were near the baseline */
	int low_n;
	double near_share; /* of windows near the baseline, lately */
	double breach;     /* how much and how long the objective was missed */
	double backlog;    /* of the window before, like the next */
	bool was_over;

	struct arrivals arrivals;
	struct capacity capacity;
	struct hold hold;
	struct futility futility;
	struct pending pending;

	bool begun;
	uint64_t last_ms;      /* the window before */
	double usual_requests; /* probes a window; NaN: not known yet */
	bool had_traffic;
	uint64_t traffic_ms; /* when there was traffic data last */

	bool went_up, went_down;
	uint64_t up_ms, down_ms;
	uint64_t reversals_ms[ADAPTIVE_REVERSALS]; /* up soon after down; a ring */
	unsigned reversals_n;

	struct adaptive_view view; /* of the window that is decided about */
};

/* Take the window into ${memory} and look at it: memory->view. */
void adaptive_observe(struct adaptive *memory, const struct policy_config *, uint64_t now_ms,
		      const struct policy_input *, int wanted);

/* How long a lower count has to have been enough before it is gone down to, in ms. */
uint64_t adaptive_hold_ms(const struct adaptive *, const struct policy_config *);

/* Changes of direction within the last hour. */
int adaptive_reversals(const struct adaptive *, uint64_t now_ms);

#endif
