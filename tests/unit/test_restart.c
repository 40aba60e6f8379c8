/* The rolling restart, from the first look to the last, and what can go wrong. */
#include "tests/unit/world.h"

/* Restart ------------------------------------------------------------------------------------ */

static void restart(struct world *w, const char *text)
{
	observe(w, text);
	assert_int_equal(reconcile_restart(w->r, w->now_ms), 0);
}

static void a_restart_takes_one_after_the_other(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	hear(w, "app dup-1", "");
	restart(w, "app dup-1");
	assert_int_equal(reconcile_restart(w->r, w->now_ms), -EALREADY);
	assert_string_equal(look(w, "app dup-1"), "rename dup-1>drain-1");

	/* The replica: replaced, and gone. */
	assert_string_equal(look(w, "app drain-1"), "create dup-2");
	hear(w, "app", "drain-1");
	assert_string_equal(look(w, "app drain-1 dup-2"), "stop drain-1");
	assert_string_equal(look(w, "app drain-1:exited dup-2"), "remove drain-1");
	assert_string_equal(look(w, "app dup-2"), ""); /* not before it serves */
	hear(w, "app dup-2", "");

	/* The template: restarted. */
	assert_string_equal(look(w, "app dup-2"), "rename app>drain-0");
	assert_string_equal(look(w, "app-drain-0 dup-2"), "");
	hear(w, "dup-2", "app-drain-0");
	assert_string_equal(look(w, "app-drain-0 dup-2"), "restart drain-0");
	begin_all(w);
	assert_string_equal(look(w, "app-drain-0:exited dup-2"), "");
	end_all(w, 0);
	assert_string_equal(look(w, "app-drain-0 dup-2"), "rename drain-0>app");
	assert_string_equal(look(w, "app dup-2"), "");
	assert_int_equal(w->out.restart, RESTART_NO_NEWS);
	hear(w, "app dup-2", "");
	assert_string_equal(look(w, "app dup-2"), "");
	assert_int_equal(w->out.restart, RESTART_DONE);
	assert_string_equal(w->out.restart_message, "restarted app-dup-1, app");
	assert_false(reconcile_restarting(w->r));
	look(w, "app dup-2");
	assert_int_equal(w->out.restart, RESTART_NO_NEWS);
}

static void a_single_one_gets_company_while_it_restarts(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 1);
	restart(w, "app");
	assert_string_equal(look(w, "app"), "create dup-1");
	assert_int_equal(w->out.wanted, 2);
	assert_string_equal(look(w, "app dup-1"), "rename app>drain-0");
	assert_string_equal(look(w, "app-drain-0 dup-1"), "");
	assert_string_equal(look_after(w, DRAIN_MS, "app-drain-0 dup-1"), "restart drain-0");
	begin_all(w);
	end_all(w, 0);
	assert_string_equal(look(w, "app-drain-0 dup-1"), "rename drain-0>app");
	assert_string_equal(look(w, "app dup-1"), ""); /* all done: the company goes */
	assert_int_equal(w->out.look_in_ms, 1);
	assert_string_equal(look(w, "app dup-1"), "rename dup-1>drain-1");
	assert_string_equal(look(w, "app drain-1"), "");
	assert_int_equal(w->out.restart, RESTART_NO_NEWS);
	look(w, "app");
	assert_int_equal(w->out.restart, RESTART_DONE);
	assert_string_equal(w->out.restart_message, "restarted app");
	assert_true(w->out.settled);
}

static void a_restart_needs_room_for_two(void **state)
{
	(void)state;
	struct world *w = new_world(1, 1);

	observe(w, "app");
	assert_int_equal(reconcile_restart(w->r, w->now_ms), -ENOTSUP);
	assert_false(reconcile_restarting(w->r));
	free_world(w);
}

static void a_restart_is_given_up_when_one_does_not_come_back(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	hear(w, "app dup-1", "");
	restart(w, "app dup-1");
	look(w, "app dup-1");
	look(w, "app drain-1 dup-2");
	hear(w, "app", "drain-1");
	look_after(w, READY_MS - 1, "app dup-2");
	assert_int_equal(w->out.restart, RESTART_NO_NEWS);
	look_after(w, RESTART_LIMIT_MS, "app dup-2");
	assert_int_equal(w->out.restart, RESTART_FAILED);
	assert_non_null(strstr(w->out.restart_message, "gave up"));
	assert_non_null(strstr(w->out.restart_message, "app-dup-1"));
	assert_false(reconcile_restarting(w->r));
}

static void a_failed_restart_gives_the_name_back_and_is_told(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	restart(w, "app dup-1:paused"); /* not running: it is waited for */
	assert_string_equal(look(w, "app dup-1:paused"), "");
	assert_string_equal(look(w, "app dup-1"), "rename dup-1>drain-1");
	assert_string_equal(look(w, "app dup-2"), "rename app>drain-0");
	assert_string_equal(look(w, "app-drain-0:exited dup-2"), "restart drain-0");
	begin_all(w);
	end_all(w, -EIO);
	assert_string_equal(look(w, "app-drain-0:exited dup-2"), "rename drain-0>app");
	assert_int_equal(w->out.restart, RESTART_FAILED);
	assert_string_equal(w->out.restart_message, "app could not be restarted: no");
}

static void a_restart_ends_with_its_template(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	restart(w, "app dup-1");
	assert_string_equal(look(w, "dup-1"), "");
	assert_int_equal(w->out.restart, RESTART_FAILED);
}

static void a_restart_waits_while_the_watcher_cannot_be_heard(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	hear(w, "app dup-1", "");
	restart(w, "app dup-1");
	w->deaf = true;
	assert_string_equal(look(w, "app dup-1"), "");
	w->deaf = false;
	assert_string_equal(look(w, "app dup-1"), "rename dup-1>drain-1");
}

/* kill -9 in the middle of a restart: the next executor finds the template out. */
static void a_template_that_is_out_is_brought_back(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	hear(w, "dup-1", "app-drain-0");
	assert_string_equal(look(w, "app-drain-0 dup-1"), "restart drain-0");
	begin_all(w);
	end_all(w, 0);
	assert_string_equal(look(w, "app-drain-0 dup-1"), "rename drain-0>app");
	assert_string_equal(look(w, "app dup-1"), "");
	assert_true(w->out.settled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_restart_takes_one_after_the_other),
		TEST(a_single_one_gets_company_while_it_restarts),
		cmocka_unit_test(a_restart_needs_room_for_two),
		TEST(a_restart_is_given_up_when_one_does_not_come_back),
		TEST(a_failed_restart_gives_the_name_back_and_is_told),
		TEST(a_restart_ends_with_its_template),
		TEST(a_restart_waits_while_the_watcher_cannot_be_heard),
		TEST(a_template_that_is_out_is_brought_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
