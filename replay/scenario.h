/* Pure. What is simulated, from what the command line says: a service, settings, a trace scaled to
 * it. */
#ifndef REPLAY_SCENARIO_H
#define REPLAY_SCENARIO_H

#include "common/buf.h"
#include "replay/options.h"
#include "replay/shape.h"
#include "replay/sim.h"

#include <cjson/cJSON.h>

struct scenario {
	struct sim_config config;
	double factor;     /* of the trace's rates */
	double smooth_sec; /* of the trace */
};

/* ${settings} are those of the planner.  --peak leaves room for mistakes above it: unless --set
 * gives MAX_REPLICAS, that is at least twice the peak.  0; or -EINVAL and a sentence in
 * ${errors}. */
int scenario_make(const struct replay_options *, const struct planner_config *settings,
		  const struct trace_shape *, struct scenario *ret, struct buf *errors);

/* One run of ${controller} on ${points}, the trace's from its begin; ${each} (or NULL) is called
 * with every window, and ends the run by false.  Its measures so far. */
typedef bool scenario_each(void *cookie, const struct sim_sample *);
struct sim_measures scenario_run(const struct scenario *, const struct controller *controller,
				 int fixed, uint64_t seed, feed_source *source, void *points,
				 scenario_each *each, void *cookie);

/* The service in a few words, and lines that tell all of what is simulated. */
void scenario_summary(const struct scenario *, int seeds, struct buf *out);
void scenario_tell(const struct scenario *, const struct trace_shape *, const char *trace,
		   int seeds, struct buf *out);
cJSON *scenario_json(const struct scenario *, const struct trace_shape *, const char *trace,
		     int seeds);

#endif
