/* Pure. Whether adding replicas helps: each addition made against high latency is judged by what it
 * did, and after some that did nothing no more are made. */
#ifndef PLANNER_FUTILITY_H
#define PLANNER_FUTILITY_H

#include <stdbool.h>
#include <stdint.h>

/* A value: it may be copied; zeroed, nothing was added yet. */
struct futility {
	bool watching; /* an addition has not been judged yet */
	bool there;    /* its replicas are ready, since: */
	uint64_t there_ms;
	double excess_before; /* p95 over the objective when it was made */
	double load_before;   /* arrivals a second then; NaN: unknown */
	double excess_sum;    /* of the windows it is judged by */
	int excess_n;

	int fruitless;       /* additions in a row that did not lower p95 */
	int base;            /* replicas before the first of them */
	double capacity_rps; /* believed then */
	bool declared;       /* there were enough of them */
	uint64_t declared_ms;
	int calm; /* windows in a row within the objective */
};

/* ${replicas} become more because of latency, which is ${excess} times the objective at ${load}
 * arrivals a second (NaN: unknown); ${capacity_rps} is what is believed of a replica. */
void futility_added(struct futility *, int replicas, double excess, double load,
		    double capacity_rps);

/* The last addition did not come about: there is nothing to judge. */
void futility_cancel(struct futility *);

/* A window: latency was ${excess} times the objective; ${there}: all wanted replicas are ready.
 * ${limit} fruitless additions in a row declare it, 0: never.  True when that happened now. */
bool futility_window(struct futility *, uint64_t now_ms, double excess, double load, bool there,
		     int limit);

#endif
