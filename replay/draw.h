/* Pure. Random draws for simulations: the same seed gives the same numbers on every machine whose
 * libm rounds alike.  Not for secrets.
 *
 * The generator is xoshiro256++ (D. Blackman, S. Vigna, 2019), seeded by splitmix64 (G. Steele et
 * al., 2014), both written from the published algorithms. */
#ifndef REPLAY_DRAW_H
#define REPLAY_DRAW_H

#include <stdint.h>

struct draw {
	uint64_t s[4];
};

/* Begin sequence number ${stream} of ${seed}: sequences of one seed are independent. */
void draw_seed(struct draw *, uint64_t seed, uint64_t stream);

/* Uniform in (0, 1]: its logarithm is finite. */
double draw_uniform(struct draw *);

/* Exponential with mean 1. */
double draw_exponential(struct draw *);

/* Lognormal, given the mean and the standard deviation of its logarithm. */
double draw_lognormal(struct draw *, double log_mean, double log_sd);

#endif
