/* Pure. From options to what is simulated. */
#include "replay/scenario.h"

#include "common/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define ROOM_ABOVE_PEAK 2    /* times the peak: a policy that errs is to be seen erring */
#define PROBES_SHARE    0.15 /* of what a replica carries: nobody would probe it busy */

static double capacity_rps(const struct plant_config *plant)
{
	return plant->slots / plant->service_sec;
}

static bool is_set(const struct replay_list *sets, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < sets->n; i++)
		if (!strncmp(sets->items[i], name, len) && sets->items[i][len] == '=')
			return true;
	return false;
}

static int check(const struct scenario *s, const struct trace_shape *shape, int peak,
		 struct buf *errors)
{
	const struct sim_config *c = &s->config;

	if (shape->span_sec < c->window_sec) {
		buf_printf(errors, "the trace spans %g s, which is less than a window of %g s\n",
			   shape->span_sec, c->window_sec);
		return -EINVAL;
	}
	if (peak > 0 && !(s->factor > 0)) {
		buf_printf(errors,
			   "%d replicas carry no requests within an objective of %.4g s beside %g "
			   "probes a second\n",
			   peak, sim_slo_sec(&c->plant), c->plant.probes_per_s);
		return -EINVAL;
	}
	return 0;
}

int scenario_make(const struct replay_options *o, const struct planner_config *settings,
		  const struct trace_shape *shape, struct scenario *ret, struct buf *errors)
{
	struct sim_config *c = &ret->config;
	int room = ROOM_ABOVE_PEAK * o->peak;

	*ret = (struct scenario){
		.config = SIM_DEFAULTS, .factor = 1, .smooth_sec = shape->smooth_sec};
	c->plant.service = (enum plant_service)o->service;
	c->plant.service_sec = o->service_sec;
	c->plant.service_cv = o->service_cv;
	c->plant.slots = o->slots;
	c->plant.startup_sec = o->startup_sec;
	c->plant.probes_per_s = fmin(c->plant.probes_per_s, PROBES_SHARE * capacity_rps(&c->plant));
	c->policy = settings->policy;
	c->span_sec = shape->span_sec;
	c->window_sec = o->window_sec;
	c->start_failed_share = o->start_failed_share;
	c->ready_timeout_sec = fmax(c->ready_timeout_sec, 2 * o->startup_sec);
	if (!isnan(settings->policy.target_p95_ms))
		c->slo_sec = settings->policy.target_p95_ms / 1000;
	if (!is_set(&o->sets, "MAX_REPLICAS") && c->policy.max_replicas < room)
		c->policy.max_replicas = room;
	if (o->peak > 0 && shape->max_rps > 0)
		ret->factor = sim_load_max(c, o->peak) / shape->max_rps;
	return check(ret, shape, o->peak, errors);
}

struct sim_measures scenario_run(const struct scenario *s, const struct controller *controller,
				 int fixed, uint64_t seed, feed_source *source, void *points,
				 scenario_each *each, void *cookie)
{
	struct trace_feed feed;
	struct sim_sample sample;

	feed_init(&feed, source, points, s->smooth_sec, s->factor);
	struct sim *sim = sim_begin(&s->config, controller, fixed, seed, feed_rate, &feed);
	while (sim_window(sim, &sample))
		if (each && !each(cookie, &sample))
			break;

	struct sim_measures measures = sim_measured(sim);
	sim_end(sim);
	feed_free(&feed);
	return measures;
}

static double objective_ms(const struct sim_config *c)
{
	return 1000 * (isnan(c->slo_sec) ? sim_slo_sec(&c->plant) : c->slo_sec);
}

static const char *service_name(enum plant_service service)
{
	static const char *const names[] = {
		[PLANT_FIXED] = "fixed",
		[PLANT_EXPONENTIAL] = "exponential",
		[PLANT_LOGNORMAL] = "lognormal",
	};

	return names[service];
}

void scenario_summary(const struct scenario *s, int seeds, struct buf *out)
{
	const struct sim_config *c = &s->config;

	buf_printf(out, "start-up %.4g s, %.4g rps a replica, objective %.4g ms, %d seed%s",
		   c->plant.startup_sec, capacity_rps(&c->plant), objective_ms(c), seeds,
		   seeds == 1 ? "" : "s");
}

void scenario_tell(const struct scenario *s, const struct trace_shape *shape, const char *trace,
		   int seeds, struct buf *out)
{
	const struct sim_config *c = &s->config;

	buf_printf(out, "%s: %.4g h, %.4g rps on average, %.4g at most (the trace times %.4g)\n",
		   trace, shape->span_sec / 3600, shape->mean_rps * s->factor,
		   shape->max_rps * s->factor, s->factor);
	buf_printf(out, "a replica: %d at a time, %.4g ms each (%s); %d to %d replicas\n",
		   c->plant.slots, 1000 * c->plant.service_sec, service_name(c->plant.service),
		   c->policy.min_replicas, c->policy.max_replicas);
	buf_printf(out, "a monitor: windows of %.4g s, %.4g probes a second\n", c->window_sec,
		   c->plant.probes_per_s);
	scenario_summary(s, seeds, out);
	buf_puts(out, "\n");
}

cJSON *scenario_json(const struct scenario *s, const struct trace_shape *shape, const char *trace,
		     int seeds)
{
	const struct sim_config *c = &s->config;
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "trace", trace);
	cJSON_AddNumberToObject(o, "span_sec", shape->span_sec);
	cJSON_AddNumberToObject(o, "mean_rps", shape->mean_rps * s->factor);
	cJSON_AddNumberToObject(o, "max_rps", shape->max_rps * s->factor);
	cJSON_AddNumberToObject(o, "factor", s->factor);
	cJSON_AddStringToObject(o, "service", service_name(c->plant.service));
	cJSON_AddNumberToObject(o, "service_sec", c->plant.service_sec);
	cJSON_AddNumberToObject(o, "slots", c->plant.slots);
	cJSON_AddNumberToObject(o, "startup_sec", c->plant.startup_sec);
	cJSON_AddNumberToObject(o, "objective_ms", objective_ms(c));
	cJSON_AddNumberToObject(o, "window_sec", c->window_sec);
	cJSON_AddNumberToObject(o, "min_replicas", c->policy.min_replicas);
	cJSON_AddNumberToObject(o, "max_replicas", c->policy.max_replicas);
	cJSON_AddNumberToObject(o, "seeds", seeds);
	return o;
}
