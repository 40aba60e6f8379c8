/* Pure. Two services to simulate, for the unit tests of the simulated service. */
#ifndef TESTS_PLANT_FIXTURE_H
#define TESTS_PLANT_FIXTURE_H

#include "replay/plant.h"

static const struct plant_fault NO_FAULT = {0};

/* One slot, 1 s of work for every request, a probe each second; the rest off. */
static const struct plant_config STEADY = {
	.service = PLANT_FIXED,
	.service_sec = 1,
	.slots = 1,
	.startup_sec = 10,
	.timeout_sec = 30,
	.probes_per_s = 1,
	.telemetry = true,
};

static const struct plant_config BUSY = {
	.service = PLANT_EXPONENTIAL,
	.service_sec = 0.1,
	.slots = 4,
	.startup_sec = 5,
	.timeout_sec = 2,
	.probes_per_s = 10,
	.telemetry = true,
};

static inline struct plant_window run(struct plant *p, double sec, double rps)
{
	struct plant_window w;

	plant_run(p, sec, rps, 0.5, &w);
	return w;
}

#endif
