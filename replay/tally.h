/* Pure. What one window of the simulated service saw: the truth about its requests, and what a
 * monitor would have measured of them.  Times are nanoseconds of the virtual clock. */
#ifndef REPLAY_TALLY_H
#define REPLAY_TALLY_H

#include "monitor/window.h"
#include "replay/plant.h"

/* Of more requests completed in one window the quantiles are those of the last so many. */
#define TALLY_SAMPLES_MAX (1U << 20)

struct tally {
	double timeout_ms; /* of probes */
	double slo_sec;
	unsigned arrived, completed, failed, over;
	double completed_sec; /* sum of their latencies */

	double *latency_sec; /* of the completed; owned, like the next two */
	size_t samples, samples_cap;
	uint64_t *probes_out; /* when those were due that have neither ended nor timed out */
	size_t probes_out_n, probes_out_cap;
	struct window probes;
};

void tally_init(struct tally *, double timeout_sec);
void tally_free(struct tally *);

/* Begin a window in which up to ${probes} are sent. */
void tally_begin(struct tally *, double slo_sec, size_t probes);

void tally_arrived(struct tally *);
void tally_completed(struct tally *, double latency_sec);
void tally_failed(struct tally *);

void tally_probe_sent(struct tally *, uint64_t due_ns);

/* Its answer came; one that has timed out in an earlier window is known no more. */
void tally_probe_ended(struct tally *, uint64_t due_ns, uint64_t now_ns, bool ok);

/* End the window of ${sec} at ${now_ns}: fills of ${ret} the figures of probes, answers and
 * latencies, of ${ret}->input.traffic all but in_flight. */
void tally_close(struct tally *, uint64_t now_ns, double sec, struct plant_window *ret);

#endif
