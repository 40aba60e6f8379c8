/* Pure. Random draws; see draw.h. */
#include "replay/draw.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static uint64_t next(struct draw *d)
{
	uint64_t *s = d->s;
	uint64_t number = rotate_left(s[0] + s[3], 23) + s[0];
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return number;
}

void draw_seed(struct draw *d, uint64_t seed, uint64_t stream)
{
	/* Mixed before they meet, lest stream 1 of seed 2 be stream 2 of seed 1. */
	uint64_t state = splitmix64(&seed) ^ stream;

	for (int i = 0; i < 4; i++)
		d->s[i] = splitmix64(&state);
}

double draw_uniform(struct draw *d)
{
	return (double)((next(d) >> 11) + 1) * 0x1p-53;
}

double draw_exponential(struct draw *d)
{
	return -log(draw_uniform(d));
}

double draw_lognormal(struct draw *d, double log_mean, double log_sd)
{
	/* A normal number by G. Box and M. Muller (1958), the cosine half. */
	double radius = sqrt(2 * draw_exponential(d));
	double normal = radius * cos(2 * M_PI * draw_uniform(d));

	return exp(log_mean + log_sd * normal);
}
