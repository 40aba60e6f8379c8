/* Pure. What one replica can carry, learned from what it was seen to carry.
 *
 * Three figures.  The service time: the smallest mean that a window had in the last ten minutes
 * while nobody queued.  The rate known to be good: the most a replica served within the objective.
 * The capacity: what a replica serves while requests pile up in front of it; unknown until that was
 * seen once, since before nothing bounds it from above.  It does not age: it is raised when more is
 * served within the objective, and lowered when the objective is missed below it. */
#ifndef PLANNER_CAPACITY_H
#define PLANNER_CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

#define CAPACITY_MINUTES 10 /* over which the service time is the minimum */

/* A value: it may be copied. */
struct capacity {
	struct {
		uint64_t minute; /* since 1970 */
		double mean_ms;  /* the smallest of that minute; 0: none */
	} service[CAPACITY_MINUTES];
	double rps;      /* NaN: unknown */
	double good_rps; /* 0 at first */

	double served_rps; /* a replica's, smoothed since the count changed */
	double steady_sec; /* since it changed */
	int ready;
	bool backlogged;           /* at the end of the last window */
	double backlogged_from;    /* requests in flight when that began */
	struct capacity_evidence { /* what a replica served while requests piled up */
		double rps;        /* on average */
		double requests;   /* how many that were */
	} jam, jams;               /* since the count changed; and ever */
	bool clear;                /* that was under a load that was clearly too high */
};

/* One window with good data. */
struct capacity_window {
	uint64_t now_ms;
	double sec;
	int ready;                         /* > 0 */
	double arrivals_rps, answered_rps; /* answered: without failures; NaN: unknown */
	double failed_share;               /* of the answers */
	double in_flight;
	double service_ms; /* mean time a replica took; NaN: unknown */
	bool over_slo;
};

void capacity_init(struct capacity *);

/* Learn from a window. */
void capacity_learn(struct capacity *, const struct capacity_window *);

/* Windows are missing: neither does the last one tell about the next. */
void capacity_gap(struct capacity *);

/* The objective was missed for some time at less than the capacity: it is a tenth lower. */
void capacity_violated(struct capacity *);

/* The service time in ms at ${now_ms}; NaN: unknown. */
double capacity_service_ms(const struct capacity *, uint64_t now_ms);

/* Requests in flight beyond those that arrivals of ${rps} keep busy (Little's law, L = lambda S)
 * and their ordinary scatter; 0 for none or where the service time is unknown. */
double capacity_backlog(const struct capacity *, uint64_t now_ms, double rps, double in_flight,
			int ready);

#endif
