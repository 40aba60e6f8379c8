/* The simulated service against queueing theory: each figure is the mean over seeds, and must be
 * within four standard errors of its closed form. */
#include "tests/unit/unit.h"

#include "replay/plant.h"

enum { SEEDS = 20, REQUESTS = 50000 };

static const double SERVICE_SEC = 0.1;
static const double SLO_SEC = 0.3;

/* What one run says. */
struct figures {
	double response_sec;
	double over;         /* share of requests slower than SLO_SEC */
	double in_flight;    /* mean over the ends of windows */
	double idle;         /* share of these with nothing in flight */
	double little_error; /* in_flight less arrivals times response, relative */
};

struct queue {
	enum plant_service service;
	double cv;
	int slots, replicas;
	double load; /* offered, in servers */
};

static struct figures simulate(const struct queue *q, uint64_t seed)
{
	struct plant_config config = {.service = q->service,
				      .service_sec = SERVICE_SEC,
				      .service_cv = q->cv,
				      .slots = q->slots,
				      .telemetry = true};
	struct plant *p = plant_new(&config, seed, q->replicas);
	double rps = q->load / SERVICE_SEC;
	double windows = floor(REQUESTS / rps);
	double arrived = 0, completed = 0, over = 0, latency_sec = 0, in_flight = 0, idle = 0;
	struct plant_window w;

	plant_run(p, 300, rps, SLO_SEC, &w); /* from empty to its steady state */
	for (double i = 0; i < windows; i++) {
		plant_run(p, 1, rps, SLO_SEC, &w);
		arrived += w.arrived;
		completed += w.completed;
		over += w.over;
		if (w.completed > 0)
			latency_sec += w.completed * w.input.traffic.upstream_ms / 1000;
		in_flight += w.input.traffic.in_flight;
		idle += w.input.traffic.in_flight == 0;
	}
	plant_free(p);

	double expected = arrived / windows * latency_sec / completed;
	return (struct figures){
		.response_sec = latency_sec / completed,
		.over = over / completed,
		.in_flight = in_flight / windows,
		.idle = idle / windows,
		.little_error = in_flight / windows / expected - 1,
	};
}

/* One figure of all runs. */
struct estimate {
	double mean, error;
};

static struct estimate estimate(const struct figures *runs, size_t field)
{
	double sum = 0, squares = 0;

	for (int i = 0; i < SEEDS; i++) {
		double x = *(const double *)((const char *)&runs[i] + field);
		sum += x;
		squares += x * x;
	}

	double mean = sum / SEEDS;
	double variance = (squares - sum * mean) / (SEEDS - 1);
	return (struct estimate){mean, sqrt(variance / SEEDS)};
}

#define ESTIMATE(runs, field) estimate(runs, offsetof(struct figures, field))

/* The error bounds the test's own power: an estimate so vague as to agree with all is a failure. */
static void assert_agrees(struct estimate e, double theory)
{
	if (fabs(e.mean - theory) > 4 * e.error || e.error > 0.025 * theory)
		fail_msg("%g +- %g where theory says %g", e.mean, e.error, theory);
}

static void simulate_all(const struct queue *q, struct figures *ret)
{
	for (uint64_t seed = 0; seed < SEEDS; seed++)
		ret[seed] = simulate(q, seed);
}

/* Erlang C by its sum, for few servers. */
static double wait_share(int servers, double load)
{
	double term = 1, sum = 0;

	for (int i = 0; i < servers; i++) {
		sum += term;
		term *= load / (i + 1);
	}
	term *= servers / (servers - load);
	return term / (sum + term);
}

static double mmk_response_sec(int servers, double load)
{
	return SERVICE_SEC * (1 + wait_share(servers, load) / (servers - load));
}

/* P(wait + service > t), where load is not servers - 1. */
static double mmk_tail(int servers, double load, double t)
{
	double spare = servers - 1 - load;
	double x = t / SERVICE_SEC;

	return exp(-x) * (1 + wait_share(servers, load) * (1 - exp(-x * spare)) / spare);
}

static void one_slot_is_mm1(void **state)
{
	(void)state;
	struct figures runs[SEEDS];

	simulate_all(&(struct queue){PLANT_EXPONENTIAL, 0, 1, 1, 0.7}, runs);
	assert_agrees(ESTIMATE(runs, response_sec), SERVICE_SEC / (1 - 0.7));
	assert_agrees(ESTIMATE(runs, over), exp(-SLO_SEC / SERVICE_SEC * (1 - 0.7)));
	assert_agrees(ESTIMATE(runs, in_flight), 0.7 / (1 - 0.7));
	assert_agrees(ESTIMATE(runs, idle), 1 - 0.7); /* utilisation is the offered load */
}

static void k_slots_of_one_replica_are_mmk(void **state)
{
	(void)state;
	static const struct {
		int servers;
		double load;
	} CASES[] = {{2, 1.5}, {4, 3.2}, {10, 8}};
	struct figures runs[SEEDS];

	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		int servers = CASES[i].servers;
		double load = CASES[i].load;
		double response_sec = mmk_response_sec(servers, load);
		simulate_all(&(struct queue){PLANT_EXPONENTIAL, 0, servers, 1, load}, runs);
		assert_agrees(ESTIMATE(runs, response_sec), response_sec);
		assert_agrees(ESTIMATE(runs, over), mmk_tail(servers, load, SLO_SEC));
		assert_agrees(ESTIMATE(runs, in_flight), load / SERVICE_SEC * response_sec);
	}
}

/* F. Pollaczek and A. Khinchine: the wait is rho S (1 + cv^2) / (2 (1 - rho)). */
static double mg1_response_sec(double load, double cv)
{
	return SERVICE_SEC * (1 + load * (1 + cv * cv) / (2 * (1 - load)));
}

static void fixed_service_is_md1(void **state)
{
	(void)state;
	struct figures runs[SEEDS];

	simulate_all(&(struct queue){PLANT_FIXED, 0, 1, 1, 0.8}, runs);
	assert_agrees(ESTIMATE(runs, response_sec), mg1_response_sec(0.8, 0));
}

static void lognormal_service_is_mg1(void **state)
{
	(void)state;
	struct figures runs[SEEDS];

	simulate_all(&(struct queue){PLANT_LOGNORMAL, 1.5, 1, 1, 0.6}, runs);
	assert_agrees(ESTIMATE(runs, response_sec), mg1_response_sec(0.6, 1.5));
}

/* Queues at the replicas are worse than one for all; least_conn is better than equal shares. */
static void least_connections_lie_between_one_queue_and_many(void **state)
{
	(void)state;
	struct figures runs[SEEDS];

	simulate_all(&(struct queue){PLANT_EXPONENTIAL, 0, 2, 4, 6.8}, runs);
	struct estimate response = ESTIMATE(runs, response_sec);
	assert_true(response.error < 0.01 * response.mean);
	assert_true(response.mean - 4 * response.error > mmk_response_sec(8, 6.8));
	assert_true(response.mean + 4 * response.error < mmk_response_sec(2, 6.8 / 4));
}

/* J. D. C. Little: in flight are arrivals times response, whatever the queue. */
static void little_holds(void **state)
{
	(void)state;
	static const struct queue QUEUES[] = {{PLANT_EXPONENTIAL, 0, 1, 1, 0.7},
					      {PLANT_FIXED, 0, 3, 5, 13.5},
					      {PLANT_LOGNORMAL, 2, 4, 3, 9}};
	struct figures runs[SEEDS];

	for (size_t i = 0; i < sizeof(QUEUES) / sizeof(*QUEUES); i++) {
		simulate_all(&QUEUES[i], runs);
		struct estimate gap = ESTIMATE(runs, little_error);
		assert_true(gap.error < 0.005);
		assert_true(fabs(gap.mean) < 4 * gap.error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_slot_is_mm1),
		cmocka_unit_test(k_slots_of_one_replica_are_mmk),
		cmocka_unit_test(fixed_service_is_md1),
		cmocka_unit_test(lognormal_service_is_mg1),
		cmocka_unit_test(least_connections_lie_between_one_queue_and_many),
		cmocka_unit_test(little_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
