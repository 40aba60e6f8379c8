/* Pure. How many replicas a load needs: the M/M/n queue. */
#include "planner/erlang.h"

#include <math.h>
#include <stdbool.h>

#define TERM_MIN       1e-17 /* of the sum: what follows is lost in its rounding */
#define SUM_MAX        1e300 /* 1 over this is no share of requests that anybody meets */
#define LOAD_TOLERANCE 1e-3
#define BISECTIONS_MAX 40
#define SLOT_ROUNDING  1e-9 /* 100 a second for 0.29 s each are 29, not 28.999999999999996 */

/* 1 / B(n), the recursion taken from its end: 1 + n/load (1 + (n-1)/load (1 + …)).  All terms are
 * positive, and but for some sqrt(n) of them they do not count. */
static double blocked_inverse(double n, double load)
{
	double term = 1;
	double sum = 1;

	for (double k = n; k >= 1 && term > TERM_MIN * sum && sum < SUM_MAX; k--) {
		term *= k / load;
		sum += term;
	}
	return sum;
}

static double waiting_share(double n, double load)
{
	if (load >= n)
		return 1;
	if (load <= 0)
		return 0;

	double rho = load / n;
	return 1 / (rho + (n - load) / n * blocked_inverse(n, load));
}

/* lambda / mu, more than any number of servers where mu is nothing. */
static double load_of(double mu, double lambda)
{
	return mu > 0 ? lambda / mu : INFINITY;
}

static double wait_tail(double n, double mu, double lambda, double t)
{
	double load = load_of(mu, lambda);

	if (load >= n)
		return 1;

	double drained = t > 0 ? (n - load) * mu * t : 0;
	return waiting_share(n, load) * exp(-drained);
}

/* e^{-x} (1 - e^{-x d}) / d for d > -1, where neither the difference nor the power may be trusted
 * over the whole range. */
static double both_tail(double x, double d)
{
	if (d == 0)
		return x * exp(-x);
	if (fabs(x * d) < 1)
		return exp(-x) * (-expm1(-x * d) / d);
	return (exp(-x) - exp(-x * (1 + d))) / d;
}

double erlang_c(int n, double load)
{
	return waiting_share(n, load);
}

double erlang_wait_tail(int n, double mu, double lambda, double t)
{
	return wait_tail(n, mu, lambda, t);
}

double erlang_response_tail(int n, double mu, double lambda, double t)
{
	double load = load_of(mu, lambda);
	double x = mu * t;

	if (load >= n || x <= 0)
		return 1;
	if (isinf(x))
		return 0;
	return fmin(1, exp(-x) + waiting_share(n, load) * both_tail(x, n - 1 - load));
}

/* The smallest number from 1 to ${max} that ${fits}, when all greater ones fit as well. */
static int smallest(bool (*fits)(const void *question, int n), const void *question, int max)
{
	int lo = 1;
	int hi = max;

	while (lo < hi) {
		int middle = lo + (hi - lo) / 2;
		if (fits(question, middle))
			hi = middle;
		else
			lo = middle + 1;
	}
	return lo;
}

struct response_question {
	double mu, lambda, t, share;
};

static bool responds(const void *question, int n)
{
	const struct response_question *q = question;

	return erlang_response_tail(n, q->mu, q->lambda, q->t) <= q->share;
}

int erlang_servers(double mu, double lambda, double t, double share, int max)
{
	const struct response_question q = {mu, lambda, t, share};

	return smallest(responds, &q, max);
}

static double slots_of(const struct erlang_sizing *sizing)
{
	double slots = floor(sizing->capacity_rps * sizing->service_sec + SLOT_ROUNDING);

	return slots > 1 ? slots : 1; /* so for NaN */
}

struct load_question {
	const struct erlang_sizing *sizing;
	double lambda;
};

static bool carries(const void *question, int replicas)
{
	const struct load_question *q = question;
	const struct erlang_sizing *s = q->sizing;
	double slots = slots_of(s);

	if (q->lambda > s->utilisation_max * s->capacity_rps * replicas)
		return false;
	return wait_tail(slots * replicas, s->capacity_rps / slots, q->lambda, s->wait_sec) <=
	       s->tail_share;
}

int erlang_replicas(const struct erlang_sizing *sizing, double lambda, int max)
{
	const struct load_question q = {sizing, lambda};

	return smallest(carries, &q, max);
}

double erlang_load_max(const struct erlang_sizing *sizing, int replicas)
{
	double lo = 0;
	double hi = fmin(1, sizing->utilisation_max) * sizing->capacity_rps * replicas;

	if (carries(&(struct load_question){sizing, hi}, replicas))
		return hi;
	for (int i = 0; i < BISECTIONS_MAX && hi - lo > LOAD_TOLERANCE * lo; i++) {
		double middle = lo + (hi - lo) / 2;
		if (carries(&(struct load_question){sizing, middle}, replicas))
			lo = middle;
		else
			hi = middle;
	}
	return lo;
}
