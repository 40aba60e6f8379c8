/* Pure. When each request of a run is due. */
#include "load/schedule.h"

#include <math.h>

#define NS_PER_SEC 1e9

void load_schedule_init(struct load_schedule *s, const struct load_options *options)
{
	*s = (struct load_schedule){.options = options, .random = options->seed};
}

/* splitmix64 (Steele, Lea and Flood 2014); a uniform draw from (0, 1]. */
static double draw(struct load_schedule *s)
{
	uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return ((double)(z >> 11) + 1) / 9007199254740992.0;
}

static double next_in_phase_sec(struct load_schedule *s, const struct load_phase *phase)
{
	if (phase->per_s == 0)
		return phase->seconds;
	if (!s->options->poisson)
		return (double)s->in_phase_n / phase->per_s;
	s->in_phase_sec += -log(draw(s)) / phase->per_s;
	return s->in_phase_sec;
}

bool load_schedule_next(struct load_schedule *s, uint64_t *ret_due_ns, size_t *ret_phase)
{
	while (s->phase < s->options->phases_n) {
		const struct load_phase *phase = &s->options->phases[s->phase];
		double at_sec = next_in_phase_sec(s, phase);

		/* less than a nanosecond before its end is rounding, not another request */
		if (at_sec < phase->seconds - 1 / NS_PER_SEC) {
			s->in_phase_n++;
			*ret_due_ns = (uint64_t)((s->phase_start_sec + at_sec) * NS_PER_SEC);
			*ret_phase = s->phase;
			return true;
		}
		s->phase_start_sec += phase->seconds;
		s->in_phase_sec = 0;
		s->in_phase_n = 0;
		s->phase++;
	}
	return false;
}
