/* Shell. Probes: GETs of the target on fresh connections, sent when told, several in flight. */
#ifndef MONITOR_PROBE_H
#define MONITOR_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct prober;

/* A probe ended: ${ok} for a 2xx reply within the time limit; ${latency_ms} from the moment it was
 * due. */
typedef void probe_ended(bool ok, double latency_ms, void *cookie);

/* ${url} is copied.  ${timeout_ms} counts from the moment a probe is due.  At most ${in_flight_max}
 * are out at once.  0, or -errno. */
int prober_open(uv_loop_t *, const char *url, uint64_t timeout_ms, size_t in_flight_max,
		probe_ended *, void *cookie, struct prober **ret);
void prober_close(struct prober *);

/* Send the probe that was due at ${due_us} (uv_hrtime() / 1000).  False, and nothing is sent or
 * reported, when that was longer ago than the time limit or in_flight_max are out: this process
 * came too late for it, which says nothing about the service. */
bool prober_send(struct prober *, uint64_t due_us);

/* How many were sent so far, and how many of these are still out. */
uint64_t prober_sent(const struct prober *);
uint64_t prober_out(const struct prober *);

/* How long each probe in flight has been due, in ms: at most ${cap} of them; returns how many. */
size_t prober_in_flight_ms(const struct prober *, double *ret, size_t cap);

#endif
