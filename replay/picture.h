/* Pure. A run as a picture will show it: no finer than its columns, however long it was. */
#ifndef REPLAY_PICTURE_H
#define REPLAY_PICTURE_H

#include "replay/sim.h"

#define PICTURE_COLUMNS 800

struct picture_count { /* of replicas, over the windows of a column */
	int min, max, last;
};

struct picture_column {
	unsigned windows, over;
	double rps_sum;
	struct picture_count needed, wanted, ready;
};

struct picture {
	char name[32];
	double span_sec;
	struct picture_column columns[PICTURE_COLUMNS];
};

/* ${name} tells what ran, such as a policy; ${span_sec} > 0 how long it will run. */
void picture_init(struct picture *, const char *name, double span_sec);

/* What ends behind the span belongs to the last column. */
void picture_add(struct picture *, const struct sim_sample *);

#endif
