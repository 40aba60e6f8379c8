/* Pure. What tune.c finds and tune_render.c tells. */
#ifndef REPLAY_TUNE_INTERNAL_H
#define REPLAY_TUNE_INTERNAL_H

#include "replay/pareto.h"
#include "replay/tune.h"

struct tune_sums {
	size_t runs;
	double over, cost, changes; /* sums */
	double over_worst, cost_worst;
};

struct tune_choice {
	double values[TUNE_KNOBS];
	struct tune_sums done, round; /* of all rounds that count, of this one */
};

struct tune {
	struct tune_choice choices[TUNE_CHOICES_MAX];
	size_t n;
};

/* What came out for one choice, means over its runs. */
struct tune_outcome {
	const struct tune_choice *choice;
	struct pareto_point mean;
	double changes;
	bool present;
};

/* All compared choices, cheapest first; how many there are. */
size_t tune_outcomes(const struct tune *, struct tune_outcome ret[TUNE_CHOICES_MAX]);

#endif
