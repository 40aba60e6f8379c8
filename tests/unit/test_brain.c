/* What the planner knows of one target, as a fold over its messages.  By the classic law, of which
 * it is plain what it decides: 100 ms are normal, two replicas the least. */
#include "tests/unit/unit.h"

#include "planner/brain.h"
#include "tests/unit/default_policy.h"

#include <stdlib.h>
#include <string.h>

#define START_SEC 1795458155.613
#define START_MS  1795458155613ULL

struct run {
	struct policy_config config;
	struct brain *brain;
	double ts;
	struct brain_decided d; /* the last */
};

static int begin(void **state)
{
	struct run *r = calloc(1, sizeof(*r));

	r->config = default_policy("classic");
	r->config.cooldown_sec = 0;
	r->brain = brain_new(&r->config);
	r->ts = START_SEC;
	*state = r;
	return 0;
}

static int end(void **state)
{
	struct run *r = *state;

	brain_free(r->brain);
	brain_free(NULL);
	free(r);
	return 0;
}

static struct message_alert alert(const struct run *r, double p95_ms)
{
	return (struct message_alert){
		.target = "app",
		.window_sec = 4,
		.requests = 40,
		.success_rate = 1,
		.p95_ms = p95_ms,
		.replicas = 2,
		.ready = 2,
		.ts = r->ts,
	};
}

static void windows(struct run *r, int n, double p95_ms)
{
	for (int i = 0; i < n; i++) {
		r->ts += 4;
		struct message_alert a = alert(r, p95_ms);
		brain_alert(r->brain, &a, (uint64_t)(r->ts * 1000) + 20, false, &r->d);
	}
}

#define assert_decided(r, action_, replicas_)                                                      \
	do {                                                                                       \
		assert_int_equal((r)->d.decision.action, action_);                                 \
		assert_int_equal((r)->d.decision.replicas, replicas_);                             \
	} while (0)

/* --- windows --- */

static void the_clock_is_that_of_the_windows(void **state)
{
	struct run *r = *state;
	struct message_alert a = alert(r, 100);

	brain_alert(r->brain, &a, START_MS + 1500, false, &r->d);
	assert_int_equal(r->d.now_ms, START_MS);
	assert_true(fabs(r->d.input.age_sec - 1.5) < 1e-3);
	a.ts = NAN;
	brain_alert(r->brain, &a, START_MS + 4000, false, &r->d);
	assert_int_equal(r->d.now_ms, START_MS + 4000);
	assert_true(isnan(r->d.input.age_sec));
}

static void the_whole_window_is_looked_at(void **state)
{
	struct run *r = *state;
	struct message_alert a = alert(r, 123);

	a.success_rate = 0.75;
	a.ready = 1;
	a.traffic = (struct message_traffic){.present = true, .rps = 40, .in_flight = 7};
	brain_alert(r->brain, &a, START_MS, false, &r->d);
	const struct policy_input *in = &r->d.input;
	assert_true(in->p95_ms == 123 && in->success_rate == 0.75 && in->window_sec == 4);
	assert_int_equal(in->requests, 40);
	assert_int_equal(in->replicas, 2);
	assert_int_equal(in->ready, 1);
	assert_true(in->traffic.present && in->traffic.rps == 40 && in->traffic.in_flight == 7);
	assert_null(in->advice);
}

static void to_explain_changes_nothing(void **state)
{
	struct run *r = *state;
	struct brain *told = brain_new(&r->config);
	struct brain_decided d;
	size_t would_n = 0;

	for (int i = 0; i < 40; i++) {
		r->ts += 4;
		struct message_alert a = alert(r, i % 9 == 8 ? 900 : 100 + i);
		brain_alert(r->brain, &a, START_MS, false, &r->d);
		brain_alert(told, &a, START_MS, true, &d);
		assert_string_equal(d.decision.reason, r->d.decision.reason);
		assert_int_equal(d.decision.replicas, r->d.decision.replicas);
		assert_int_equal(r->d.would_n, 0);
		would_n += d.would_n;
	}
	assert_true(would_n > 0);
	brain_free(told);
}

/* --- results --- */

static struct message_result result(enum message_status status, int wanted, int after)
{
	return (struct message_result){.target = "app",
				       .action = ACTION_SCALE_UP,
				       .status = status,
				       .wanted = wanted,
				       .replicas_after = after};
}

static void what_the_executor_keeps_is_what_is_wanted(void **state)
{
	struct run *r = *state;
	static const struct {
		enum message_status status;
		int wanted, after, then;
	} steps[] = {
		{STATUS_OK, 7, 5, 7},      {STATUS_OK, -1, 6, 6},         {STATUS_NOOP, 9, 5, 9},
		{STATUS_SKIPPED, 8, 3, 3}, {STATUS_ERROR, 8, 2, 2},       {STATUS_ERROR, 8, -1, 2},
		{STATUS_OK, -1, -1, 2},    {STATUS_OK, 10000, -1, 10000},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct message_result m = result(steps[i].status, steps[i].wanted, steps[i].after);
		brain_result(r->brain, &m);
		windows(r, 1, 100);
		assert_decided(r, ACTION_NOOP, steps[i].then);
	}
}

/* --- advice --- */

static struct message_advice verdict(enum message_action action, const char *about)
{
	struct message_advice m = {
		.id = "v1",
		.mode = MODE_ADVISE,
		.outcome = OUTCOME_VERDICT,
		.action = action,
		.heuristic = ACTION_NOOP,
		.heuristic_replicas = 2,
		.reason = "because",
		.alpha_up = NAN,
		.beta_down = NAN,
		.cost_usd = NAN,
	};

	strncpy(m.state, about, sizeof(m.state) - 1);
	return m;
}

static void hear(struct run *r, enum message_action action, const char *about,
		 enum message_mode mode)
{
	struct message_advice m = verdict(action, about);

	m.mode = mode;
	brain_advice(r->brain, &m);
}

static void a_verdict_is_heard_by_the_next_window_and_no_other(void **state)
{
	struct run *r = *state;

	windows(r, 20, 100);
	assert_string_equal(r->d.decision.state, "near/2");
	assert_null(r->d.advice);
	hear(r, ACTION_SCALE_UP, "near/2", MODE_ADVISE);
	windows(r, 1, 100);
	assert_decided(r, ACTION_SCALE_UP, 3);
	assert_true(r->d.decision.advised && !r->d.shadowed);
	assert_string_equal(r->d.advice->id, "v1");
	windows(r, 1, 100);
	assert_null(r->d.advice);
	assert_decided(r, ACTION_NOOP, 3);
}

static void a_verdict_about_another_state_is_none(void **state)
{
	struct run *r = *state;

	windows(r, 20, 100);
	hear(r, ACTION_SCALE_UP, "near/3", MODE_ADVISE);
	windows(r, 1, 100);
	assert_decided(r, ACTION_NOOP, 2);
	assert_non_null(r->d.advice); /* it was there, and was not followed */
	assert_false(r->d.decision.advised);
}

static void the_last_of_two_verdicts_counts(void **state)
{
	struct run *r = *state;

	windows(r, 20, 100);
	hear(r, ACTION_SCALE_UP, "near/2", MODE_ADVISE);
	hear(r, ACTION_NOOP, "near/2", MODE_ADVISE);
	windows(r, 1, 100);
	assert_decided(r, ACTION_NOOP, 2);
	assert_int_equal(r->d.advice->action, ACTION_NOOP);
}

static void in_shadow_it_is_recorded_not_followed(void **state)
{
	struct run *r = *state;

	windows(r, 20, 100);
	hear(r, ACTION_SCALE_UP, "near/2", MODE_SHADOW);
	windows(r, 1, 100);
	assert_decided(r, ACTION_NOOP, 2);
	assert_true(r->d.shadowed && r->d.advice && !r->d.input.advice);
	assert_int_equal(brain_scorecard(r->brain)->verdicts, 1);
}

static void what_is_no_verdict_is_not_heard(void **state)
{
	struct run *r = *state;
	struct message_advice m = verdict(ACTION_SCALE_UP, "near/2");

	windows(r, 20, 100);
	m.outcome = OUTCOME_FAILED;
	brain_advice(r->brain, &m);
	m.outcome = OUTCOME_ABSTAINED;
	brain_advice(r->brain, &m);
	windows(r, 1, 100);
	assert_null(r->d.advice);
	assert_int_equal(brain_scorecard(r->brain)->failed, 1);
	assert_int_equal(brain_scorecard(r->brain)->abstained, 1);
}

static void proposed_thresholds_hold_for_a_while(void **state)
{
	struct run *r = *state;
	struct message_advice m = verdict(ACTION_NOOP, "near/2");

	windows(r, 40, 100);
	m.alpha_up = 1.5;
	brain_advice(r->brain, &m);
	windows(r, 1, 100);
	assert_true(r->d.decision.slo_ms == 750); /* heard now, in force from the next on */
	windows(r, 1, 100);
	assert_true(r->d.decision.slo_ms == 150);
	windows(r, 148, 100);
	assert_true(r->d.decision.slo_ms == 150);
	windows(r, 1, 100); /* 600 s after it was heard */
	assert_true(r->d.decision.slo_ms == 750);
}

static void harmful_verdicts_end_the_trust(void **state)
{
	struct run *r = *state;
	size_t judged_n = 0;

	windows(r, 20, 100);
	for (int i = 0; i < SCORECARD_DEMOTE; i++) {
		hear(r, ACTION_SCALE_UP, "near/2", MODE_SHADOW);
		for (int w = 0; w < SCORECARD_WINDOWS; w++) {
			windows(r, 1, 100);
			judged_n += r->d.judged_n;
		}
		assert_int_equal(r->d.judged[0].judgement, JUDGED_HARMFUL);
		assert_string_equal(r->d.judged[0].advice, "v1");
	}
	assert_int_equal(judged_n, SCORECARD_DEMOTE);
	assert_true(brain_scorecard(r->brain)->demoted);
	hear(r, ACTION_SCALE_UP, "near/2", MODE_ADVISE);
	windows(r, 1, 100);
	assert_true(r->d.shadowed);
	assert_decided(r, ACTION_NOOP, 2);
}

/* --- questions --- */

static void a_question_is_about_the_last_window(void **state)
{
	struct run *r = *state;
	struct llm_question q;

	assert_false(brain_question(r->brain, &q));
	windows(r, 30, 100);
	struct message_alert a = alert(r, 150);
	a.ready = -1;
	a.traffic = (struct message_traffic){.present = true, .rps = 40};
	brain_alert(r->brain, &a, START_MS, false, &r->d);
	assert_true(brain_question(r->brain, &q));
	assert_true(q.p95_ms == 150 && q.baseline_ms == 100 && q.ratio == 1.5);
	assert_true(q.slo_ms == 750 && q.window_sec == 4 && q.cooldown_left_sec == 0);
	assert_int_equal(q.replicas, 2);
	assert_int_equal(q.ready, -1);
	assert_int_equal(q.min_replicas, 2);
	assert_int_equal(q.max_replicas, 10);
	assert_int_equal(q.low_windows_n, 3);
	assert_true(q.low_windows[1] && !q.low_windows[2]);
	assert_int_equal(q.history_n, LLM_HISTORY_MAX);
	assert_true(q.history[LLM_HISTORY_MAX - 1].arrivals_rps == 40);
	assert_true(isnan(q.history[LLM_HISTORY_MAX - 2].arrivals_rps));
	assert_true(q.history[LLM_HISTORY_MAX - 1].p95_ms == 150);
	assert_true(q.history[0].p95_ms == 100);
}

static void without_a_baseline_there_is_no_ratio(void **state)
{
	struct run *r = *state;
	struct llm_question q;

	windows(r, 3, 0);
	assert_true(brain_question(r->brain, &q));
	assert_int_equal(q.history_n, 3);
	assert_true(isnan(q.ratio));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(the_clock_is_that_of_the_windows),
		TEST(the_whole_window_is_looked_at),
		TEST(to_explain_changes_nothing),
		TEST(what_the_executor_keeps_is_what_is_wanted),
		TEST(a_verdict_is_heard_by_the_next_window_and_no_other),
		TEST(a_verdict_about_another_state_is_none),
		TEST(the_last_of_two_verdicts_counts),
		TEST(in_shadow_it_is_recorded_not_followed),
		TEST(what_is_no_verdict_is_not_heard),
		TEST(proposed_thresholds_hold_for_a_while),
		TEST(harmful_verdicts_end_the_trust),
		TEST(a_question_is_about_the_last_window),
		TEST(without_a_baseline_there_is_no_ratio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
