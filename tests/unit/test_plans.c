/* What the executor makes of a plan, and the plans that wait. */
#include "tests/unit/unit.h"

#include "common/mem.h"
#include "executor/inbox.h"
#include "executor/plans.h"

#include <stdio.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const double now_sec = 1000000;

static struct message_plan plan_of(enum message_action action, int replicas)
{
	return (struct message_plan){
		.id = "p",
		.target = "app",
		.action = action,
		.replicas = replicas,
		.ts = now_sec,
		.window_sec = NAN,
	};
}

static struct plan_context context(void)
{
	return (struct plan_context){
		.target = "app",
		.min_replicas = 2,
		.max_replicas = 5,
		.wanted = 3,
		.running = 4,
		.problem = "",
		.now_sec = now_sec,
		.heard_sec = now_sec,
	};
}

static void a_plan_sets_the_count_inside_the_bounds(void **state)
{
	(void)state;
	static const struct {
		enum message_action action;
		int replicas, wanted_before, wanted;
		const char *message;
	} rows[] = {
		{ACTION_SCALE_UP, 4, 3, 4, ""},
		{ACTION_SCALE_DOWN, 2, 3, 2, ""},
		{ACTION_SCALE_UP, 5, 3, 5, ""},
		{ACTION_SCALE_UP, 50, 3, 5, "asked for 50, MAX_REPLICAS is 5"},
		{ACTION_SCALE_DOWN, 0, 3, 2, "asked for 0, MIN_REPLICAS is 2"},
		/* a word that does not fit its number: the number counts */
		{ACTION_SCALE_UP, 2, 3, 2, ""},
		/* no number: one step, from what is wanted, else from what runs */
		{ACTION_SCALE_UP, -1, 3, 4, ""},
		{ACTION_SCALE_DOWN, -1, 3, 2, ""},
		{ACTION_SCALE_UP, -1, -1, 5, ""},
		{ACTION_SCALE_DOWN, -1, -1, 3, ""},
		{ACTION_SCALE_UP, -1, 5, 5, "asked for 6, MAX_REPLICAS is 5"},
		{ACTION_SCALE_DOWN, -1, 2, 2, "asked for 1, MIN_REPLICAS is 2"},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct message_plan p = plan_of(rows[i].action, rows[i].replicas);
		struct plan_context c = context();
		struct plan_judgement j;

		c.wanted = rows[i].wanted_before;
		plan_judge(&p, &c, &j);
		assert_int_equal(j.verdict, PLAN_SCALE);
		assert_int_equal(j.wanted, rows[i].wanted);
		assert_string_equal(j.message, rows[i].message);
	}
}

static void a_noop_asks_for_nothing(void **state)
{
	(void)state;
	struct message_plan p = plan_of(ACTION_NOOP, 9);
	struct plan_context c = context();
	struct plan_judgement j;

	strcpy(p.target, "other");
	c.problem = "gone";
	plan_judge(&p, &c, &j);
	assert_int_equal(j.verdict, PLAN_IGNORE);
}

static void what_cannot_be_done_is_skipped_with_a_reason(void **state)
{
	(void)state;
	struct plan_context c = context();
	struct plan_judgement j;
	struct message_plan up = plan_of(ACTION_SCALE_UP, 4);
	struct message_plan restart = plan_of(ACTION_RESTART, -1);

	strcpy(up.target, "other");
	plan_judge(&up, &c, &j);
	assert_int_equal(j.verdict, PLAN_SKIP);
	assert_string_equal(j.message, "not my target, which is app");

	strcpy(up.target, "app");
	c.problem = "there is no container";
	plan_judge(&up, &c, &j);
	assert_int_equal(j.verdict, PLAN_SKIP);
	assert_string_equal(j.message, "there is no container");
	assert_int_equal(j.wanted, 3);
	plan_judge(&restart, &c, &j);
	assert_int_equal(j.verdict, PLAN_SKIP);

	c.problem = "";
	plan_judge(&restart, &c, &j);
	assert_int_equal(j.verdict, PLAN_RESTART);
	c.restarting = true;
	plan_judge(&restart, &c, &j);
	assert_int_equal(j.verdict, PLAN_SKIP);
	assert_string_equal(j.message, "a restart is under way already");
	plan_judge(&up, &c, &j);
	assert_int_equal(j.verdict, PLAN_SCALE);

	c.restarting = false;
	c.min_replicas = c.max_replicas = 1;
	plan_judge(&restart, &c, &j);
	assert_int_equal(j.verdict, PLAN_SKIP);
	assert_non_null(strstr(j.message, "MAX_REPLICAS is 1"));
}

static void a_plan_is_good_for_two_windows(void **state)
{
	(void)state;
	static const struct {
		double window_sec, age_sec;
		bool stale;
	} rows[] = {
		{NAN, 0, false},   {NAN, 6, false},   {NAN, 6.1, true}, {NAN, -6, false},
		{NAN, -6.1, true}, {1, 5, false},     {1, 5.1, true},   {1, -5.1, true},
		{60, 120, false},  {60, 120.1, true},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct message_plan p = plan_of(ACTION_SCALE_UP, 4);
		struct plan_context c = context();
		struct plan_judgement j;

		p.window_sec = rows[i].window_sec;
		p.ts = now_sec - rows[i].age_sec;
		assert_int_equal(plan_is_stale(&p, now_sec, 0), rows[i].stale);
		plan_judge(&p, &c, &j);
		assert_int_equal(j.verdict, rows[i].stale ? PLAN_SKIP : PLAN_SCALE);
		if (rows[i].stale)
			assert_memory_equal(j.message, "stale: decided ", 15);

		/* One that does not say when it was made is as old as its message. */
		p.ts = NAN;
		assert_int_equal(plan_is_stale(&p, now_sec, now_sec - rows[i].age_sec),
				 rows[i].stale);
	}
}

static void add(struct inbox *b, const char *id, double ts)
{
	struct message_plan p = plan_of(ACTION_SCALE_UP, 4);
	struct inbox_entry lost;

	snprintf(p.id, sizeof(p.id), "%s", id);
	p.ts = ts;
	p.explain = cJSON_CreateObject();
	assert_false(inbox_add(b, &p, now_sec, &lost));
}

static void a_plan_that_was_overtaken_is_skipped(void **state)
{
	(void)state;
	static const struct {
		double newest_age_sec, age_sec;
		enum plan_verdict verdict;
	} rows[] = {
		{1, 2, PLAN_SKIP},
		{1, 1, PLAN_SCALE},
		{2, 1, PLAN_SCALE},
		{-3, -2, PLAN_SKIP}, /* clocks differ a little */
		/* a clock was set back by an hour, or the newest is long ago: no order to keep */
		{-3600, 1, PLAN_SCALE},
		{3600, 1, PLAN_SCALE},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct message_plan p = plan_of(ACTION_SCALE_UP, 4);
		struct plan_context c = context();
		struct plan_judgement j;

		p.ts = now_sec - rows[i].age_sec;
		c.newest_sec = now_sec - rows[i].newest_age_sec;
		plan_judge(&p, &c, &j);
		assert_int_equal(j.verdict, rows[i].verdict);
		if (j.verdict == PLAN_SKIP)
			assert_string_equal(j.message,
					    "overtaken by a plan that was decided later");
	}
}

static void plans_wait_in_order(void **state)
{
	(void)state;
	struct inbox b = {0};
	struct inbox_entry e;

	assert_false(inbox_take(&b, &e));
	add(&b, "a", now_sec);
	add(&b, "b", now_sec - 100);
	add(&b, "c", now_sec);
	add(&b, "d", now_sec);
	inbox_answered(&b, "a");
	inbox_answered(&b, "nobody");
	assert_int_equal(inbox_drop_stale(&b, now_sec), 1);
	assert_true(inbox_take(&b, &e));
	assert_string_equal(e.plan.id, "c");
	assert_null(e.plan.explain);
	assert_true(inbox_take(&b, &e));
	assert_string_equal(e.plan.id, "d");
	assert_false(inbox_take(&b, &e));
}

static void a_full_inbox_gives_up_the_oldest(void **state)
{
	(void)state;
	struct inbox b = {0};
	struct inbox_entry lost;
	char id[16];

	for (int i = 0; i < INBOX_MAX; i++) {
		snprintf(id, sizeof(id), "%d", i);
		add(&b, id, now_sec);
	}
	struct message_plan p = plan_of(ACTION_SCALE_UP, 4);
	assert_true(inbox_add(&b, &p, now_sec, &lost));
	assert_string_equal(lost.plan.id, "0");
	assert_int_equal(b.n, INBOX_MAX);
	assert_true(inbox_take(&b, &lost));
	assert_string_equal(lost.plan.id, "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_sets_the_count_inside_the_bounds),
		cmocka_unit_test(a_noop_asks_for_nothing),
		cmocka_unit_test(what_cannot_be_done_is_skipped_with_a_reason),
		cmocka_unit_test(a_plan_is_good_for_two_windows),
		cmocka_unit_test(a_plan_that_was_overtaken_is_skipped),
		cmocka_unit_test(plans_wait_in_order),
		cmocka_unit_test(a_full_inbox_gives_up_the_oldest),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
