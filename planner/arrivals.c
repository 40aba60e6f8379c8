/* Pure. How many requests arrive a second.
 *
 * The burst test is a CUSUM (E. S. Page, 1954) of counts against the long mean, taken as Poisson;
 * the margin is conformal inference on line: it learns how far off the estimate was, whatever the
 * distribution. */
#include "planner/arrivals.h"

#include <math.h>
#include <string.h>

#define CUSUM_SLACK 0.5 /* sigmas: half the smallest shift that is worth an alarm */

/* Of the alarm: below it the test stands at what noise brings it to; where it last stood so, the
 * burst began. */
#define CUSUM_NOISE_SHARE 0.5

/* How far the test may run past its alarm: it ends soon after the excess does, however great. */
#define CUSUM_PAST_ALARM 1.0

/* Share of the long span that must be known: a mean of less makes alarms of its own error. */
#define COLD_SHARE 0.5

/* Bursts come in waves: one that pauses for less is the same, and the means do not change places
 * with every wave. */
#define BURST_HOLD_SEC 15.0

#define MARGIN_START 1.0
#define MARGIN_MAX   4.0
#define MARGIN_GAMMA 0.1 /* a short span; a few minutes until the margin is learned */

struct mean {
	double rps, sec;
};

void arrivals_init(struct arrivals *a)
{
	memset(a, 0, sizeof(*a));
	a->margin_sigmas = MARGIN_START;
	a->upper_rps = NAN;
}

void arrivals_gap(struct arrivals *a)
{
	double margin_sigmas = a->margin_sigmas;

	arrivals_init(a);
	a->margin_sigmas = margin_sigmas;
}

/* Over the latest windows, ${windows_max} at most, the last one in any case and more while at least
 * half of the window lies within ${span_sec}. */
static struct mean mean_of(const struct arrivals *a, double span_sec, size_t windows_max)
{
	double requests = 0;
	double sec = 0;

	for (size_t back = 1; back <= a->n && back <= windows_max; back++) {
		size_t i = (a->first + a->n - back) % ARRIVALS_WINDOWS_MAX;
		if (back > 1 && sec + a->sec[i] / 2 > span_sec)
			break;
		requests += a->rps[i] * a->sec[i];
		sec += a->sec[i];
	}
	return (struct mean){requests / sec, sec};
}

static struct mean long_mean(const struct arrivals *a, const struct arrivals_config *config)
{
	return mean_of(a, config->long_sec, ARRIVALS_WINDOWS_MAX);
}

static struct mean short_mean(const struct arrivals *a, const struct arrivals_config *config)
{
	return mean_of(a, config->short_sec, a->burst ? a->rising : ARRIVALS_WINDOWS_MAX);
}

/* How many standard deviations more requests came in the window than ${mean} foretold, which is
 * itself measured.  Below one request a window Poisson is no bell curve, and a single request no
 * burst: the deviation is never less than one request. */
static double excess_sigmas(struct mean mean, double rps, double sec)
{
	double expected = mean.rps * sec;
	double variance = expected * (1 + sec / mean.sec);

	return (rps * sec - expected) / sqrt(fmax(1, variance));
}

/* The window is not yet among the others. */
static void test_burst(struct arrivals *a, const struct arrivals_config *config, double rps,
		       double sec)
{
	if (a->n == 0 || config->burst_sigmas <= 0)
		return;

	struct mean before = long_mean(a, config);
	if (before.sec < COLD_SHARE * config->long_sec)
		return;

	double cusum = a->cusum + excess_sigmas(before, rps, sec) - CUSUM_SLACK;
	a->cusum = fmin(fmax(0, cusum), config->burst_sigmas + CUSUM_PAST_ALARM);
	bool risen = a->burst || a->cusum > CUSUM_NOISE_SHARE * config->burst_sigmas;
	a->rising = risen ? a->rising + 1 : 0;
	if (a->cusum > config->burst_sigmas) {
		a->burst = true;
		a->burst_left_sec = BURST_HOLD_SEC;
	} else {
		a->burst_left_sec = fmax(0, a->burst_left_sec - sec);
	}
}

static void push(struct arrivals *a, double rps, double sec)
{
	if (a->n == ARRIVALS_WINDOWS_MAX) {
		a->first = (a->first + 1) % ARRIVALS_WINDOWS_MAX;
		a->n--;
	}

	size_t i = (a->first + a->n++) % ARRIVALS_WINDOWS_MAX;
	a->rps[i] = rps;
	a->sec[i] = sec;
}

/* A burst is over when there was no alarm for a while and no more arrive than in the long run. */
static void end_burst(struct arrivals *a, const struct arrivals_config *config)
{
	if (!a->burst || a->burst_left_sec > 0 ||
	    short_mean(a, config).rps > long_mean(a, config).rps)
		return;
	a->burst = false;
	a->cusum = 0;
	a->rising = 0;
}

/* Overlapping short means miss together, so a window counts for the part of a span that it is. */
static void learn_margin(struct arrivals *a, const struct arrivals_config *config, double sec)
{
	if (isnan(a->upper_rps))
		return;

	struct mean latest = short_mean(a, config);
	double gamma = MARGIN_GAMMA * fmin(1, sec / latest.sec);
	double missed = latest.rps > a->upper_rps ? 1 : 0;
	double q = a->margin_sigmas + gamma * (missed - config->miss_share);
	a->margin_sigmas = fmin(fmax(0, q), MARGIN_MAX);
}

void arrivals_add(struct arrivals *a, const struct arrivals_config *config, double rps, double sec)
{
	struct arrivals_estimate now;

	test_burst(a, config, rps, sec);
	push(a, rps, sec);
	end_burst(a, config);
	learn_margin(a, config, sec);
	if (arrivals_estimate(a, config, &now))
		a->upper_rps = now.upper_rps;
}

bool arrivals_estimate(const struct arrivals *a, const struct arrivals_config *config,
		       struct arrivals_estimate *ret)
{
	if (a->n == 0)
		return false;

	struct mean brief = short_mean(a, config);
	struct mean steady = long_mean(a, config);
	double rps = a->burst ? fmax(brief.rps, steady.rps) : steady.rps;
	*ret = (struct arrivals_estimate){
		.short_rps = brief.rps,
		.long_rps = steady.rps,
		.cusum = a->cusum,
		.burst = a->burst,
		.rps = rps,
		.upper_rps = rps + a->margin_sigmas * sqrt(rps / brief.sec),
		.margin_sigmas = a->margin_sigmas,
	};
	return true;
}
