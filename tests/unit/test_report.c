/* What is told of a plan or a repair, and when. */
#include "tests/unit/unit.h"

#include "executor/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct report plan(int before, int wanted)
{
	return (struct report){
		.active = true,
		.id = "p1",
		.action = before < wanted ? ACTION_SCALE_UP : ACTION_SCALE_DOWN,
		.reason = "why",
		.before = before,
		.wanted = wanted,
		.began_ms = 1000,
		.limit_ms = 60000,
	};
}

static struct report_now there(int running, int leaving, size_t busy, bool settled)
{
	return (struct report_now){.running = running,
				   .leaving = leaving,
				   .busy = busy,
				   .settled = settled,
				   .now_ms = 1500};
}

static void step(struct report *r, enum step_kind kind, int n, int err, const char *error)
{
	struct step s = {.kind = kind, .n = n};

	report_step(r, "app", &s, err, error);
}

static void more_is_reached_when_they_run(void **state)
{
	(void)state;
	struct report r = plan(1, 3);
	struct report_now now = there(2, 1, 1, false);
	struct message_result result;

	step(&r, STEP_CREATE, 1, 0, "");
	assert_false(report_finish(&r, &now, &result));
	step(&r, STEP_CREATE, 2, 0, "");
	now.running = 3; /* one of old is still on its way out, which does not matter */
	assert_true(report_finish(&r, &now, &result));
	assert_string_equal(result.id, "p1");
	assert_string_equal(result.reason, "why");
	assert_string_equal(result.message, "started app-dup-1, app-dup-2");
	assert_int_equal(result.status, STATUS_OK);
	assert_int_equal(result.action, ACTION_SCALE_UP);
	assert_int_equal(result.replicas_before, 1);
	assert_int_equal(result.replicas_after, 3);
	assert_int_equal(result.wanted, 3);
	assert_double_near(result.duration_ms, 500);
	assert_false(report_finish(&r, &now, &result)); /* told once */
}

static void fewer_is_reached_when_they_are_gone(void **state)
{
	(void)state;
	struct report r = plan(3, 2);
	struct report_now now = there(2, 1, 0, false);
	struct message_result result;

	step(&r, STEP_RENAME, 2, 0, "");
	step(&r, STEP_STOP, 2, 0, "");
	assert_false(report_finish(&r, &now, &result));
	step(&r, STEP_REMOVE, 2, 0, "");
	now.leaving = 0;
	assert_true(report_finish(&r, &now, &result));
	assert_string_equal(result.message, "removed app-dup-2");
	assert_int_equal(result.status, STATUS_OK);
}

static void nothing_to_do_is_a_noop(void **state)
{
	(void)state;
	struct report r = plan(2, 2);
	struct report_now now = there(2, 0, 0, true);
	struct message_result result;

	strcpy(r.note, "asked for 9, MAX_REPLICAS is 2");
	assert_true(report_finish(&r, &now, &result));
	assert_int_equal(result.status, STATUS_NOOP);
	assert_string_equal(result.message,
			    "already at 2 replicas; asked for 9, MAX_REPLICAS is 2");

	r = plan(1, 1);
	now.running = 1;
	assert_true(report_finish(&r, &now, &result));
	assert_string_equal(result.message, "already at 1 replica");
}

static void a_failure_is_told_when_the_others_have_ended(void **state)
{
	(void)state;
	struct report r = plan(1, 3);
	struct report_now now = there(1, 0, 1, false);
	struct message_result result;

	step(&r, STEP_CREATE, 2, -EINVAL, "no such image");
	assert_false(report_finish(&r, &now, &result));
	step(&r, STEP_CREATE, 1, 0, "");
	step(&r, STEP_REMOVE, 4, -EIO, "later");
	now = there(2, 0, 0, false);
	assert_true(report_finish(&r, &now, &result));
	assert_int_equal(result.status, STATUS_ERROR);
	assert_string_equal(result.message,
			    "started app-dup-1; could not start app-dup-2: no such image");
}

static void what_takes_too_long_has_failed(void **state)
{
	(void)state;
	struct report r = plan(3, 2);
	struct report_now now = there(2, 1, 1, false);
	struct message_result result;

	now.now_ms = 60999;
	assert_false(report_finish(&r, &now, &result));
	now.now_ms = 61000;
	assert_true(report_finish(&r, &now, &result));
	assert_int_equal(result.status, STATUS_ERROR);
	assert_string_equal(result.message, "not done after 60 s: 2 of 2 replicas run, 1 leaving");
}

static void a_newer_plan_takes_over(void **state)
{
	(void)state;
	struct report r = plan(1, 3);
	struct report_now now = there(2, 0, 1, false);
	struct message_result result;

	step(&r, STEP_CREATE, 1, 0, "");
	assert_true(report_supersede(&r, "p2", &now, &result));
	assert_false(r.active);
	assert_int_equal(result.status, STATUS_OK);
	assert_string_equal(result.message, "started app-dup-1; superseded by p2");

	r = plan(1, 3);
	step(&r, STEP_CREATE, 1, -EIO, "no");
	assert_true(report_supersede(&r, "p2", &now, &result));
	assert_int_equal(result.status, STATUS_ERROR);
	assert_string_equal(result.message, "could not start app-dup-1: no; superseded by p2");
}

static void a_repair_is_told_only_if_something_was_done(void **state)
{
	(void)state;
	struct report r = plan(1, 2);
	struct report_now now = there(2, 0, 0, true);
	struct message_result result;

	r.own = true;
	assert_false(report_finish(&r, &now, &result));
	assert_false(r.active);

	r = plan(1, 2);
	r.own = true;
	assert_false(report_supersede(&r, "p2", &now, &result));

	r = plan(1, 2);
	r.own = true;
	step(&r, STEP_CREATE, 4, 0, "");
	now.settled = false;
	now.now_ms = 999999; /* repairs have no limit: what fails is told at once */
	assert_false(report_finish(&r, &now, &result));
	now.settled = true;
	assert_true(report_finish(&r, &now, &result));
	assert_string_equal(result.message, "started app-dup-4");
}

static void many_names_are_counted(void **state)
{
	(void)state;
	struct report r = plan(1, 400);
	struct report_now now = there(400, 0, 0, true);
	struct message_result result;

	for (int n = 1; n < 400; n++)
		step(&r, STEP_CREATE, n, 0, "");
	assert_true(report_finish(&r, &now, &result));
	assert_memory_equal(result.message, "started app-dup-1, app-dup-2, ", 30);
	assert_non_null(strstr(result.message, " more"));
	int named = 1, more = 0;
	for (const char *s = result.message; (s = strchr(s, ',')) != NULL; s++)
		named++;
	assert_int_equal(sscanf(strstr(result.message, " and ") + 5, "%d", &more), 1);
	assert_int_equal(named + more, 399);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_is_reached_when_they_run),
		cmocka_unit_test(fewer_is_reached_when_they_are_gone),
		cmocka_unit_test(nothing_to_do_is_a_noop),
		cmocka_unit_test(a_failure_is_told_when_the_others_have_ended),
		cmocka_unit_test(what_takes_too_long_has_failed),
		cmocka_unit_test(a_newer_plan_takes_over),
		cmocka_unit_test(a_repair_is_told_only_if_something_was_done),
		cmocka_unit_test(many_names_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
