/* Pure. Traces made up: a line from corner to corner, and noise. */
#include "replay/generate.h"

#include "replay/trace_line.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_SEC       60.0
#define HOUR_SEC         3600.0
#define DAY_SEC          (24 * HOUR_SEC)
#define NOISE_MEMORY_SEC 120 /* after so long, noise has forgotten 1 - 1/e of where it was */
#define BURST_LEVEL_MIN  0.3 /* the lowest burst, to be one */
#define LOW_RPS          20
#define HIGH_RPS         200
#define POINTS_MAX       1e7

/* The corner after ${g}->to. */
typedef struct generate_corner next_corner(struct generator *g);

struct generate_kind {
	const char *name, *help;
	next_corner *next;
	const struct generate_corner *corners; /* of one period, their times as shares of it */
	size_t corners_n;
	double span_sec, period_sec; /* period 0: the whole span is one */
	double noise;
};

/* ---- kinds ---- */

static const struct generate_corner FLAT[] = {{0, 1}, {1, 1}};
static const struct generate_corner MIDDLE[] = {{0, 0.5}, {1, 0.5}};
static const struct generate_corner RISE[] = {{0, 0}, {1, 1}};
static const struct generate_corner STEP[] = {{0, 0},       {1.0 / 3, 0}, {1.0 / 3, 1},
					      {2.0 / 3, 1}, {2.0 / 3, 0}, {1, 0}};
static const struct generate_corner STAIRS[] = {
	{0, 0},        {0.125, 0},    {0.125, 0.25}, {0.25, 0.25}, {0.25, 0.5},  {0.375, 0.5},
	{0.375, 0.75}, {0.5, 0.75},   {0.5, 1},      {0.625, 1},   {0.625, 0.5}, {0.75, 0.5},
	{0.75, 0.25},  {0.875, 0.25}, {0.875, 0},    {1, 0},
};
static const struct generate_corner ON_OFF[] = {{0, 1}, {0.5, 1}, {0.5, 0}, {1, 0}};
static const struct generate_corner FLASH[] = {{0, 0},      {0.4, 0},    {0.405, 1},
					       {0.42, 0.9}, {0.45, 0.6}, {0.5, 0.3},
					       {0.6, 0.1},  {0.8, 0.02}, {1, 0}};

static struct generate_corner next_of_table(struct generator *g)
{
	const struct generate_kind *k = g->config->kind;
	const struct generate_corner *corner = &k->corners[g->corners % k->corners_n];
	uint64_t period = g->corners / k->corners_n;
	double period_sec = k->period_sec > 0 ? g->config->period_sec : g->config->span_sec;

	return (struct generate_corner){((double)period + corner->sec) * period_sec, corner->level};
}

/* A sine has a corner wherever there is a point. */
static struct generate_corner next_of_sine(struct generator *g)
{
	double sec = (double)g->corners * g->config->step_sec;
	double turns = sec / g->config->period_sec;

	return (struct generate_corner){sec, (1 - cos(2 * M_PI * turns)) / 2};
}

/* Down, the end of that, up, the end of that: half a period each on average. */
static struct generate_corner next_burst(struct generator *g)
{
	double last_sec = g->corners > 0 ? g->to.sec : 0;
	double lasts_sec = g->config->period_sec / 2 * draw_exponential(&g->draw);
	double level = BURST_LEVEL_MIN + (1 - BURST_LEVEL_MIN) * draw_uniform(&g->draw);

	switch (g->corners % 4) {
	case 0:
		return (struct generate_corner){last_sec, 0};
	case 1:
		return (struct generate_corner){last_sec + lasts_sec, 0};
	case 2:
		return (struct generate_corner){last_sec, level};
	default:
		return (struct generate_corner){last_sec + lasts_sec, g->to.level};
	}
}

#define TABLE(corners) next_of_table, (corners), sizeof(corners) / sizeof((corners)[0])

static const struct generate_kind KINDS[] = {
	{"flat", "always the high rate", TABLE(FLAT), 6 * HOUR_SEC, 0, 0},
	{"ramp", "from low to high", TABLE(RISE), 6 * HOUR_SEC, 0, 0},
	{"step", "low, then high at once, then low again, a third each", TABLE(STEP), 3 * HOUR_SEC,
	 0, 0},
	{"stairs", "up in four steps and down in three", TABLE(STAIRS), 4 * HOUR_SEC, 0, 0},
	{"sawtooth", "from low to high and back at once, each period", TABLE(RISE), 6 * HOUR_SEC,
	 HOUR_SEC, 0},
	{"onoff", "half of each period high, the other half low", TABLE(ON_OFF), 6 * HOUR_SEC,
	 HOUR_SEC / 2, 0},
	{"flash", "a crowd that comes within a minute and goes within the hour", TABLE(FLASH),
	 3 * HOUR_SEC, 0, 0.05},
	{"diurnal", "a wave a period, the low first", next_of_sine, NULL, 0, DAY_SEC, DAY_SEC,
	 0.03},
	{"noisy", "halfway, with much noise", TABLE(MIDDLE), 6 * HOUR_SEC, 0, 0.25},
	{"bursts", "bursts at random times, of random length and height", next_burst, NULL, 0,
	 6 * HOUR_SEC, HOUR_SEC / 4, 0.05},
};

#define KINDS_N (sizeof(KINDS) / sizeof(KINDS[0]))

/* ---- configuration ---- */

bool generate_defaults(const char *name, struct generate_config *ret)
{
	for (size_t i = 0; i < KINDS_N; i++) {
		if (strcmp(name, KINDS[i].name) != 0)
			continue;
		*ret = (struct generate_config){
			.kind = &KINDS[i],
			.span_sec = KINDS[i].span_sec,
			.step_sec = MINUTE_SEC,
			.low_rps = LOW_RPS,
			.high_rps = HIGH_RPS,
			.period_sec =
				KINDS[i].period_sec > 0 ? KINDS[i].period_sec : KINDS[i].span_sec,
			.noise = KINDS[i].noise,
			.seed = 1,
		};
		return true;
	}
	return false;
}

void generate_names(struct buf *out)
{
	for (size_t i = 0; i < KINDS_N; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", KINDS[i].name);
}

void generate_help(struct buf *out)
{
	for (size_t i = 0; i < KINDS_N; i++) {
		const struct generate_kind *k = &KINDS[i];

		buf_printf(out, "  %-9s %s (%g h", k->name, k->help, k->span_sec / HOUR_SEC);
		if (k->period_sec > 0)
			buf_printf(out, ", period %g h", k->period_sec / HOUR_SEC);
		if (k->noise > 0)
			buf_printf(out, ", noise %g", k->noise);
		buf_puts(out, ")\n");
	}
	buf_printf(out, "From %d to %d requests a second, a point every %g s.\n", LOW_RPS, HIGH_RPS,
		   MINUTE_SEC);
}

int generate_check(const struct generate_config *c, char *ret_error, size_t error_size)
{
	const struct {
		const char *what;
		double value, min, max;
	} ranges[] = {
		{"span in seconds", c->span_sec, 60, 400 * DAY_SEC},
		{"step in seconds", c->step_sec, 1, DAY_SEC},
		{"period in seconds", c->period_sec, 10, 400 * DAY_SEC},
		{"low rate", c->low_rps, 0, TRACE_RPS_MAX},
		{"high rate", c->high_rps, 0.001, TRACE_RPS_MAX},
		{"noise", c->noise, 0, 2},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (ranges[i].value >= ranges[i].min && ranges[i].value <= ranges[i].max)
			continue;
		snprintf(ret_error, error_size, "the %s must be %g to %g", ranges[i].what,
			 ranges[i].min, ranges[i].max);
		return -EINVAL;
	}
	if (c->low_rps > c->high_rps) {
		snprintf(ret_error, error_size, "the low rate must be at most the high one");
		return -EINVAL;
	}
	if (c->span_sec / c->step_sec > POINTS_MAX) {
		snprintf(ret_error, error_size, "a trace may have %g points; make the step longer",
			 POINTS_MAX);
		return -EINVAL;
	}
	return 0;
}

/* ---- points ---- */

void generate_begin(struct generator *g, const struct generate_config *config)
{
	*g = (struct generator){.config = config, .at_sec = NAN};
	draw_seed(&g->draw, config->seed, 0);
	g->to = config->kind->next(g);
	g->from = g->to;
	g->corners = 1;
	g->noise = log(draw_lognormal(&g->draw, 0, 1));
}

static double level_at(const struct generator *g, double sec)
{
	if (sec >= g->to.sec)
		return g->to.level;
	return g->from.level +
	       (g->to.level - g->from.level) * (sec - g->from.sec) / (g->to.sec - g->from.sec);
}

/* A first-order autoregressive process in continuous time: a jump of the rate keeps its noise. */
static double noise_factor(struct generator *g, double sec)
{
	double sd = g->config->noise;
	double kept = isnan(g->at_sec) ? 1 : exp((g->at_sec - sec) / NOISE_MEMORY_SEC);

	if (sd == 0)
		return 1;
	g->noise = kept * g->noise + sqrt(1 - kept * kept) * log(draw_lognormal(&g->draw, 0, 1));

	/* Lognormal of mean 1: never negative. */
	double log_sd = sqrt(log1p(sd * sd));
	return exp(log_sd * g->noise - log_sd * log_sd / 2);
}

bool generate_next(void *generator, double *ret_sec, double *ret_rps)
{
	struct generator *g = generator;
	const struct generate_config *c = g->config;
	double grid_sec = g->steps * c->step_sec;
	double sec = fmin(fmin(grid_sec, g->to.sec), c->span_sec);
	double level;

	if (g->at_sec >= c->span_sec)
		return false;
	level = level_at(g, sec);
	*ret_sec = sec;
	*ret_rps = (c->low_rps + (c->high_rps - c->low_rps) * level) * noise_factor(g, sec);
	*ret_rps = fmin(*ret_rps, TRACE_RPS_MAX);
	g->at_sec = sec;
	g->steps += sec >= grid_sec;
	if (sec >= g->to.sec) {
		struct generate_corner next = c->kind->next(g);
		g->from = g->to;
		g->to = next;
		g->corners++;
	}
	return true;
}
