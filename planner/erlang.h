/* Pure. How many replicas a load needs: the M/M/n queue (A. K. Erlang, 1917).
 *
 * A server is whatever answers one request at a time.  Rates are per second, times seconds. */
#ifndef PLANNER_ERLANG_H
#define PLANNER_ERLANG_H

/* Erlang C, the share of requests that have to wait: C = B / (1 - rho (1 - B)), rho = load / n,
 * with Erlang B by its recursion B(0) = 1, B(k) = load B(k-1) / (k + load B(k-1)).  ${load} is
 * lambda / mu.  1 when load >= n.  n >= 1. */
double erlang_c(int n, double load);

/* P(wait > t) = C e^{-(n mu - lambda) t}; 1 when lambda >= n mu. */
double erlang_wait_tail(int n, double mu, double lambda, double t);

/* P(wait + service > t) with exponential service of mean 1/mu:
 * e^{-mu t} (1 + C (1 - e^{-mu t (n - 1 - a)}) / (n - 1 - a)), a = lambda / mu, and its limit where
 * a = n - 1; 1 when lambda >= n mu. */
double erlang_response_tail(int n, double mu, double lambda, double t);

/* The smallest n <= ${max} with erlang_response_tail <= ${share}; ${max} when there is none. */
int erlang_servers(double mu, double lambda, double t, double share, int max);

/* One replica that answers up to ${capacity_rps}, each request in ${service_sec}: it is
 * max(1, floor(capacity_rps * service_sec)) servers, all of the same rate, capacity_rps in all. */
struct erlang_sizing {
	double capacity_rps;    /* > 0 */
	double service_sec;     /* NaN: unknown; then a replica is one server */
	double wait_sec;        /* a request may wait so long for a server, */
	double tail_share;      /* but for this share of them */
	double utilisation_max; /* and lambda stays below so much of the capacity */
};

/* The smallest number of replicas, 1 to ${max}, that carries ${lambda} so. */
int erlang_replicas(const struct erlang_sizing *, double lambda, int max);

/* The most arrivals a second that ${replicas} carry so, to 0.1 %. */
double erlang_load_max(const struct erlang_sizing *, int replicas);

#endif
