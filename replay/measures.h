/* Pure. How well a run went: what is reported of a policy, by the measures of SPEC RG Cloud
 * (N. Herbst et al., 2018) and the two that matter most to who waits and who pays. */
#ifndef REPLAY_MEASURES_H
#define REPLAY_MEASURES_H

#include "replay/plant.h"

#include <stdbool.h>
#include <stddef.h>

#define MEASURES_TAIL_SHARE 0.05 /* the objective is for p95: so many may miss it */

/* One run.  Shares are 0 to 1; NaN where there was nothing to measure. */
struct sim_measures {
	double psi_w; /* share of windows with p95 over the objective */
	double cost;  /* replica-hours over what the oracle, who always has what is needed, pays */
	double psi;   /* share of requests over the objective or failed */
	double theta_u;              /* missing replicas over needed ones, mean over time */
	double theta_o;              /* replicas too many over needed ones, likewise */
	double tau_u, tau_o;         /* share of the time with too few, with too many */
	double replica_hours;        /* of running replicas: starting, ready, leaving */
	double oracle_replica_hours; /* of needed ones */
	double adaptations_per_hour; /* changes of the wanted count */
	double ups, downs;
	double reversals_per_hour; /* changes in the other direction than the one before */
	double settled_sec;        /* when the last change was; 0: there was none */
	double windows, requests, failed;
};

/* One figure of them, for whoever prints all. */
struct measure {
	const char *name;
	const char *label; /* a column's head */
	size_t offset;     /* of a double in struct sim_measures */
	double scale;      /* to show it in ${unit} */
	const char *unit;  /* "%", "h", … or "" */
	int digits;        /* decimals */
	const char *help;
};

extern const struct measure measures_all[]; /* ends with a row whose name is NULL */

double measure_value(const struct measure *, const struct sim_measures *);

/* One window: the truth about it, and how many replicas were needed and are wanted after it. */
struct measures_window {
	const struct plant_window *seen;
	double sec, slo_sec;
	int needed; /* > 0 */
	int wanted;
};

/* Whether its p95 was over the objective, those that failed taken as slower than any: more than one
 * in 20 of those that ended missed it.  Where none ended, those in flight are out for longer. */
bool measures_over(const struct plant_window *, double slo_sec);

/* Sums over a run; all zero but for wanted: nothing yet. */
struct measures {
	double sec, under_sec, over_sec; /* all, with too few, with too many */
	double missing_sec, spare_sec;   /* in shares of what was needed */
	double replica_sec, needed_sec;
	double windows, windows_over;
	double requests, requests_over, failed;
	double ups, downs, reversals;
	double changed_sec; /* when the last change was */
	int direction;      /* of the last change: 1, -1; 0: none yet */
	int wanted;
};

void measures_begin(struct measures *, int wanted);
void measures_add(struct measures *, const struct measures_window *);
struct sim_measures measures_end(const struct measures *);

/* Figure by figure over ${n} >= 1 runs: the median, and the highest, which is the worst of all that
 * are good when low.  NaN where one is. */
struct sim_measures measures_median(const struct sim_measures *, size_t n);
struct sim_measures measures_worst(const struct sim_measures *, size_t n);

#endif
