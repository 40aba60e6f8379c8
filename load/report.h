/* Pure. What a run of the load generator has measured, and how it is told. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "common/buf.h"
#include "load/options.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

enum load_outcome {
	LOAD_OK, /* 2xx */
	LOAD_STATUS_3XX,
	LOAD_STATUS_4XX,
	LOAD_STATUS_5XX,
	LOAD_REFUSED,
	LOAD_RESET, /* or ended before the reply was whole; on a reused connection too */
	LOAD_TIMEOUT,
	LOAD_MALFORMED, /* a reply that is not HTTP */
	LOAD_OVERRUN,   /* not sent: too many were under way */
	LOAD_OTHER,     /* no descriptors, no ports … */
	LOAD_OUTCOMES,
};

struct load_figures {
	uint64_t due; /* requests of the schedule so far, sent or overrun */
	uint64_t outcomes[LOAD_OUTCOMES];
	double longest_gap_ms; /* without a good reply while requests were due */
	double *latencies_ms;  /* of all that ended, in that order */
	size_t latencies_n, latencies_cap;
	uint64_t last_ok_ns; /* end of the newest good reply, at first when the first was due */
};

struct load_report {
	const struct load_options *options;
	struct load_figures phases[LOAD_PHASES_MAX];
	struct load_figures total;
};

/* ${options} must stay valid. */
void load_report_init(struct load_report *, const struct load_options *options);
void load_report_free(struct load_report *);

/* A request of ${phase} is due; and its end.  Times are nanoseconds of any one clock. */
void load_report_due(struct load_report *, size_t phase, uint64_t due_ns);
void load_report_end(struct load_report *, size_t phase, uint64_t due_ns, uint64_t end_ns,
		     enum load_outcome outcome);

/* Requests that ended other than well. */
uint64_t load_figures_failed(const struct load_figures *);

/* One line for a terminal while it runs: "  12 s  phase 2/3  …". */
void load_report_progress(const struct load_report *, double elapsed_sec, size_t phase,
			  unsigned in_flight, struct buf *out);

/* The final table; the final object, which the caller deletes.  Both sort the latencies. */
void load_report_table(struct load_report *, struct buf *out);
cJSON *load_report_json(struct load_report *, double elapsed_sec);

#endif
