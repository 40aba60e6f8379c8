/* Pure. The closed loop; see sim.h. */
#include "replay/sim.h"

#include "common/mem.h"
#include "planner/policy_impl.h"
#include "replay/demand.h"

#include <math.h>
#include <stdlib.h>

/* As in planner/adaptive_observe.c and for the same reason, but of the truth. */
#define TAIL_QUANTILE      0.95
#define OBJECTIVE_FACTOR   2.0 /* idle p95: what ALPHA_UP is by default */
#define NORMAL_QUANTILE_95 1.6448536269514722

/* Floating point: a controller is due that is due within this. */
#define DUE_EPSILON_SEC 1e-6

const struct sim_config SIM_DEFAULTS = {
	.plant = {.service = PLANT_EXPONENTIAL,
		  .service_sec = 0.12, /* the demo application: 8 at a time, 120 ms each */
		  .slots = 8,
		  .startup_sec = 10,
		  .timeout_sec = 2.5,
		  .probes_per_s = 10,
		  .telemetry = true},
	.window_sec = 2,
	.slo_sec = NAN,
	.ready_timeout_sec = 60,
};

struct sim {
	struct sim_config config;
	const struct controller *controller;
	void *memory; /* the controller's */
	struct plant *plant;
	struct demand demand;
	struct measures measures;
	int wanted;

	uint64_t windows; /* that have passed */
	double due_sec;   /* when the controller is asked next, */
	double asked_sec; /* when it was last, and since then: */
	double ready_sec, busy_sec, request_sec;
};

double sim_idle_p95_sec(const struct plant_config *plant)
{
	double log_var = log1p(plant->service_cv * plant->service_cv);

	switch (plant->service) {
	case PLANT_EXPONENTIAL:
		return -log(1 - TAIL_QUANTILE) * plant->service_sec;
	case PLANT_LOGNORMAL:
		return plant->service_sec * exp(NORMAL_QUANTILE_95 * sqrt(log_var) - log_var / 2);
	case PLANT_FIXED:
		break;
	}
	return plant->service_sec;
}

double sim_slo_sec(const struct plant_config *plant)
{
	return OBJECTIVE_FACTOR * sim_idle_p95_sec(plant);
}

static double slo_sec(const struct sim_config *config)
{
	return isnan(config->slo_sec) ? sim_slo_sec(&config->plant) : config->slo_sec;
}

/* A replica as it truly is, filled to the brim: needed is what cannot be less. */
static struct erlang_sizing sizing(const struct sim_config *config)
{
	const struct plant_config *plant = &config->plant;

	return (struct erlang_sizing){
		.capacity_rps = plant->slots / plant->service_sec,
		.service_sec = plant->service_sec,
		.wait_sec = fmax(slo_sec(config) - sim_idle_p95_sec(plant), 0),
		.tail_share = MEASURES_TAIL_SHARE,
		.utilisation_max = 1,
	};
}

double sim_load_max(const struct sim_config *config, int replicas)
{
	struct erlang_sizing s = sizing(config);

	return fmax(erlang_load_max(&s, replicas) - config->plant.probes_per_s, 0);
}

struct sim *sim_begin(const struct sim_config *config, const struct controller *controller,
		      int fixed, uint64_t seed, sim_rate *rate, void *cookie)
{
	struct sim *s = xcalloc(1, sizeof(*s));
	const struct demand_config demand = {
		.sizing = sizing(config),
		.extra_rps = config->plant.probes_per_s,
		.min_replicas = config->policy.min_replicas,
		.max_replicas = config->policy.max_replicas,
		.window_sec = config->window_sec,
		.ahead_sec = config->window_sec + config->plant.startup_sec,
		.span_sec = config->span_sec,
	};

	s->config = *config;
	s->config.slo_sec = slo_sec(config);
	s->controller = controller;
	demand_init(&s->demand, &demand, rate, cookie);
	s->wanted = config->start_replicas > 0 ? config->start_replicas : s->demand.needed[0];
	s->plant = plant_new(&config->plant, seed, s->wanted);
	plant_set_fault(s->plant,
			&(struct plant_fault){.start_failed_share = config->start_failed_share});
	s->memory = controller->create(&(struct controller_config){
		.policy = &s->config.policy, .slots = config->plant.slots, .fixed = fixed});
	s->due_sec = controller->period_sec;
	measures_begin(&s->measures, s->wanted);
	return s;
}

/* The means since it was asked last begin anew. */
static void ask(struct sim *s, double now_sec, const struct plant_window *seen)
{
	double slots_sec = s->ready_sec * s->config.plant.slots;
	const struct controller_view view = {
		.now_sec = now_sec,
		.utilisation = slots_sec > 0 ? fmin(s->busy_sec / slots_sec, 1) : NAN,
		.concurrency = s->request_sec / (now_sec - s->asked_sec),
		.ready = seen->input.ready,
		.window = seen,
		.needed = s->demand.needed + 1,
		.needed_n = s->demand.ahead,
	};

	s->wanted =
		policy_clamp(&s->config.policy, s->controller->step(s->memory, &view, s->wanted));
	s->asked_sec = now_sec;
	s->due_sec += s->controller->period_sec;
	s->ready_sec = s->busy_sec = s->request_sec = 0;
}

static bool next_window(struct sim *s, struct plant_window *ret)
{
	double window_sec = s->config.window_sec;
	double end_sec = (double)++s->windows * window_sec;

	if (end_sec > s->config.span_sec + DUE_EPSILON_SEC)
		return false;
	if (s->windows > 1)
		demand_next(&s->demand);
	plant_run(s->plant, window_sec, demand_rps(&s->demand), s->config.slo_sec, ret);
	s->ready_sec += ret->ready_sec;
	s->busy_sec += ret->busy_sec;
	s->request_sec += ret->request_sec;
	return true;
}

bool sim_window(struct sim *s, struct sim_sample *ret)
{
	struct plant_window seen;

	if (!next_window(s, &seen))
		return false;

	double now_sec = (double)s->windows * s->config.window_sec;
	if (now_sec >= s->due_sec - DUE_EPSILON_SEC)
		ask(s, now_sec, &seen);
	plant_retry(s->plant, s->config.ready_timeout_sec);
	plant_want(s->plant, s->wanted);

	*ret = (struct sim_sample){
		.sec = now_sec,
		.rps = demand_rps(&s->demand),
		.needed = s->demand.needed[0],
		.wanted = s->wanted,
		.ready = seen.input.ready,
		.over = measures_over(&seen, s->config.slo_sec),
		.p95_sec = seen.p95_sec,
	};
	measures_add(&s->measures, &(struct measures_window){.seen = &seen,
							     .sec = s->config.window_sec,
							     .slo_sec = s->config.slo_sec,
							     .needed = ret->needed,
							     .wanted = s->wanted});
	return true;
}

struct sim_measures sim_measured(const struct sim *s)
{
	return measures_end(&s->measures);
}

void sim_end(struct sim *s)
{
	if (!s)
		return;
	s->controller->destroy(s->memory);
	plant_free(s->plant);
	demand_free(&s->demand);
	free(s);
}
