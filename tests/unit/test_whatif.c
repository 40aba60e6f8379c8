/* What would have changed a decision, held to its word: move the named quantity to the named bound
 * and the decision flips, stop one step short of it and it does not. */
#include "tests/unit/unit.h"

#include "planner/whatif.h"
#include "tests/unit/default_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS    1795458155613ULL
#define ACTIONS     (ACTION_SCALE_DOWN + 1)
#define HISTORIES   250 /* of each policy */
#define WINDOWS_MAX 120

/* --- a service of which windows are made ------------------------------------------------------ */

struct world {
	struct policy_config config;
	struct policy_state *state;
	uint64_t now_ms;
	struct policy_input input;
	struct policy_decision decision;
	bool telemetry;
	double arrivals_rps, failing;
	int replicas;
};

static uint64_t seed;

static double uniform(double from, double to)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return from + (to - from) * ((double)(seed >> 11) / 9007199254740992.0);
}

static void world_open(struct world *w, const char *policy)
{
	memset(w, 0, sizeof(*w));
	w->config = default_policy(policy);
	w->config.down_hold_sec = 10; /* within the windows that are looked ahead */
	w->config.hist_windows = 20;
	w->config.warmup_windows = 5;
	w->state = policy_state_new(&w->config);
	w->now_ms = START_MS;
	w->telemetry = uniform(0, 1) < 0.7;
	w->arrivals_rps = uniform(5, 150);
	w->replicas = (int)uniform(1, 8);
}

static void world_close(struct world *w)
{
	policy_state_free(w->state);
}

/* One more window: 66 rps a replica, 120 ms where nobody waits. */
static void world_measure(struct world *w)
{
	double rho = w->arrivals_rps / (66.0 * w->replicas);
	double p95_ms = 120 * uniform(0.97, 1.03) * (rho < 0.9 ? 1 : 1 + 20 * (rho - 0.9));

	w->input = (struct policy_input){.p95_ms = p95_ms,
					 .success_rate = 1 - w->failing,
					 .requests = 40,
					 .window_sec = 3,
					 .age_sec = 0.01,
					 .replicas = w->replicas,
					 .ready = w->replicas};
	if (!w->telemetry)
		return;
	w->input.traffic =
		(struct message_traffic){.present = true,
					 .rps = w->arrivals_rps * uniform(0.95, 1.05),
					 .completed_rps = fmin(w->arrivals_rps, 66.0 * w->replicas),
					 .in_flight = w->arrivals_rps * p95_ms / 1000,
					 .p50_ms = p95_ms * 0.8,
					 .p95_ms = p95_ms,
					 .p99_ms = p95_ms * 1.2,
					 .error_rate = w->failing,
					 .upstream_ms = 100};
}

static void world_decide(struct world *w)
{
	policy_step(w->state, &w->config, w->now_ms, &w->input, &w->decision);
	w->now_ms += 3000;
	w->replicas = w->decision.replicas;
	if (w->decision.action != ACTION_NOOP)
		policy_result(w->state, w->decision.replicas, true);
}

static void world_run(struct world *w, int windows)
{
	while (windows--) {
		if (uniform(0, 1) < 0.05)
			w->arrivals_rps = uniform(5, 400);
		if (uniform(0, 1) < 0.05)
			w->failing = uniform(0, 1) < 0.7 ? 0 : uniform(0, 1);
		world_measure(w);
		world_decide(w);
	}
}

/* --- the promise ------------------------------------------------------------------------------ */

/* The number of three significant digits below (${by} -1) or above (1) ${value}, which is one. */
static double next_number(double value, int by)
{
	char text[32];
	int digits;
	int power;

	snprintf(text, sizeof(text), "%.2e", value);
	assert_int_equal(text[1], '.');
	digits = (text[0] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0') + by;
	power = atoi(text + 5);
	if (digits == 99)
		digits = 999, power--;
	snprintf(text, sizeof(text), "%de%d", digits, power - 2);
	return strtod(text, NULL);
}

/* Whether, with ${would}'s quantity at ${value}, its action comes exactly in its last window. */
static bool flips(const struct world *w, const struct policy_state *before,
		  const struct whatif *would, double value)
{
	struct policy_state *state = policy_state_copy(before);
	struct policy_input input = w->input;
	struct policy_decision d;
	bool came = false;

	assert_true(whatif_set(&input, would->quantity, value));
	for (int i = 0; i < would->windows; i++) {
		policy_step(state, &w->config, w->now_ms + 3000 * (uint64_t)i, &input, &d);
		came = d.action == would->action;
		if (d.action != w->decision.action)
			came = came && i == would->windows - 1;
		if (d.action != w->decision.action)
			break;
	}
	policy_state_free(state);
	return came;
}

static void assert_promise(const struct world *w, const struct policy_state *before,
			   const struct whatif *would)
{
	assert_int_not_equal(would->action, w->decision.action);
	assert_in_range(would->windows, 1,
			w->decision.action == ACTION_NOOP ? WHATIF_WINDOWS_MAX : 1);
	assert_true(flips(w, before, would, would->bound));
	assert_false(flips(w, before, would, next_number(would->bound, would->at_least ? -1 : 1)));
}

/* Decide about the window measured last, and keep every promise that is made. */
static size_t promises(struct world *w, unsigned by_action[ACTIONS])
{
	struct policy_state *before = policy_state_copy(w->state);
	struct whatif would[WHATIF_MAX];
	struct policy_decision again;

	policy_step(w->state, &w->config, w->now_ms, &w->input, &w->decision);
	size_t n = whatif_find(before, &w->config, w->now_ms, &w->input, &w->decision, would);
	assert_true(n <= WHATIF_MAX);
	for (size_t i = 0; i < n; i++) {
		assert_promise(w, before, &would[i]);
		assert_true(i == 0 || would[i].windows >= would[i - 1].windows);
		by_action[would[i].action]++;
	}
	/* asking has changed nothing */
	policy_step(before, &w->config, w->now_ms, &w->input, &again);
	assert_int_equal(again.action, w->decision.action);
	assert_string_equal(again.reason, w->decision.reason);
	policy_state_free(before);
	return n;
}

static void promises_are_kept(const char *policy)
{
	unsigned by_action[ACTIONS] = {0};
	size_t all = 0;

	seed = 88172645463325252;
	for (int i = 0; i < HISTORIES; i++) {
		struct world w;
		world_open(&w, policy);
		world_run(&w, (int)uniform(0, WINDOWS_MAX));
		for (int k = 0; k < 4; k++) {
			world_measure(&w);
			if (uniform(0, 1) < 0.3)
				w.input.p95_ms *= uniform(0.2, 20);
			all += promises(&w, by_action);
			w.now_ms += 3000;
		}
		world_close(&w);
	}
	assert_true(all > HISTORIES);
	assert_true(by_action[ACTION_SCALE_UP] > HISTORIES / 20);
	assert_true(by_action[ACTION_SCALE_DOWN] > HISTORIES / 20);
	assert_true(by_action[ACTION_NOOP] > HISTORIES / 20);
}

static void promises_of_the_classic_law_are_kept(void **state)
{
	(void)state;
	promises_are_kept("classic");
}

static void promises_of_the_adaptive_policy_are_kept(void **state)
{
	(void)state;
	promises_are_kept("adaptive");
}

/* --- by hand, on the classic law -------------------------------------------------------------- */

static const struct whatif *find(const struct whatif *all, size_t n, enum message_action action,
				 const char *quantity, bool at_least)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].action == action && all[i].at_least == at_least &&
		    strcmp(all[i].quantity, quantity) == 0)
			return &all[i];
	return NULL;
}

/* A classic planner that has seen p95s of 95 to 105 ms with 3 replicas, the last ${high} far
 * above. */
static void classic_world(struct world *w, int high)
{
	memset(w, 0, sizeof(*w));
	w->config = default_policy("classic");
	w->state = policy_state_new(&w->config);
	w->now_ms = START_MS;
	w->replicas = 3;
	for (int i = 0; i < 40; i++) {
		w->input = (struct policy_input){.p95_ms = i < 40 - high ? 95 + i % 11 : 160,
						 .success_rate = 1,
						 .requests = 40,
						 .window_sec = 4,
						 .age_sec = 0,
						 .replicas = 3,
						 .ready = -1};
		/* as if nothing had been done all along */
		w->config.min_replicas = w->config.max_replicas = 3;
		policy_step(w->state, &w->config, w->now_ms, &w->input, &w->decision);
		w->now_ms += 4000;
	}
	w->config.min_replicas = 1;
	w->config.max_replicas = 10;
}

static void bounds_of_the_classic_law_are_its_thresholds(void **state)
{
	(void)state;
	struct world w;
	struct whatif would[WHATIF_MAX];

	classic_world(&w, 2);
	struct policy_state *before = policy_state_copy(w.state);
	w.input.p95_ms = 120;
	policy_step(w.state, &w.config, w.now_ms, &w.input, &w.decision);
	assert_int_equal(w.decision.action, ACTION_NOOP);
	size_t n = whatif_find(before, &w.config, w.now_ms, &w.input, &w.decision, would);

	const struct whatif *up = find(would, n, ACTION_SCALE_UP, "p95_ms", true);
	assert_non_null(up);
	assert_int_equal(up->windows, 1);
	/* 6 sigma above the median */
	assert_true(fabs(up->bound - (w.decision.baseline_ms + 6 * w.decision.sigma_ms)) < 3);

	const struct whatif *down = find(would, n, ACTION_SCALE_DOWN, "p95_ms", false);
	assert_non_null(down);
	assert_int_equal(down->windows, 3); /* of the three windows none may be high */
	double near_ms = w.decision.baseline_ms * 1.05 + 5;
	assert_true(fabs(down->bound - near_ms) < 3);

	assert_null(
		find(would, n, ACTION_SCALE_UP, "arrivals_rps", true)); /* it has no such input */
	assert_null(find(would, n, ACTION_SCALE_UP, "success_rate", false)); /* nor does it look */
	policy_state_free(before);
	world_close(&w);
}

static void an_action_turns_into_nothing(void **state)
{
	(void)state;
	struct world w;
	struct whatif would[WHATIF_MAX];

	classic_world(&w, 2);
	struct policy_state *before = policy_state_copy(w.state);
	w.input.p95_ms = 900;
	policy_step(w.state, &w.config, w.now_ms, &w.input, &w.decision);
	assert_int_equal(w.decision.action, ACTION_SCALE_UP);
	assert_int_equal(whatif_find(before, &w.config, w.now_ms, &w.input, &w.decision, would), 1);
	assert_int_equal(would[0].action, ACTION_NOOP);
	assert_false(would[0].at_least);
	assert_int_equal(would[0].windows, 1);
	assert_promise(&w, before, &would[0]);
	policy_state_free(before);
	world_close(&w);
}

/* The window was low, like the one before it: two more like it and it goes down anyway.  So the
 * bound says how high they may be. */
static void what_happens_anyway_is_told_with_its_limit(void **state)
{
	(void)state;
	struct world w;
	struct whatif would[WHATIF_MAX];

	classic_world(&w, 1);
	struct policy_state *before = policy_state_copy(w.state);
	w.input.p95_ms = 98;
	policy_step(w.state, &w.config, w.now_ms, &w.input, &w.decision);
	assert_int_equal(w.decision.action, ACTION_NOOP);
	size_t n = whatif_find(before, &w.config, w.now_ms, &w.input, &w.decision, would);
	const struct whatif *down = find(would, n, ACTION_SCALE_DOWN, "p95_ms", false);
	assert_non_null(down);
	assert_int_equal(down->windows, 3);
	assert_true(down->bound > 98);
	policy_state_free(before);
	world_close(&w);
}

static void bounds_leave_nothing_to_do(void **state)
{
	(void)state;
	struct world w;
	struct whatif would[WHATIF_MAX];

	classic_world(&w, 0);
	w.config.min_replicas = w.config.max_replicas = 3;
	struct policy_state *before = policy_state_copy(w.state);
	policy_step(w.state, &w.config, w.now_ms, &w.input, &w.decision);
	assert_int_equal(whatif_find(before, &w.config, w.now_ms, &w.input, &w.decision, would), 0);
	policy_state_free(before);
	world_close(&w);
}

/* --- inputs that did not happen --------------------------------------------------------------- */

static const struct policy_input measured = {.p95_ms = 130,
					     .success_rate = 0.98,
					     .traffic = {.present = true,
							 .rps = 100,
							 .completed_rps = 90,
							 .in_flight = 12,
							 .p50_ms = 80,
							 .p95_ms = 140,
							 .p99_ms = 200,
							 .error_rate = 0.01,
							 .upstream_ms = 75}};

static void setting_p95_keeps_the_quantiles_in_order(void **state)
{
	(void)state;
	struct policy_input input = measured;

	assert_true(whatif_set(&input, "p95_ms", 150));
	assert_true(input.p95_ms == 150 && input.traffic.p95_ms == 150);
	assert_true(input.traffic.p50_ms == 80 && input.traffic.p99_ms == 200);
	assert_true(whatif_set(&input, "p95_ms", 900));
	assert_true(input.traffic.p99_ms == 900 && input.traffic.upstream_ms == 75);
	assert_true(whatif_set(&input, "p95_ms", 10));
	assert_true(input.traffic.p50_ms == 10 && input.traffic.upstream_ms == 10);
	assert_true(input.traffic.rps == 100 && input.success_rate == measured.success_rate);

	input = measured;
	input.traffic.p95_ms = NAN; /* no access log: only probes are slow */
	assert_true(whatif_set(&input, "p95_ms", 900));
	assert_true(input.p95_ms == 900 && isnan(input.traffic.p95_ms));
	assert_true(input.traffic.p99_ms == 200);
}

static void setting_arrivals_keeps_proportions(void **state)
{
	(void)state;
	struct policy_input input = measured;

	assert_true(whatif_set(&input, "arrivals_rps", 50));
	assert_double_near(input.traffic.rps, 50);
	assert_double_near(input.traffic.completed_rps, 45);
	assert_double_near(input.traffic.in_flight, 6);
	assert_true(input.p95_ms == 130 && input.traffic.p95_ms == 140);

	input.traffic.rps = input.traffic.completed_rps = input.traffic.in_flight = 0;
	assert_true(whatif_set(&input, "arrivals_rps", 50));
	assert_double_near(input.traffic.rps, 50);
	assert_double_near(input.traffic.completed_rps, 50);
	input.traffic.present = false;
	assert_false(whatif_set(&input, "arrivals_rps", 50));
}

static void setting_success_sets_the_errors(void **state)
{
	(void)state;
	struct policy_input input = measured;

	assert_true(whatif_set(&input, "success_rate", 0.75));
	assert_true(input.success_rate == 0.75 && input.traffic.error_rate == 0.25);
	input.traffic.error_rate = NAN;
	assert_true(whatif_set(&input, "success_rate", 0.5));
	assert_true(input.success_rate == 0.5 && isnan(input.traffic.error_rate));
	assert_false(whatif_set(&input, "p95", 1));
	assert_false(whatif_set(&input, "", 1));
}

/* --- text ------------------------------------------------------------------------------------- */

static void texts(void **state)
{
	(void)state;
	static const struct {
		struct whatif would;
		const char *text;
	} rows[] = {
		{{ACTION_SCALE_UP, "p95_ms", true, 412, 1},
		 "would scale up if p95 >= 412 ms for this window"},
		{{ACTION_SCALE_DOWN, "arrivals_rps", false, 61.5, 3},
		 "would scale down if arrivals <= 61.5/s for this window and 2 more"},
		{{ACTION_NOOP, "success_rate", false, 0.798, 1},
		 "would do nothing if success_rate <= 0.798 for this window"},
		{{ACTION_RESTART, "p95_ms", true, 58300, 2},
		 "would restart if p95 >= 58300 ms for this window and 1 more"},
	};
	char text[WHATIF_TEXT_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		whatif_text(&rows[i].would, text);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promises_of_the_classic_law_are_kept),
		cmocka_unit_test(promises_of_the_adaptive_policy_are_kept),
		cmocka_unit_test(bounds_of_the_classic_law_are_its_thresholds),
		cmocka_unit_test(an_action_turns_into_nothing),
		cmocka_unit_test(what_happens_anyway_is_told_with_its_limit),
		cmocka_unit_test(bounds_leave_nothing_to_do),
		cmocka_unit_test(setting_p95_keeps_the_quantiles_in_order),
		cmocka_unit_test(setting_arrivals_keeps_proportions),
		cmocka_unit_test(setting_success_sets_the_errors),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
