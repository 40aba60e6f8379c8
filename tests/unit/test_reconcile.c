/* Every step of every state: from what Docker lists and what is wanted to what is done next; and
 * what steps under way change about it. */
#include "tests/unit/world.h"

/* One look at each state, bounds 1 and 10, nothing heard from a watcher. */
static const struct {
	int wanted; /* -1: nobody said */
	const char *world, *steps;
	bool settled;
} one_look[] = {
	/* no template: nothing is touched */
	{3, "", "", false},
	{3, "!app", "", false},
	{3, "!app dup-1:exited drain-2", "", false},
	{3, "dup-1 dup-2:exited drain-3:exited", "", false},

	/* nobody said a number: what is there, inside the bounds */
	{-1, "app", "", true},
	{-1, "app dup-1 dup-2", "", true},
	{-1, "app:exited", "create dup-1", false},

	/* too few */
	{1, "app", "", true},
	{2, "app", "create dup-1", false},
	{4, "app dup-2", "create dup-1, create dup-3", false},
	{3, "app drain-1 dup-2", "create dup-3", false},
	{3, "app !dup-1 !drain-2", "create dup-3, create dup-4", false},
	{10, "app",
	 "create dup-1, create dup-2, create dup-3, create dup-4, create dup-5, create dup-6, "
	 "create dup-7, create dup-8",
	 false},

	/* what counts */
	{2, "app dup-1:paused", "", true},
	{2, "app dup-1:restarting", "", true},
	{2, "app dup-1:other", "", true},
	{2, "app:paused dup-1", "", true},
	{2, "app:restarting dup-1", "", true},
	{2, "app:exited dup-1", "create dup-2", false},
	{2, "app:created dup-1", "create dup-2", false},
	{2, "app:dead dup-1", "create dup-2", false},
	{2, "app dup-1:removing", "create dup-2", false},
	{1, "app dup-1:removing", "", true},
	{2, "app !dup-1", "create dup-2", false},
	{1, "app !dup-1:exited !drain-2:exited", "", true},
	{1, "app app-dup-x app-dupe other", "", true},

	/* too many: the newest first, by date and then by number; never the template */
	{2, "app dup-1 dup-2 dup-3", "rename dup-3>drain-3, rename dup-2>drain-2", false},
	{2, "app@9 dup-1@3 dup-2@1 dup-3@2", "rename dup-1>drain-1, rename dup-3>drain-3", false},
	{1, "app dup-7@1", "rename dup-7>drain-7", false},
	{1, "app dup-1:paused", "rename dup-1>drain-1", false},
	{1, "app dup-1:restarting", "rename dup-1>drain-1", false},
	{1, "app:exited dup-1", "", true},

	/* of no use */
	{2, "app dup-1 dup-2:exited", "remove dup-2", false},
	{2, "app dup-1 dup-2:dead", "remove dup-2", false},
	{2, "app dup-1 dup-2:created", "remove dup-2", false},
	{2, "app dup-1:created", "remove dup-1, create dup-2", false},

	/* on its way out */
	{1, "app drain-1", "", false},
	{1, "app drain-1:paused", "", false},
	{1, "app drain-1:restarting", "", false},
	{1, "app drain-1:exited", "remove drain-1", false},
	{1, "app drain-1:dead", "remove drain-1", false},
	{1, "app drain-1:created", "remove drain-1", false},
	{1, "app drain-1:removing", "", false},
	{1, "app drain-1:other", "", false},
	{2, "app drain-1", "create dup-2", false},

	/* the template out for a restart: it comes back, so it counts */
	{2, "app-drain-0 dup-1", "", false},
	{2, "app-drain-0:exited dup-1", "restart drain-0", false},
	{2, "app-drain-0:created dup-1", "restart drain-0", false},
	{1, "app app-drain-0", "", true},
	{1, "app app-drain-0:exited", "", true},
	{1, "!app-drain-0", "", false},
};

static void every_state_has_its_step(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(one_look); i++) {
		struct world *w = new_world(1, 10);

		if (one_look[i].wanted >= 0)
			reconcile_want(w->r, one_look[i].wanted);
		look(w, one_look[i].world);
		if (strcmp(w->steps, one_look[i].steps) != 0 ||
		    w->out.settled != one_look[i].settled)
			fail_msg("row %zu, wanted %d of \"%s\": \"%s\" (settled %d)", i,
				 one_look[i].wanted, one_look[i].world, w->steps, w->out.settled);
		free_world(w);
	}
}

static void bounds_hold_whatever_is_wanted(void **state)
{
	(void)state;
	static const struct {
		int min, max, wanted, kept;
	} rows[] = {{2, 4, 50, 4}, {2, 4, 0, 2}, {2, 4, 3, 3}, {1, 1, 5, 1}};

	for (size_t i = 0; i < N(rows); i++) {
		struct world *w = new_world(rows[i].min, rows[i].max);

		assert_int_equal(reconcile_wanted(w->r), -1);
		reconcile_want(w->r, rows[i].wanted);
		assert_int_equal(reconcile_wanted(w->r), rows[i].kept);
		look(w, "app");
		assert_int_equal(w->out.wanted, rows[i].kept);
		assert_int_equal(w->out.steps_n, rows[i].kept - 1);
		free_world(w);
	}
}

static void what_is_there_at_first_is_wanted(void **state)
{
	struct world *w = *state;

	look(w, "!app dup-1");
	assert_int_equal(w->out.wanted, -1);
	look(w, "app dup-1 dup-2");
	assert_int_equal(reconcile_wanted(w->r), 3);
	assert_string_equal(look(w, "app dup-1"), "create dup-2");
}

/* Steps under way ---------------------------------------------------------------------------- */

static void creations_under_way_count(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 3);
	assert_string_equal(look(w, "app"), "create dup-1, create dup-2");
	begin_all(w);
	assert_string_equal(look(w, "app"), "");
	assert_false(w->out.settled);
	assert_string_equal(look(w, "app dup-1:created"), "");
	assert_string_equal(look(w, "app dup-1 dup-2:created"), "");

	/* A number that becomes free meanwhile is no reason to begin one more. */
	end_all(w, 0);
	hear(w, "app dup-1 dup-2", "");
	assert_string_equal(look(w, "app dup-1 dup-2"), "");
	assert_true(w->out.settled);
	assert_string_equal(look(w, "app dup-1:exited"),
			    "remove dup-1, create dup-2, create dup-3");
	w->out.steps_n = 2;
	begin_all(w);
	assert_string_equal(look(w, "app"), "create dup-3"); /* 1 is still being removed */
}

static void no_more_than_eight_creations_at_once(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 10);
	look(w, "app");
	assert_int_equal(w->out.steps_n, 8);
	begin_all(w);
	assert_string_equal(look(w, "app"), "");
	w->busy_n = 7; /* number 8 is there */
	assert_string_equal(look(w, "app dup-8"), "create dup-9");
}

/* The wanted count falls while replicas are being made: these are the newest, and go when they are
 * there. */
static void unfinished_creations_are_the_surplus(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 4);
	assert_string_equal(look(w, "app dup-1"), "create dup-2, create dup-3");
	begin_all(w);
	reconcile_want(w->r, 2);
	assert_string_equal(look(w, "app dup-1"), "");
	assert_string_equal(look(w, "app dup-1 dup-2:created"), "");
	end_all(w, 0);
	assert_string_equal(look(w, "app dup-1 dup-2 dup-3"),
			    "rename dup-3>drain-3, rename dup-2>drain-2");
}

static void a_rename_under_way_counts_as_gone(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	assert_string_equal(look(w, "app dup-1 dup-2"), "rename dup-2>drain-2");
	begin_all(w);
	assert_string_equal(look(w, "app dup-1 dup-2"), "");
	assert_int_equal(w->out.running, 2);
	assert_int_equal(w->out.leaving, 1);
	assert_string_equal(look(w, "app dup-1 drain-2"), "");
	reconcile_want(w->r, 3);
	assert_string_equal(look(w, "app dup-1 dup-2"), "create dup-3");
}

static void a_failed_step_waits_longer_each_time(void **state)
{
	struct world *w = *state;
	uint64_t waited[3];

	for (size_t i = 0; i < N(waited); i++) {
		assert_string_equal(look(w, "app drain-1:exited"), "remove drain-1");
		begin_all(w);
		end_all(w, -EIO);
		assert_string_equal(look(w, "app drain-1:exited"), "");
		assert_false(w->out.settled);
		waited[i] = w->out.look_in_ms;
		w->now_ms += waited[i];
	}
	assert_in_range(waited[0], 2500, 5000);
	assert_int_equal(waited[1], 2 * waited[0]);
	assert_int_equal(waited[2], 4 * waited[0]);

	assert_string_equal(look(w, "app drain-1:exited"), "remove drain-1");
	begin_all(w);
	end_all(w, 0);
	assert_string_equal(look(w, "app drain-1:exited"), "remove drain-1");
}

static void failed_creations_back_off_until_one_is_ready(void **state)
{
	struct world *w = *state;
	uint64_t first_ms, last_ms;

	reconcile_want(w->r, 3);
	look(w, "app");
	begin_all(w);
	end_all(w, -EINVAL); /* both, which counts once */
	assert_string_equal(look(w, "app"), "");
	first_ms = w->out.look_in_ms;
	assert_in_range(first_ms, 2500, 5000);
	for (int i = 0; i < 12; i++) {
		look_after(w, w->out.look_in_ms, "app");
		assert_string_equal(w->steps, "create dup-1, create dup-2");
		begin_all(w);
		end_all(w, -EINVAL);
		look(w, "app");
	}
	last_ms = w->out.look_in_ms;
	assert_in_range(last_ms, RECONCILE_BACKOFF_MAX_MS / 2, RECONCILE_BACKOFF_MAX_MS);

	/* One gets into rotation: the next is not made to wait. */
	look_after(w, last_ms, "app dup-1");
	hear(w, "app dup-1", "");
	assert_string_equal(look(w, "app dup-1"), "create dup-2");
	begin_all(w);
	end_all(w, -EINVAL);
	look(w, "app dup-1");
	assert_int_equal(w->out.look_in_ms, first_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_has_its_step),
		cmocka_unit_test(bounds_hold_whatever_is_wanted),
		TEST(what_is_there_at_first_is_wanted),
		TEST(creations_under_way_count),
		TEST(no_more_than_eight_creations_at_once),
		TEST(unfinished_creations_are_the_surplus),
		TEST(a_rename_under_way_counts_as_gone),
		TEST(a_failed_step_waits_longer_each_time),
		TEST(failed_creations_back_off_until_one_is_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
