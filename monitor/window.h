/* Pure. When probes are due, and what a window of them says.
 *
 * Probe k is due at origin + k * interval / probes and windows end at origin + w * interval, on a
 * fixed grid: a slow service delays neither.  A probe belongs to the window in which it ends.
 * Shortly before each end nginx is read.  All times are microseconds of one monotonic clock. */
#ifndef MONITOR_WINDOW_H
#define MONITOR_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window_grid {
	uint64_t origin_us;
	uint64_t interval_us;
	uint64_t probes;     /* per window, >= 1 */
	uint64_t next_probe; /* number of the first probe not yet sent */
	uint64_t next_close; /* number of the first window end not yet reached, >= 1 */
	uint64_t next_read;  /* number of the window end that nginx is next read before */
};

enum window_event { WINDOW_PROBE, WINDOW_READ, WINDOW_CLOSE };

/* A grid that begins at ${now_us}: the first probe is due at once. */
void window_grid_start(struct window_grid *, uint64_t now_us, uint64_t interval_us,
		       uint64_t probes);

uint64_t window_grid_probe_due_us(const struct window_grid *);
uint64_t window_grid_close_due_us(const struct window_grid *);

/* min(100 ms, a fifth of the window) before the window ends, or where that is near a probe half
 * way between two: none is then on its way to nginx, counted here and not yet there. */
uint64_t window_grid_read_due_us(const struct window_grid *);

/* What is due next, and when.  It stays so until window_grid_pass. */
enum window_event window_grid_next(const struct window_grid *, uint64_t *ret_due_us);
void window_grid_pass(struct window_grid *, enum window_event);

/* After this process itself slept (stopped, starved) beyond a whole window, the probes it did not
 * send say nothing about the service: begin anew at ${now_us}.  True when that was done. */
bool window_grid_realign(struct window_grid *, uint64_t now_us);

/* Whether a probe that ended after ${latency_ms} tells anything: not when that is more than a
 * window beyond its time limit, since then this process slept and cannot know when the answer came.
 */
bool window_grid_trusts(const struct window_grid *, double latency_ms, double timeout_ms);

/* The probes that ended in the current window. */
struct window {
	double *latency_ms; /* owned */
	size_t n, cap;
	size_t ok; /* of these, answered 2xx in time */
};

struct window_summary {
	int requests;
	double success_rate;
	double avg_ms, p50_ms, p95_ms, p99_ms;
};

/* Room for ${cap} >= 1 probes; further ones in the same window are not counted. */
void window_init(struct window *, size_t cap);
void window_free(struct window *);

/* Count one probe: its latency from the moment it was due or, where it failed (no answer in time,
 * refused, not 2xx), ${timeout_ms}, so that a fast 502 never looks like a fast reply. */
void window_add(struct window *, bool ok, double latency_ms, double timeout_ms);

/* Sum up and begin the next window.  Where no probe ended (a service that hangs, an interval
 * shorter than the timeout) the figures are those of ${in_flight_ms}, how long the ${in_flight_n}
 * probes have been out: lower bounds, with requests and success rate 0.  Both empty: zeroes. Sorts
 * ${in_flight_ms}. */
void window_close(struct window *, double *in_flight_ms, size_t in_flight_n,
		  struct window_summary *ret);

#endif
