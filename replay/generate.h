/* Pure. Traces made up: loads of the kinds that services see, point by point.  The same
 * configuration gives the same trace. */
#ifndef REPLAY_GENERATE_H
#define REPLAY_GENERATE_H

#include "common/buf.h"
#include "replay/draw.h"

#include <stdbool.h>
#include <stdint.h>

struct generate_kind;

struct generate_config {
	const struct generate_kind *kind;
	double span_sec;
	double step_sec; /* a point so often, besides those where the rate turns or jumps */
	double low_rps;  /* it goes between both */
	double high_rps;
	double period_sec; /* of what repeats */
	double noise;      /* standard deviation over mean, slowly changing; 0: none */
	uint64_t seed;     /* of the noise, and of what comes at random */
};

/* The kind called ${name} with what suits it for everything else; false: none is called so. */
bool generate_defaults(const char *name, struct generate_config *ret);

/* "diurnal, step, …"; and a line each with what it is and its defaults, for --help. */
void generate_names(struct buf *out);
void generate_help(struct buf *out);

/* 0, or -EINVAL and a sentence in ${ret_error}: what is wrong with ${config}. */
int generate_check(const struct generate_config *, char *ret_error, size_t error_size);

/* At ${sec} the rate turns or jumps to ${level}: 0 is low_rps, 1 is high_rps. */
struct generate_corner {
	double sec, level;
};

struct generator {
	const struct generate_config *config;
	struct draw draw;
	struct generate_corner from, to; /* now between both */
	uint64_t corners;                /* taken so far */
	double at_sec;                   /* of the point before; NaN: none yet */
	double steps;                    /* points of the grid so far */
	double noise;                    /* standard normal, at_sec's */
};

/* ${config} must have passed the check and stay. */
void generate_begin(struct generator *, const struct generate_config *config);

/* The next point (${generator} is a struct generator): a feed_source. */
bool generate_next(void *generator, double *ret_sec, double *ret_rps);

#endif
