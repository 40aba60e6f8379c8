/* Pure. A sweep over the few settings of the adaptive policy that trade misses against cost, and
 * which of the choices are worth having. */
#ifndef REPLAY_TUNE_H
#define REPLAY_TUNE_H

#include "common/buf.h"
#include "planner/policy.h"
#include "replay/measures.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define TUNE_KNOBS       4
#define TUNE_VALUES_MAX  4 /* of one knob, with the present one */
#define TUNE_CHOICES_MAX 256

struct tune_knob {
	const char *name; /* as --set has it */
	size_t offset;    /* in struct policy_config: of a double, */
	bool whole;       /* or of an int */
	double values[TUNE_VALUES_MAX - 1];
	size_t values_n;
};

extern const struct tune_knob tune_knobs[TUNE_KNOBS];

struct tune;

/* All choices: each value of a knob, and that of ${present}, with each of the others.  Choice 0 is
 * ${present}. */
struct tune *tune_new(const struct policy_config *present);
void tune_free(struct tune *);
size_t tune_choices(const struct tune *);

/* Give ${ret} the settings of ${choice}; the others stay. */
void tune_set(const struct tune *, size_t choice, struct policy_config *ret);

/* A run of ${choice} ended.  Each round has ${runs} of every choice, the same for all. */
void tune_add(struct tune *, size_t choice, const struct sim_measures *);

/* End a round, or what there is of it: choices are compared by the same runs, so that a round which
 * is not whole counts only if it is the first, and then those choices that had all its ${runs}. */
void tune_end_round(struct tune *, size_t runs);

/* Choices that have been compared. */
size_t tune_compared(const struct tune *);

/* The Pareto front, cheapest first, and the present settings; what they are with every knob. */
void tune_table(const struct tune *, struct buf *out);

/* An array of all compared choices: "front", "present", "settings", "mean" and "worst" of psi_w and
 * cost over "runs", "changes" of the wanted count an hour.  The caller deletes it. */
cJSON *tune_json(const struct tune *);
void tune_csv(const struct tune *, struct buf *out);

/* All compared choices in a Pareto plot, those of the table by their numbers in it. */
void tune_svg(const struct tune *, const char *title, struct buf *out);

#endif
