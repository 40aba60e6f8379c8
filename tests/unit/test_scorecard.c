/* Shell. Unit tests of planner/scorecard. */
#include "tests/unit/unit.h"

#include "planner/scorecard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NOOP = ACTION_NOOP,
	RESTART = ACTION_RESTART,
	UP = ACTION_SCALE_UP,
	DOWN = ACTION_SCALE_DOWN
};
enum {
	AGREED = JUDGED_AGREED,
	HELPFUL = JUDGED_HELPFUL,
	HARMFUL = JUDGED_HARMFUL,
	NEUTRAL = JUDGED_NEUTRAL
};

/* What comes of the windows after a verdict. */
enum story { QUIET, BREACH, ONE_BREACH, GROWTH, SLACK, GIVEN_BACK, BREACH_AND_BACK, OUTAGE };

static struct message_advice advice(int action, int heuristic)
{
	static int n;
	struct message_advice m = {
		.outcome = OUTCOME_VERDICT,
		.action = (enum message_action)action,
		.heuristic = (enum message_action)heuristic,
		.latency_ms = 800,
		.tokens_in = 500,
		.tokens_out = 40,
		.cost_usd = 0.001,
	};

	snprintf(m.id, sizeof(m.id), "advice-%d", ++n);
	return m;
}

/* A window of 4 s in which nothing happens to 4 replicas, all of which are needed. */
static const struct policy_input good_input = {
	.p95_ms = 100, .success_rate = 1, .window_sec = 4, .age_sec = NAN};
static const struct policy_decision calm = {
	.replicas = 4, .heuristic_replicas = 4, .envelope = {.lo = 4, .hi = 8}};

static size_t window(struct scorecard *s, struct policy_input in, struct policy_decision d,
		     struct message_judged *ret)
{
	return scorecard_window(s, &in, &d, ret, 1);
}

/* The window that hears the verdict; followed, it decides for it. */
static void hear(struct scorecard *s, int action, int heuristic, bool followed)
{
	struct message_advice m = advice(action, heuristic);
	struct policy_decision d = calm;
	struct message_judged none;

	d.heuristic = (enum message_action)heuristic;
	d.heuristic_replicas = 4 + (heuristic == UP) - (heuristic == DOWN);
	d.advised = followed;
	d.replicas = followed ? 4 + (action == UP) - (action == DOWN) : d.heuristic_replicas;
	scorecard_advice(s, &m);
	if (!followed)
		d.heuristic = ACTION_NOOP; /* the state passed: what it was asked about is done */
	assert_int_equal(window(s, good_input, d, &none), 0);
}

/* Window ${n} of a story. */
static void tell(enum story story, int n, struct policy_input *in, struct policy_decision *d)
{
	*in = good_input;
	*d = calm;
	if (story == BREACH || story == BREACH_AND_BACK)
		d->over_slo = n == 5 || n == 6;
	if (story == ONE_BREACH)
		d->over_slo = n == 5;
	if (story == GROWTH && n == 7)
		d->heuristic = ACTION_SCALE_UP;
	if (story == SLACK)
		d->envelope.lo = 3;
	if ((story == GIVEN_BACK || story == BREACH_AND_BACK) && n == 9)
		d->heuristic = ACTION_SCALE_DOWN;
	if (story == OUTAGE) {
		in->success_rate = 0.1;
		d->over_slo = true;
		d->heuristic = ACTION_SCALE_UP;
	}
}

static struct message_judged run(struct scorecard *s, int action, int heuristic, bool followed,
				 enum story story)
{
	struct message_judged judged = {0};

	hear(s, action, heuristic, followed);
	for (int n = 1; n < SCORECARD_WINDOWS; n++) {
		struct policy_input in;
		struct policy_decision d;

		tell(story, n, &in, &d);
		assert_int_equal(window(s, in, d, &judged), n == SCORECARD_WINDOWS - 1);
	}
	return judged;
}

/* --- the table --- */

static const struct {
	const char *why;
	int advice, heuristic;
	bool followed;
	enum story story;
	int judgement;
} rows[] = {
	{"the same", NOOP, NOOP, false, BREACH, AGREED},
	{"the same", UP, UP, false, QUIET, AGREED},

	{"foreseen", UP, NOOP, false, BREACH, HELPFUL},
	{"foreseen", UP, NOOP, false, GROWTH, HELPFUL},
	{"wasted", UP, NOOP, false, QUIET, HARMFUL},
	{"wasted: one window in twenty is noise", UP, NOOP, false, ONE_BREACH, HARMFUL},
	{"wasted", UP, NOOP, false, SLACK, HARMFUL},
	{"wasted", UP, NOOP, false, GIVEN_BACK, HARMFUL},
	{"needed for a while", UP, NOOP, false, BREACH_AND_BACK, HELPFUL},
	{"an outage is no evidence", UP, NOOP, false, OUTAGE, NEUTRAL},
	{"followed: more would have been right", UP, NOOP, true, BREACH, HELPFUL},
	{"followed: it may be its merit", UP, NOOP, true, QUIET, NEUTRAL},
	{"followed: not needed", UP, NOOP, true, SLACK, HARMFUL},
	{"followed: not needed", UP, NOOP, true, GIVEN_BACK, HARMFUL},
	{"against a down", UP, DOWN, false, QUIET, HARMFUL},

	{"saved nothing it should have", DOWN, NOOP, false, BREACH, HARMFUL},
	{"saved nothing it should have", DOWN, NOOP, false, GROWTH, HARMFUL},
	{"nobody knows", DOWN, NOOP, false, QUIET, NEUTRAL},
	{"the policy followed", DOWN, NOOP, false, GIVEN_BACK, HELPFUL},
	{"fewer were safe", DOWN, NOOP, false, SLACK, HELPFUL},
	{"evidence both ways", DOWN, NOOP, false, BREACH_AND_BACK, NEUTRAL},
	{"followed: too few", DOWN, NOOP, true, BREACH, HARMFUL},
	{"followed: too few", DOWN, NOOP, true, GROWTH, HARMFUL},
	{"followed: too few for a while", DOWN, NOOP, true, BREACH_AND_BACK, HARMFUL},
	{"followed: enough", DOWN, NOOP, true, QUIET, HELPFUL},
	{"followed: enough", DOWN, NOOP, true, ONE_BREACH, HELPFUL},
	{"followed, then an outage", DOWN, NOOP, true, OUTAGE, NEUTRAL},
	{"against an up", DOWN, UP, false, BREACH, HARMFUL},

	{"veto: needed all the same", NOOP, UP, false, BREACH, HARMFUL},
	{"veto: the replica may have made it quiet", NOOP, UP, false, QUIET, NEUTRAL},
	{"veto: not needed", NOOP, UP, false, GIVEN_BACK, HELPFUL},
	{"veto: it did not help (a slow dependency)", NOOP, UP, false, BREACH_AND_BACK, NEUTRAL},
	{"veto followed: needed", NOOP, UP, true, BREACH, HARMFUL},
	{"veto followed: the policy repeats itself", NOOP, UP, true, GROWTH, NEUTRAL},
	{"veto followed: not needed", NOOP, UP, true, QUIET, HELPFUL},

	{"kept what was needed", NOOP, DOWN, false, BREACH, HELPFUL},
	{"kept what was needed", NOOP, DOWN, true, GROWTH, HELPFUL},
	{"caution", NOOP, DOWN, false, QUIET, NEUTRAL},
	{"caution", NOOP, DOWN, true, GIVEN_BACK, NEUTRAL},

	{"restart that helped", RESTART, NOOP, true, QUIET, HELPFUL},
	{"restart that did not", RESTART, NOOP, true, BREACH, HARMFUL},
	{"restart without need", RESTART, NOOP, false, QUIET, HARMFUL},
	{"nobody knows", RESTART, UP, false, BREACH, NEUTRAL},
	{"against a restart", UP, RESTART, false, BREACH, NEUTRAL},
	{"against a restart", NOOP, RESTART, false, QUIET, NEUTRAL},
};

static void test_judgements(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scorecard *s = scorecard_new();
		struct message_judged j =
			run(s, rows[i].advice, rows[i].heuristic, rows[i].followed, rows[i].story);

		if ((int)j.judgement != rows[i].judgement)
			print_error("row %zu (%s): %s\n", i, rows[i].why, j.reason);
		assert_int_equal(j.judgement, rows[i].judgement);
		assert_int_equal(scorecard_totals(s)->judged[j.judgement], 1);
		scorecard_free(s);
	}
}

/* Two courses of which only one was tried: what happens cannot condemn both, nor credit both. */
static void test_no_outcome_speaks_for_two_opposites(void **state)
{
	static const int opposites[][2] = {{UP, DOWN}, {UP, NOOP}, {NOOP, DOWN},
					   {DOWN, UP}, {NOOP, UP}, {DOWN, NOOP}};

	(void)state;
	for (int story = QUIET; story <= OUTAGE; story++) {
		for (size_t i = 0; i < sizeof(opposites) / sizeof(opposites[0]); i++) {
			struct scorecard *s = scorecard_new();
			int a = opposites[i][0], b = opposites[i][1];
			/* b is what was done: against advice, and by advice */
			struct message_judged told = run(s, a, b, false, (enum story)story);
			struct message_judged done = run(s, b, a, true, (enum story)story);

			assert_false(told.judgement == JUDGED_HELPFUL &&
				     done.judgement == JUDGED_HELPFUL);
			assert_false(told.judgement == JUDGED_HARMFUL &&
				     done.judgement == JUDGED_HARMFUL);
			scorecard_free(s);
		}
	}
}

static void test_a_judgement_says_why(void **state)
{
	struct scorecard *s = scorecard_new();
	struct message_judged j = run(s, DOWN, NOOP, true, BREACH);

	(void)state;
	assert_string_equal(j.reason, "scale_down against noop, followed; 2 of 19 windows over the "
				      "objective: fewer were too few");
	assert_int_equal(strncmp(j.advice, "advice-", 7), 0);
	assert_int_equal(j.windows, 19);
	assert_int_equal(j.slo_windows, 2);
	scorecard_free(s);
}

/* --- replica-seconds --- */

static void test_replica_seconds(void **state)
{
	static const struct {
		int advice, heuristic;
		bool followed;
		enum story story;
		double replica_sec;
	} costs[] = {
		{UP, NOOP, false, QUIET, 80}, /* all 20 windows of 4 s */
		{UP, NOOP, true, QUIET, 80},
		{UP, NOOP, false, GROWTH, 28}, /* until the policy went up, in the 8th */
		{DOWN, NOOP, false, GIVEN_BACK, -36},
		{DOWN, NOOP, true, QUIET, -80},
		{NOOP, UP, true, QUIET, -80},
		{NOOP, DOWN, true, GIVEN_BACK, 36},
		{UP, DOWN, false, QUIET, 160},
		{NOOP, NOOP, false, QUIET, 0},
		{RESTART, NOOP, true, QUIET, 0},
		{UP, NOOP, false, OUTAGE, 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		struct scorecard *s = scorecard_new();
		struct message_judged j = run(s, costs[i].advice, costs[i].heuristic,
					      costs[i].followed, costs[i].story);

		assert_double_near(j.replica_sec, costs[i].replica_sec);
		scorecard_free(s);
	}
}

static void test_followed_counts_what_was_done(void **state)
{
	struct scorecard *s = scorecard_new();
	struct message_advice m = advice(NOOP, UP);
	struct policy_decision d = calm;
	struct message_judged j;

	(void)state;
	scorecard_advice(s, &m);
	d.heuristic = ACTION_SCALE_UP;
	d.heuristic_replicas = 8;
	d.replicas = 5; /* as far as the envelope let it */
	d.advised = true;
	window(s, good_input, d, &j);
	for (int n = 1; n < SCORECARD_WINDOWS; n++)
		window(s, good_input, calm, &j);
	assert_double_near(j.replica_sec, -3 * 80);
	scorecard_free(s);
}

/* --- what is no evidence --- */

static void test_bad_data_is_no_evidence(void **state)
{
	const struct policy_input bad[] = {
		{.success_rate = 0, .window_sec = 4, .age_sec = NAN},
		{.success_rate = 0.5, .window_sec = 4, .age_sec = NAN},
		{.success_rate = 1, .window_sec = 4, .age_sec = 8.1},
		{.success_rate = 1,
		 .window_sec = 4,
		 .age_sec = NAN,
		 .traffic = {.present = true, .error_rate = 0.7}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct scorecard *s = scorecard_new();
		struct policy_decision alarmed = calm;
		struct message_judged j;

		alarmed.over_slo = true;
		alarmed.heuristic = ACTION_SCALE_UP;
		hear(s, DOWN, NOOP, true);
		for (int n = 1; n < SCORECARD_WINDOWS; n++) /* 9 of them bad, 10 good */
			if (n % 2 == 0)
				window(s, bad[i], alarmed, &j);
			else
				window(s, good_input, calm, &j);
		assert_int_equal(j.windows, 10);
		assert_int_equal(j.slo_windows, 0);
		assert_int_equal(j.judgement, JUDGED_HELPFUL);
		scorecard_free(s);
	}
}

static void test_an_unknown_window_length_costs_nothing(void **state)
{
	struct scorecard *s = scorecard_new();
	struct message_advice m = advice(UP, NOOP);
	struct policy_input in = good_input;
	struct message_judged j;

	(void)state;
	in.window_sec = NAN;
	in.age_sec = 100;
	scorecard_advice(s, &m);
	for (int n = 0; n < SCORECARD_WINDOWS; n++)
		window(s, in, calm, &j);
	assert_double_near(j.replica_sec, 0);
	assert_int_equal(j.windows, 20);
	scorecard_free(s);
}

/* --- many --- */

static void test_each_is_judged_in_its_own_time(void **state)
{
	struct scorecard *s = scorecard_new();
	struct message_judged j[4];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct message_advice m = advice(NOOP, NOOP);

		scorecard_advice(s, &m);
	}
	for (int n = 1; n < SCORECARD_WINDOWS; n++)
		assert_int_equal(scorecard_window(s, &good_input, &calm, j, 4), 0);
	assert_int_equal(scorecard_window(s, &good_input, &calm, j, 2), 2);
	assert_true(strcmp(j[0].advice, j[1].advice) != 0);
	assert_int_equal(j[0].windows, SCORECARD_WINDOWS);
	assert_int_equal(scorecard_window(s, &good_input, &calm, j, 2), 1);
	assert_int_equal(j[0].windows, SCORECARD_WINDOWS);
	assert_int_equal(scorecard_window(s, &good_input, &calm, j, 2), 0);
	scorecard_free(s);
}

static void test_the_oldest_of_too_many_goes_unjudged(void **state)
{
	struct scorecard *s = scorecard_new();
	char last[MESSAGE_ID_MAX] = "";
	unsigned judged = 0;

	(void)state;
	for (int i = 0; i < SCORECARD_OPEN + 5; i++) {
		struct message_advice m = advice(NOOP, NOOP);

		memcpy(last, m.id, sizeof(last));
		scorecard_advice(s, &m);
	}
	for (int n = 0; n < SCORECARD_WINDOWS + SCORECARD_OPEN; n++) {
		struct message_judged j;

		if (window(s, good_input, calm, &j)) {
			judged++;
			if (judged == SCORECARD_OPEN)
				assert_string_equal(j.advice, last);
		}
	}
	assert_int_equal(judged, SCORECARD_OPEN);
	assert_int_equal(scorecard_totals(s)->verdicts, SCORECARD_OPEN + 5);
	scorecard_free(s);
}

/* Only the window right after a verdict heard it. */
static void test_only_the_newest_can_be_followed(void **state)
{
	struct scorecard *s = scorecard_new();
	struct policy_decision followed = calm;
	struct message_advice m;
	struct message_judged j;

	(void)state;
	followed.advised = true;
	assert_int_equal(window(s, good_input, followed, &j), 0);
	hear(s, DOWN, NOOP, false);
	for (int n = 1; n < SCORECARD_WINDOWS; n++) {
		if (n == 5) {
			m = advice(UP, NOOP);
			scorecard_advice(s, &m);
		}
		window(s, good_input, n == 3 || n == 5 ? followed : calm, &j);
	}
	assert_non_null(strstr(j.reason, "scale_down against noop, not followed"));
	for (int n = 0; n < 5; n++)
		window(s, good_input, calm, &j);
	assert_non_null(strstr(j.reason, "scale_up against noop, followed"));
	scorecard_free(s);
}

/* --- totals and trust --- */

static void test_totals(void **state)
{
	struct scorecard *s = scorecard_new();
	const struct scorecard_totals *t = scorecard_totals(s);
	struct message_advice m = advice(NOOP, NOOP);

	(void)state;
	scorecard_advice(s, &m);
	m.outcome = OUTCOME_ABSTAINED;
	scorecard_advice(s, &m);
	m.outcome = OUTCOME_FAILED;
	m.tokens_in = m.tokens_out = -1;
	m.cost_usd = NAN;
	scorecard_advice(s, &m);
	assert_int_equal(t->verdicts, 1);
	assert_int_equal(t->abstained, 1);
	assert_int_equal(t->failed, 1);
	assert_double_near(t->cost_usd, 0.002);
	assert_double_near(t->latency_ms, 2400);
	assert_int_equal(t->tokens_in, 1000);
	assert_int_equal(t->tokens_out, 80);
	scorecard_free(s);
}

static void test_harm_in_a_row_ends_the_trust(void **state)
{
	struct scorecard *s = scorecard_new();
	const struct scorecard_totals *t = scorecard_totals(s);

	(void)state;
	for (int i = 1; i < SCORECARD_DEMOTE; i++)
		run(s, DOWN, NOOP, true, BREACH);
	run(s, DOWN, NOOP, true, QUIET); /* helpful */
	assert_int_equal(t->harmful_in_a_row, 0);
	for (int i = 1; i < SCORECARD_DEMOTE; i++) {
		run(s, DOWN, NOOP, true, BREACH);
		run(s, NOOP, NOOP, false, QUIET); /* agreed */
		run(s, DOWN, NOOP, false, QUIET); /* neutral */
		assert_int_equal(t->harmful_in_a_row, i);
		assert_false(t->demoted);
	}
	run(s, UP, NOOP, false, QUIET);
	assert_int_equal(t->harmful_in_a_row, SCORECARD_DEMOTE);
	assert_true(t->demoted);
	run(s, DOWN, NOOP, true, QUIET);
	assert_true(t->demoted); /* for good */
	scorecard_free(s);
}

/* An advisor that always says the same is found out by whatever it does harm with. */
static void test_stubborn_advisors_are_found_out(void **state)
{
	struct scorecard *up = scorecard_new(), *down = scorecard_new();

	(void)state;
	for (int i = 0; i < SCORECARD_DEMOTE; i++) {
		run(up, UP, NOOP, true, SLACK);
		run(down, DOWN, NOOP, true, GROWTH);
	}
	assert_true(scorecard_totals(up)->demoted);
	assert_true(scorecard_totals(down)->demoted);
	scorecard_free(up);
	scorecard_free(down);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judgements),
		cmocka_unit_test(test_no_outcome_speaks_for_two_opposites),
		cmocka_unit_test(test_a_judgement_says_why),
		cmocka_unit_test(test_replica_seconds),
		cmocka_unit_test(test_followed_counts_what_was_done),
		cmocka_unit_test(test_bad_data_is_no_evidence),
		cmocka_unit_test(test_an_unknown_window_length_costs_nothing),
		cmocka_unit_test(test_each_is_judged_in_its_own_time),
		cmocka_unit_test(test_the_oldest_of_too_many_goes_unjudged),
		cmocka_unit_test(test_only_the_newest_can_be_followed),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_harm_in_a_row_ends_the_trust),
		cmocka_unit_test(test_stubborn_advisors_are_found_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
