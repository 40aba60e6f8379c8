/* Pure. What a recorded service cost, what a fixed number of replicas would have cost, and how many
 * windows kept the objective: per day, in UTC. */
#ifndef REPLAY_BILL_H
#define REPLAY_BILL_H

#include "common/buf.h"
#include "replay/backtest.h"

#define BILL_DAYS_MAX 3660 /* ten years */

struct bill_day {
	long day;           /* since 1970; -1: windows without a time */
	double window_sec;  /* of all windows: what was not seen costs nothing here */
	double replica_sec; /* that ran in them */
	double fixed_sec;   /* that would have, with MAX_REPLICAS all the time */
	size_t kept, lost;  /* windows with p95 within the objective, and over it */
	size_t open;        /* windows before there was an objective */
};

struct bill {
	struct bill_day *days; /* in their order */
	size_t days_n;
	size_t passed_over; /* windows of no known length, or of one day too many */
};

/* Free with bill_free. */
void bill_init(struct bill *);
void bill_free(struct bill *);

/* One window.  The objective is TARGET_P95_MS, else what the policy of ${config} made of the
 * windows before. */
void bill_add(struct bill *, const struct policy_config *config, const struct backtest_window *);

/* All days together. */
struct bill_day bill_total(const struct bill *);

/* A line a day and one for all, with ${price} for an hour of a replica. */
void bill_text(const struct bill *, double price, int max_replicas, struct buf *out);

/* {"price":_,"max_replicas":_,"days":[{"day":"2026-11-23","hours":_,"replica_hours":_,"cost":_,
 *  "fixed_replica_hours":_,"fixed_cost":_,"saved":_,"slo_kept":_,"slo_lost":_,"slo_open":_}],
 *  "total":{"hours":_},"passed_over":_}, the total with all figures of a day. */
void bill_json(const struct bill *, double price, int max_replicas, struct buf *out);

#endif
