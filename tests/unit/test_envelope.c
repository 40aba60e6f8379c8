/* Shell. Unit tests of planner/envelope. */
#include "tests/unit/unit.h"

#include "planner/envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE "high/4"

static struct policy_advice advise(enum message_action action)
{
	struct policy_advice a = {.action = action, .alpha_up = NAN, .beta_down = NAN};

	snprintf(a.state, sizeof(a.state), STATE);
	return a;
}

/* What the policy decided with ${wanted} so far: ${action} to ${replicas}. */
static struct policy_decision own(enum message_action action, int replicas, int lo, int hi)
{
	struct policy_decision d = {
		.action = action,
		.replicas = replicas,
		.heuristic = action,
		.heuristic_replicas = replicas,
		.envelope = {.lo = lo, .hi = hi},
		.decided_by = "feed_forward",
	};

	snprintf(d.state, sizeof(d.state), STATE);
	snprintf(d.reason, sizeof(d.reason), "own reason");
	return d;
}

static const struct policy_fact *gate(const struct policy_decision *d)
{
	assert_int_equal(d->facts_n, 1);
	assert_string_equal(d->facts[0].name, "advice");
	assert_int_equal(d->facts[0].kind, FACT_GATE);
	return &d->facts[0];
}

enum {
	NOOP = ACTION_NOOP,
	RESTART = ACTION_RESTART,
	UP = ACTION_SCALE_UP,
	DOWN = ACTION_SCALE_DOWN
};

#define WANTED 4

/* With 4 replicas wanted so far. */
static const struct {
	const char *why;
	int advice, own, own_replicas, lo, hi;
	bool restart;
	int action, replicas;
	bool advised, pass;
} rows[] = {
	{"agrees to hold", NOOP, NOOP, 4, 2, 9, false, NOOP, 4, false, true},
	{"agrees to a large step up, which stays as large", UP, UP, 7, 4, 9, false, UP, 7, false,
	 true},
	{"agrees to a step down", DOWN, DOWN, 2, 2, 9, false, DOWN, 2, false, true},
	{"agreement outside of the envelope", DOWN, DOWN, 3, 4, 9, false, DOWN, 3, false, true},

	{"up where the policy holds", UP, NOOP, 4, 3, 9, false, UP, 5, true, true},
	{"up, no room", UP, NOOP, 4, 3, 4, false, NOOP, 4, false, false},
	{"up in a cooldown", UP, NOOP, 4, 4, 4, false, NOOP, 4, false, false},
	{"up against down", UP, DOWN, 3, 3, 9, false, UP, 5, true, true},
	{"up against down, no room for more", UP, DOWN, 3, 3, 4, false, NOOP, 4, true, false},
	{"up against a forced down to the maximum", UP, DOWN, 3, 2, 3, false, DOWN, 3, false,
	 false},

	{"down where the policy holds", DOWN, NOOP, 4, 2, 9, false, DOWN, 3, true, true},
	{"down, survivors would not carry it", DOWN, NOOP, 4, 4, 9, false, NOOP, 4, false, false},
	{"down in overload", DOWN, UP, 7, 6, 9, false, UP, 6, true, false},
	{"down in a strong breach", DOWN, UP, 6, 6, 9, false, UP, 6, false, false},
	{"down against a mild up", DOWN, UP, 5, 4, 9, false, NOOP, 4, true, false},
	{"down against an up without need", DOWN, UP, 5, 2, 9, false, DOWN, 3, true, true},

	{"hold against down", NOOP, DOWN, 3, 3, 9, false, NOOP, 4, true, true},
	{"hold against a down that should not be", NOOP, DOWN, 3, 4, 9, false, NOOP, 4, true, true},
	{"hold against a mild up", NOOP, UP, 5, 4, 9, false, NOOP, 4, true, true},
	{"hold against a strong up", NOOP, UP, 8, 6, 9, false, UP, 6, true, false},
	{"hold below the minimum", NOOP, UP, 5, 5, 9, false, UP, 5, false, false},

	{"down below a floor that the policy itself ignores", DOWN, NOOP, 4, 6, 9, false, NOOP, 4,
	 false, false},
	{"up over a ceiling that the policy itself ignores", UP, NOOP, 4, 2, 3, false, NOOP, 4,
	 false, false},

	{"restart without evidence", RESTART, NOOP, 4, 2, 9, false, NOOP, 4, false, false},
	{"restart", RESTART, NOOP, 4, 2, 9, true, RESTART, 4, true, true},
	{"restart in place of a mild up", RESTART, UP, 5, 4, 9, true, RESTART, 4, true, true},
	{"restart in place of a needed up", RESTART, UP, 6, 5, 9, true, UP, 6, false, false},
	{"restart over the maximum", RESTART, DOWN, 3, 2, 3, true, DOWN, 3, false, false},
	{"agrees to a restart", RESTART, RESTART, 4, 2, 9, true, RESTART, 4, false, true},
	{"hold against a restart", NOOP, RESTART, 4, 2, 9, true, RESTART, 4, false, false},
	{"up against a restart", UP, RESTART, 4, 2, 9, true, RESTART, 4, false, false},
};

static void test_what_becomes_of_advice(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy_advice a = advise((enum message_action)rows[i].advice);
		struct policy_decision d = own((enum message_action)rows[i].own,
					       rows[i].own_replicas, rows[i].lo, rows[i].hi);

		d.envelope.restart = rows[i].restart;
		envelope_apply(&a, WANTED, &d);
		if ((int)d.action != rows[i].action || d.replicas != rows[i].replicas ||
		    d.advised != rows[i].advised || gate(&d)->pass != rows[i].pass)
			print_error("%s: %s to %d\n", rows[i].why, message_action_name(d.action),
				    d.replicas);
		assert_int_equal(d.action, rows[i].action);
		assert_int_equal(d.replicas, rows[i].replicas);
		assert_int_equal(d.advised, rows[i].advised);
		assert_int_equal(gate(&d)->pass, rows[i].pass);
		assert_string_equal(d.decided_by, d.advised ? "advice" : "feed_forward");
	}
}

static void test_advice_about_another_state_is_none(void **state)
{
	struct policy_advice a = advise(ACTION_SCALE_UP);
	struct policy_decision d = own(ACTION_NOOP, WANTED, 2, 9);

	(void)state;
	snprintf(a.state, sizeof(a.state), "high/5");
	envelope_apply(&a, WANTED, &d);
	assert_int_equal(d.action, ACTION_NOOP);
	assert_false(d.advised);
	assert_string_equal(d.reason, "own reason");
	assert_false(gate(&d)->pass);
	assert_true(isnan(gate(&d)->value) && isnan(gate(&d)->bound));
}

static void test_the_gate_has_both_counts(void **state)
{
	struct policy_advice a = advise(ACTION_SCALE_DOWN);
	struct policy_decision d = own(ACTION_SCALE_UP, 7, 6, 9);

	(void)state;
	envelope_apply(&a, WANTED, &d);
	assert_double_near(gate(&d)->value, 3);
	assert_double_near(gate(&d)->bound, 6);
}

/* --- reasons --- */

static void test_the_reason_names_both(void **state)
{
	struct policy_advice a = advise(ACTION_SCALE_UP);
	struct policy_decision d = own(ACTION_NOOP, WANTED, 2, 9);

	(void)state;
	snprintf(a.reason, sizeof(a.reason), "p95 climbs with arrivals");
	envelope_apply(&a, WANTED, &d);
	assert_string_equal(d.reason, "advisor: p95 climbs with arrivals (heuristic: own reason)");

	d = own(ACTION_NOOP, WANTED, 2, 9);
	a.reason[0] = '\0';
	envelope_apply(&a, WANTED, &d);
	assert_string_equal(d.reason, "advisor: scale_up (heuristic: own reason)");
}

static void test_a_reason_that_is_not_followed_does_not_show(void **state)
{
	struct policy_advice a = advise(ACTION_SCALE_DOWN);
	struct policy_decision d = own(ACTION_NOOP, WANTED, 4, 9);

	(void)state;
	snprintf(a.reason, sizeof(a.reason), "words");
	envelope_apply(&a, WANTED, &d);
	assert_string_equal(d.reason, "own reason");
}

static bool is_utf8_cut_well(const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];
		size_t more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;

		for (; more > 0; more--)
			if (((unsigned char)text[++i] & 0xC0) != 0x80)
				return false;
	}
	return true;
}

static void test_long_reasons_are_cut_between_characters(void **state)
{
	static const char *const characters[] = {"x", "é", "€", "🙂"};

	(void)state;
	for (size_t c = 0; c < 4; c++) {
		for (size_t shift = 0; shift < 4; shift++) {
			struct policy_advice a = advise(ACTION_SCALE_UP);
			struct policy_decision d = own(ACTION_NOOP, WANTED, 2, 9);

			memset(a.reason, 'a', shift);
			memset(d.reason, 'b', shift);
			d.reason[shift] = '\0';
			while (strlen(a.reason) + 4 < sizeof(a.reason))
				strcat(a.reason, characters[c]);
			while (strlen(d.reason) + 4 < sizeof(d.reason))
				strcat(d.reason, characters[c]);
			envelope_apply(&a, WANTED, &d);
			assert_true(is_utf8_cut_well(d.reason));
			assert_non_null(strstr(d.reason, " (heuristic: "));
			assert_int_equal(d.reason[strlen(d.reason) - 1], ')');
			assert_true(strlen(d.reason) > 480);
		}
	}
}

/* --- whatever is advised --- */

static int between(int lo, int hi)
{
	return lo + rand() % (hi - lo + 1);
}

static int steps(enum message_action action)
{
	return (action == ACTION_SCALE_UP) - (action == ACTION_SCALE_DOWN);
}

/* A decision as a policy may take it, inside of its own envelope. */
static struct policy_decision any_decision(int min, int max, int wanted)
{
	int lo = between(min, max), hi = between(lo, max);
	int replicas = between(lo, hi);
	enum message_action action = ACTION_NOOP;

	if (replicas == wanted && rand() % 8 == 0)
		action = ACTION_RESTART;
	else if (replicas != wanted)
		action = replicas > wanted ? ACTION_SCALE_UP : ACTION_SCALE_DOWN;

	struct policy_decision d = own(action, replicas, lo, hi);
	d.envelope.restart = rand() % 2;
	return d;
}

static void check(const struct policy_advice *a, int wanted, const struct policy_decision *before,
		  const struct policy_decision *after)
{
	const struct policy_envelope *e = &before->envelope;
	int pick = wanted + steps(a->action);

	assert_true(after->replicas >= e->lo && after->replicas <= e->hi);
	assert_int_equal(steps(after->action),
			 (after->replicas > wanted) - (after->replicas < wanted));
	if (after->action == ACTION_RESTART && before->action != ACTION_RESTART)
		assert_true(a->action == ACTION_RESTART && e->restart);
	if (a->action != ACTION_RESTART) { /* it lies between the two opinions */
		assert_true(after->replicas >= (pick < before->replicas ? pick : before->replicas));
		assert_true(after->replicas <= (pick > before->replicas ? pick : before->replicas));
	}
	if (e->lo > wanted) /* no veto where more are needed */
		assert_int_equal(after->action, ACTION_SCALE_UP);
	assert_int_equal(after->advised,
			 after->action != before->action || after->replicas != before->replicas);
	assert_int_equal(after->heuristic, before->heuristic);
	assert_int_equal(after->heuristic_replicas, before->heuristic_replicas);
	assert_memory_equal(&after->envelope, e, sizeof(*e));
}

static void test_no_advice_leads_out_of_the_envelope(void **state)
{
	unsigned advised = 0;

	(void)state;
	srand(3);
	for (int i = 0; i < 200000; i++) {
		int min = between(1, 5), max = between(min, 12), wanted = between(0, 14);
		struct policy_decision before = any_decision(min, max, wanted), after = before;
		struct policy_advice a = advise((enum message_action)(rand() % 4));

		if (rand() % 10 == 0)
			snprintf(a.state, sizeof(a.state), "low/%d", i);
		envelope_apply(&a, wanted, &after);
		gate(&after);
		if (strcmp(a.state, STATE) != 0)
			assert_false(after.advised);
		check(&a, wanted, &before, &after);
		advised += after.advised;
	}
	assert_true(advised > 10000);
}

/* A policy may decide outside of the envelope (the classic law does): then advice can lead back,
 * never further out. */
static void test_no_advice_leads_further_out(void **state)
{
	(void)state;
	srand(4);
	for (int i = 0; i < 100000; i++) {
		int wanted = between(1, 12);
		struct policy_decision d = any_decision(1, 12, wanted);
		struct policy_advice a = advise((enum message_action)(rand() % 4));
		int lo = between(1, 12), hi = between(lo, 12), before = d.replicas;

		d.envelope.lo = lo;
		d.envelope.hi = hi;
		envelope_apply(&a, wanted, &d);
		if (a.action == ACTION_RESTART && d.advised)
			continue;
		assert_true(d.replicas >= (before < lo ? before : lo));
		assert_true(d.replicas <= (before > hi ? before : hi));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_becomes_of_advice),
		cmocka_unit_test(test_advice_about_another_state_is_none),
		cmocka_unit_test(test_the_gate_has_both_counts),
		cmocka_unit_test(test_the_reason_names_both),
		cmocka_unit_test(test_a_reason_that_is_not_followed_does_not_show),
		cmocka_unit_test(test_long_reasons_are_cut_between_characters),
		cmocka_unit_test(test_no_advice_leads_out_of_the_envelope),
		cmocka_unit_test(test_no_advice_leads_further_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
