/* What every policy owes whatever it is told: windows at random, mostly of a service that could be,
 * and among them all that the message codec lets through; settings at random from their ranges; a
 * clock that jumps; results and advice that fit nothing. */
#include "tests/unit/unit.h"

#include "planner/config.h"

#include <stdlib.h>
#include <string.h>

#define RUNS         400
#define RUN_WINDOWS  500 /* of one target, under one configuration */
#define TWIN_WINDOWS 50  /* for which a copy of the state is held against the original */
#define START_MS     1795458155613ULL

static uint64_t seed;

static double uniform(double from, double to)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return from + (to - from) * ((double)(seed >> 11) / 9007199254740992.0);
}

static bool chance(double share)
{
	return uniform(0, 1) < share;
}

static int pick(int from, int to)
{
	return from + (int)uniform(0, (double)to - from + 1);
}

/* Of any order of magnitude up to ${max}, either end included. */
static double wild(double max)
{
	double value = max * pow(10, uniform(-12, 0));

	return chance(0.2) ? 0 : chance(0.2) ? max : value;
}

static double wild_or_nan(double max)
{
	return chance(0.2) ? NAN : wild(max);
}

/* --- settings --------------------------------------------------------------------------------- */

static const char *unset(const char *name, void *cookie)
{
	(void)name;
	(void)cookie;
	return NULL;
}

/* The ends of the range are likelier than what lies between. */
static double in_range(const struct setting *row)
{
	if (chance(0.3))
		return chance(0.5) ? row->min : row->max;
	return fmin(row->max, row->min + wild(row->max - row->min));
}

static void draw(const struct setting *row, struct planner_config *config)
{
	void *value = (char *)config + row->offset;

	if (row->type == SETTING_INT)
		*(int *)value = (int)in_range(row);
	else if (row->type == SETTING_NUM)
		*(double *)value = in_range(row);
	else if (row->type == SETTING_BOOL)
		*(bool *)value = chance(0.5);
}

/* Some of the settings drawn, until those of a valid configuration are. */
static struct policy_config some_config(int policy)
{
	double share = chance(0.3) ? 0 : uniform(0, 1);
	struct planner_config c;
	bool valid;

	do {
		struct buf errors;
		memset(&c, 0, sizeof(c));
		buf_init(&errors, 65536);
		assert_int_equal(settings_parse(planner_settings, unset, NULL, NULL, &c, &errors),
				 0);
		for (const struct setting *row = planner_settings; row->name; row++)
			if (chance(share))
				draw(row, &c);
		valid = planner_config_check(&c, &errors) == 0 && c.policy.hist_windows <= 120;
		settings_free(planner_settings, &c);
		buf_free(&errors);
	} while (!valid);
	c.policy.policy = policy;
	return c.policy;
}

/* --- a target --------------------------------------------------------------------------------- */

struct run {
	struct policy_config config;
	struct policy_state *state;
	struct policy_state *twin; /* decides the same as state */
	double wildness;           /* share of the fields that make no sense */
	double speed;              /* share of the windows in which what was asked for is there */
	uint64_t now_ms;
	bool begun;
	uint64_t last_ms; /* the window before */
	int wanted;       /* -1: nothing was asked for yet */
	int running;
	double rps;
	bool down, telemetry; /* every answer fails; nginx tells */
	struct policy_advice advice;
	struct policy_input input;
	struct policy_decision d;
};

static void run_open(struct run *r, int policy)
{
	memset(r, 0, sizeof(*r));
	r->config = some_config(policy);
	r->state = policy_state_new(&r->config);
	r->twin = policy_state_copy(r->state);
	r->wildness = chance(0.15) ? 1 : chance(0.3) ? 0 : 0.01;
	r->speed = chance(0.3) ? 0.02 : 0.5;
	r->now_ms = chance(0.1) ? 0 : START_MS;
	r->wanted = -1;
	r->running = chance(0.2) ? pick(0, MESSAGE_COUNT_MAX) : pick(1, 12);
	r->rps = uniform(0, 300);
	r->telemetry = chance(0.7);
}

static void run_close(struct run *r)
{
	policy_state_free(r->state);
	policy_state_free(r->twin);
}

#define WILD(field, value) ((field) = chance(r->wildness) ? (value) : (field))

/* 66 rps a replica, 120 ms where nobody waits, a count that follows what was asked for. */
static void measure(struct run *r)
{
	struct policy_input *in = &r->input;
	struct message_traffic *t = &in->traffic;

	if (chance(0.02))
		r->rps = uniform(0, 600);
	if (chance(r->down ? 0.1 : 0.005))
		r->down = !r->down;
	if (r->wanted >= 0 && chance(r->speed))
		r->running = r->wanted;

	double used = r->rps / (66.0 * (r->running > 0 ? r->running : 1));
	double p95_ms = uniform(110, 130) * (used < 1 ? 1 : used * used);
	*in = (struct policy_input){
		.p95_ms = r->down ? uniform(1, 3) : p95_ms,
		.success_rate = r->down        ? uniform(0, 0.3)
				: chance(0.05) ? uniform(0.7, 1)
					       : 1,
		.requests = 40,
		.window_sec = 4,
		.age_sec = 0.1,
		.replicas = r->running,
		.ready = r->running,
	};
	*t = (struct message_traffic){
		.present = r->telemetry,
		.rps = r->rps * uniform(0.9, 1.1),
		.in_flight = r->rps * p95_ms / 1000 + (used > 1 ? uniform(0, 1000) : 0),
		.completed_rps = fmin(r->rps, 66.0 * r->running),
		.p95_ms = in->p95_ms,
		.error_rate = 1 - in->success_rate,
		.upstream_ms = 100,
	};
}

static void confuse(struct run *r)
{
	struct policy_input *in = &r->input;
	struct message_traffic *t = &in->traffic;

	WILD(in->p95_ms, wild(1e9));
	WILD(in->success_rate, chance(0.5) ? uniform(0, 1) : (double)pick(0, 1));
	WILD(in->requests, (int)wild(1e9));
	WILD(in->window_sec, chance(0.3) ? NAN : fmax(0.001, wild(1e6)));
	WILD(in->age_sec, chance(0.3) ? NAN : wild(1e11) * (chance(0.5) ? 1 : -1));
	WILD(in->replicas, (int)wild(MESSAGE_COUNT_MAX));
	WILD(in->ready, chance(0.3) ? -1 : (int)wild(MESSAGE_COUNT_MAX));
	WILD(t->present, chance(0.5));
	WILD(t->rps, wild(1e9));
	WILD(t->in_flight, wild(1e9));
	WILD(t->completed_rps, wild_or_nan(1e9));
	WILD(t->p95_ms, wild_or_nan(1e9));
	WILD(t->error_rate, wild_or_nan(1));
	WILD(t->upstream_ms, wild_or_nan(1e9));
}

/* Mostly one window on; sometimes the same instant, a jump, a step back. */
static void tick(struct run *r)
{
	double sec = isnan(r->input.window_sec) ? 4 : r->input.window_sec;
	uint64_t jump_ms = (uint64_t)wild(1e11);

	r->last_ms = r->now_ms;
	if (chance(0.97))
		r->now_ms += (uint64_t)(sec * 1000);
	else if (chance(0.5))
		r->now_ms += jump_ms;
	else
		r->now_ms -= jump_ms < r->now_ms ? jump_ms : r->now_ms;
}

/* Advice about the state that this window will be in, as a copy tells, or about another. */
static void advise(struct run *r)
{
	struct policy_state *copy = policy_state_copy(r->state);

	policy_step(copy, &r->config, r->now_ms, &r->input, &r->d);
	policy_state_free(copy);
	r->advice = (struct policy_advice){
		.action = (enum message_action)pick(ACTION_NOOP, ACTION_SCALE_DOWN),
		.alpha_up = chance(0.5) ? NAN : uniform(1.2, 10),
		.beta_down = chance(0.5) ? NAN : uniform(1, 1.5),
	};
	if (chance(0.8))
		memcpy(r->advice.state, r->d.state, sizeof(r->advice.state));
	if (chance(0.8))
		memset(r->advice.reason, 'x', (size_t)pick(0, MESSAGE_TEXT_MAX - 1));
	r->input.advice = &r->advice;
}

static void report_back(struct run *r)
{
	if (!chance(0.1))
		return;

	bool done = chance(0.5);
	if (chance(0.5) || r->wanted < 0)
		r->wanted = chance(0.1) ? pick(0, MESSAGE_COUNT_MAX) : r->running;
	policy_result(r->state, r->wanted, done);
	policy_result(r->twin, r->wanted, done);
}

/* --- what must hold --------------------------------------------------------------------------- */

static double failed_share(const struct policy_input *in)
{
	double share = 1 - in->success_rate;

	return in->traffic.present ? fmax(share, in->traffic.error_rate) : share;
}

/* As the task defines it, not as the policy does. */
static bool data_bad(const struct run *r)
{
	const struct policy_input *in = &r->input;
	double sec = in->window_sec;

	return failed_share(in) >= 0.5 || in->age_sec > fmax(5, 2 * sec) ||
	       (r->begun && r->now_ms > r->last_ms &&
		(double)(r->now_ms - r->last_ms) > 2500 * sec + 1);
}

static bool known_gate(const struct policy_decision *d)
{
	for (int i = 0; i < d->facts_n; i++)
		if (d->facts[i].kind == FACT_GATE && !strcmp(d->facts[i].name, d->decided_by))
			return true;
	return false;
}

/* A failure at random is of no use without its circumstances. */
static void check_at(const struct run *r, bool holds, const char *what, int line)
{
	const struct policy_decision *d = &r->d;
	const struct policy_input *in = &r->input;

	if (holds)
		return;
	print_error("%s: %s to %d by %s \"%s\"\n", what, message_action_name(d->action),
		    d->replicas, d->decided_by, d->reason);
	print_error("heuristic %s to %d, envelope %d to %d, advised %d, allowed %d to %d\n",
		    message_action_name(d->heuristic), d->heuristic_replicas, d->envelope.lo,
		    d->envelope.hi, d->advised, r->config.min_replicas, r->config.max_replicas);
	print_error("wanted %d, running %d, ready %d, success %g, errors %g, p95 %g, traffic %d\n",
		    r->wanted, in->replicas, in->ready, in->success_rate, in->traffic.error_rate,
		    in->p95_ms, in->traffic.present);
	print_error("window %g s, age %g s, clock %.3f s on\n", in->window_sec, in->age_sec,
		    ((double)r->now_ms - (double)r->last_ms) / 1000);
	_fail(__FILE__, line);
}

#define check(r, condition) check_at(r, condition, #condition, __LINE__)

static bool within(int n, int lo, int hi)
{
	return n >= lo && n <= hi;
}

static void check_form(const struct run *r)
{
	const struct policy_decision *d = &r->d;

	check(r, d->decided_by && known_gate(d));
	check(r, d->reason[0] != '\0' && memchr(d->reason, '\0', sizeof(d->reason)));
	check(r, !strstr(d->reason, "nan"));
	check(r, d->state[0] != '\0' && memchr(d->state, '\0', sizeof(d->state)));
	check(r, within(d->facts_n, 1, POLICY_FACTS_MAX - 1));
	check(r, within(d->low_windows_n, 1, r->config.low_need_n));
	check(r, d->cooldown_left_sec >= 0 && d->cooldown_left_sec <= 86400);
}

static void check_counts(const struct run *r)
{
	const struct policy_config *c = &r->config;
	const struct policy_decision *d = &r->d;
	int running = r->input.replicas;
	int wanted = r->wanted >= 0 ? r->wanted : running;
	bool stays = d->action == ACTION_NOOP || d->action == ACTION_RESTART;

	check(r, d->envelope.lo <= d->envelope.hi);
	check(r, d->envelope.lo >= c->min_replicas && d->envelope.hi <= c->max_replicas);
	check(r, stays ? d->replicas == wanted
		       : within(d->replicas, c->min_replicas, c->max_replicas));
	check(r, d->action != ACTION_SCALE_UP || d->replicas > wanted || d->replicas > running);
	check(r, d->action != ACTION_SCALE_DOWN || d->replicas < wanted || d->replicas < running);
	check(r, d->action != ACTION_SCALE_UP || c->policy == POLICY_CLASSIC ||
			 d->replicas >= wanted || d->replicas == c->max_replicas);
	check(r, d->action != ACTION_RESTART || (d->advised && failed_share(&r->input) >= 0.2));
	check(r, d->advised || (d->action == d->heuristic && d->replicas == d->heuristic_replicas));
}

static void check_cause(const struct run *r)
{
	const struct policy_decision *d = &r->d;

	if (d->action == ACTION_SCALE_UP && !strcmp(d->decided_by, "latency_guard"))
		check(r, d->over_slo);
	if (d->action == ACTION_SCALE_DOWN && !strcmp(d->decided_by, "survivors"))
		check(r, !d->over_slo);
}

/* The classic law goes down in an outage, as it always did; advice takes it no further. */
static void check_no_blind_down(const struct run *r)
{
	const struct policy_decision *d = &r->d;
	int most = r->wanted > r->input.replicas ? r->wanted : r->input.replicas;
	bool adaptive = r->config.policy == POLICY_ADAPTIVE;
	bool to_max = most > r->config.max_replicas && d->replicas == r->config.max_replicas;

	if (d->action != ACTION_SCALE_DOWN || to_max)
		return;
	if (!adaptive && d->replicas >= d->heuristic_replicas)
		return;
	check(r, failed_share(&r->input) < 0.2);
	check(r, !adaptive || !r->config.bad_data_hold || !data_bad(r));
}

static bool same_number(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static void assert_same(const struct policy_decision *a, const struct policy_decision *b)
{
	assert_int_equal(a->action, b->action);
	assert_int_equal(a->replicas, b->replicas);
	assert_string_equal(a->reason, b->reason);
	assert_string_equal(a->decided_by, b->decided_by);
	assert_string_equal(a->state, b->state);
	assert_int_equal(a->envelope.lo, b->envelope.lo);
	assert_int_equal(a->envelope.hi, b->envelope.hi);
	assert_int_equal(a->facts_n, b->facts_n);
	for (int i = 0; i < a->facts_n; i++) {
		assert_string_equal(a->facts[i].name, b->facts[i].name);
		assert_true(same_number(a->facts[i].value, b->facts[i].value));
		assert_true(same_number(a->facts[i].bound, b->facts[i].bound));
		assert_int_equal(a->facts[i].pass, b->facts[i].pass);
	}
}

static void step(struct run *r)
{
	struct policy_decision twins;

	measure(r);
	confuse(r);
	tick(r);
	if (chance(0.2))
		advise(r);

	policy_step(r->twin, &r->config, r->now_ms, &r->input, &twins);
	policy_step(r->state, &r->config, r->now_ms, &r->input, &r->d);
	check_form(r);
	check_counts(r);
	check_cause(r);
	check_no_blind_down(r);
	assert_same(&r->d, &twins);
	r->begun = true;
	if (r->d.action != ACTION_NOOP)
		r->wanted = r->d.replicas;
	report_back(r);
}

static void drive(int policy)
{
	int actions[ACTION_SCALE_DOWN + 1] = {0};

	for (int i = 0; i < RUNS; i++) {
		struct run r;
		seed = (uint64_t)i * 0x9E3779B97F4A7C15ULL + 1;
		run_open(&r, policy);
		for (int w = 0; w < RUN_WINDOWS; w++) {
			step(&r);
			actions[r.d.action]++;
			if (w % TWIN_WINDOWS != 0)
				continue;
			policy_state_free(r.twin);
			r.twin = policy_state_copy(r.state);
		}
		run_close(&r);
	}
	for (int a = ACTION_NOOP; a <= ACTION_SCALE_DOWN; a++)
		assert_true(actions[a] > 20); /* or it was no trial */
}

static void the_adaptive_policy_is_safe_whatever_it_is_told(void **state)
{
	(void)state;
	drive(POLICY_ADAPTIVE);
}

static void the_classic_law_is_safe_whatever_it_is_told(void **state)
{
	(void)state;
	drive(POLICY_CLASSIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_adaptive_policy_is_safe_whatever_it_is_told),
		cmocka_unit_test(the_classic_law_is_safe_whatever_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
