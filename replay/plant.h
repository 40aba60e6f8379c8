/* Pure. A service to try policies on: a discrete-event model of a load balancer (least connections,
 * round robin among equals) in front of replicas with a fixed number of slots, on a virtual clock,
 * with what a monitor would measure.  The same seed gives the same run, and the same requests with
 * the same work whatever is done about the replicas. */
#ifndef REPLAY_PLANT_H
#define REPLAY_PLANT_H

#include "planner/policy.h"

#include <stdint.h>

#define PLANT_REQUESTS_MAX (1U << 20) /* in flight at a time; more are answered 503 at once */

enum plant_service { PLANT_FIXED, PLANT_EXPONENTIAL, PLANT_LOGNORMAL };

struct plant_config {
	enum plant_service service;
	double service_sec; /* mean time a slot takes for a request; > 0 */
	double service_cv;  /* lognormal: standard deviation over mean */
	int slots;          /* >= 1: requests a replica answers at once; others wait in its queue */
	double startup_sec; /* from wanted to in rotation */
	double timeout_sec; /* of probes; clients wait as long as it takes */
	double probes_per_s;
	bool telemetry; /* whether there is traffic data in the windows */
	int queue_max;  /* requests waiting at one replica; more are answered 503 at once; 0: no end
			   but PLANT_REQUESTS_MAX */
};

/* What goes wrong now; may be changed between windows.  All zero: nothing.  It strikes requests
 * that arrive, and replicas that are started, while it lasts; but a hang stops all. */
struct plant_fault {
	double extra_sec;     /* every request takes so much longer, whatever the replicas (a slow
				 dependency that keeps no slot busy) */
	double service_scale; /* slots take so many times as long; 0 counts as 1 */
	double slow_share, slow_sec; /* likewise so much longer for this share of requests */
	double failed_share;         /* answered 502 at once */
	bool hung; /* no replica answers; when it ends, all go on from where they stood */
	double start_failed_share; /* replicas that never become ready; they run until taken away */
};

struct plant;

struct plant *plant_new(const struct plant_config *, uint64_t seed, int replicas);
void plant_free(struct plant *);

/* The executor's part: keep ${replicas} (at most MESSAGE_COUNT_MAX) from now on.  More are ready
 * after startup_sec; fewer leave rotation at once, newest first, and finish what they have.  With
 * none in rotation requests are answered 502 at once. */
void plant_want(struct plant *, int replicas);

/* Take away whoever was started ${older_sec} ago and is not ready yet; the count is kept by
 * starting anew, as the executor does when a start took too long. */
void plant_retry(struct plant *, double older_sec);

void plant_set_fault(struct plant *, const struct plant_fault *);

struct plant_window {
	uint64_t now_ms; /* virtual time at its end; begins at 1,000,000,000,000 */

	/* As a monitor would report it: replicas that leave are not counted, and latencies of
	 * traffic are those of the completed. */
	struct policy_input input;

	/* The truth about real requests (probes apart) that ended in it: */
	unsigned arrived, completed, failed;
	unsigned over;  /* of them, slower than slo_sec or failed */
	double p95_sec; /* of the completed; where none was, of how long those in flight are out;
			   0 without either */
	double replica_sec; /* of running replicas, ready, starting or leaving */
	double ready_sec;
	double busy_sec;    /* of slots at work, probes included */
	double request_sec; /* of real requests in flight */
	size_t queued;      /* waiting for a slot at its end */
};

/* Run on for ${sec} > 0 seconds with Poisson arrivals of mean ${arrivals_rps} >= 0.  What is due at
 * the very end of a window happens in the next, but replicas due then are ready. */
void plant_run(struct plant *, double sec, double arrivals_rps, double slo_sec,
	       struct plant_window *ret);

#endif
