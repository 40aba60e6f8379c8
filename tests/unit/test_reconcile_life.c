/* The life of a replica as the reconciler leads it: ready or given up, dead and replaced, drained
 * and removed. */
#include "tests/unit/world.h"

/* Leaving ------------------------------------------------------------------------------------ */

static void a_drained_replica_is_stopped_and_removed(void **state)
{
	struct world *w = *state;

	hear(w, "app dup-1", "");
	reconcile_want(w->r, 1);
	/* It is the newest, and the template serves too. */
	assert_string_equal(look(w, "app dup-1"), "rename dup-1>drain-1");
	assert_string_equal(look_after(w, 100, "app drain-1"), "");
	assert_int_equal(w->out.look_in_ms, DRAIN_MS);
	hear(w, "app", "");
	assert_string_equal(look_after(w, 100, "app drain-1"), "");
	hear(w, "app", "drain-1");
	assert_string_equal(look_after(w, 100, "app drain-1"), "stop drain-1");
	begin_all(w);
	assert_string_equal(look(w, "app drain-1"), "");
	end_all(w, 0);
	assert_string_equal(look(w, "app drain-1:exited"), "remove drain-1");
	assert_string_equal(look(w, "app"), "");
	assert_true(w->out.settled);
}

static void a_watcher_without_ids_is_understood(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 1);
	watcher_says(w, "app", "dup-1", false); /* one that had the same name before */
	assert_string_equal(look(w, "app dup-1"), "rename dup-1>drain-1");
	assert_string_equal(look(w, "app drain-1"), "");
	watcher_says(w, "app", "dup-1", false);
	assert_string_equal(look(w, "app drain-1"), "stop drain-1");
}

static void word_that_came_before_the_list_counts(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 1);
	look(w, "app dup-1");
	watcher_says(w, "app", "drain-1", false); /* quicker than the executor's own look */
	assert_string_equal(look(w, "app drain-1"), "stop drain-1");
}

static void who_gets_requests_again_is_not_drained(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 1);
	hear(w, "app", "dup-1");
	hear(w, "app dup-1", "");
	look(w, "app dup-1");
	assert_string_equal(look(w, "app drain-1"), "");
}

static void without_a_word_it_is_stopped_after_the_timeout(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 1);
	assert_string_equal(look(w, "app drain-1"), "");
	assert_string_equal(look_after(w, DRAIN_MS - 1, "app drain-1"), "");
	assert_int_equal(w->out.look_in_ms, 1);
	assert_string_equal(look_after(w, 1, "app drain-1"), "stop drain-1");
}

/* A restarted executor hears again what the watcher said, then finds what its predecessor left. */
static void a_restarted_executor_goes_on(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	hear(w, "app dup-1", "drain-2");
	assert_string_equal(look(w, "app dup-1 drain-2 drain-3:exited dup-4:created"),
			    "stop drain-2, remove drain-3, remove dup-4");
}

static void the_last_that_serves_stays(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 1);
	hear(w, "dup-2", "");
	assert_string_equal(look(w, "app dup-1 dup-2"), "rename dup-1>drain-1");
	assert_string_equal(look(w, "app dup-2"), "");
	assert_false(w->out.settled);
	hear(w, "app dup-2", "");
	assert_string_equal(look(w, "app dup-2"), "rename dup-2>drain-2");
}

/* Ready -------------------------------------------------------------------------------------- */

static void an_unready_replica_is_given_up_and_named(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	hear(w, "app", "");
	assert_string_equal(look(w, "app dup-1"), "");
	assert_int_equal(w->out.look_in_ms, READY_MS);
	assert_string_equal(look_after(w, READY_MS - 1, "app dup-1"), "");
	assert_int_equal(w->out.unready_n, 0);
	assert_string_equal(look_after(w, 1, "app dup-1"), "rename dup-1>drain-1");
	assert_int_equal(w->out.unready_n, 1);
	assert_string_equal(w->out.unready[0], "app-dup-1");

	/* Named once, replaced after a while, under another number while it is still there. */
	assert_string_equal(look(w, "app dup-1"), "rename dup-1>drain-1");
	assert_int_equal(w->out.unready_n, 0);
	assert_string_equal(look(w, "app drain-1"), "");
	assert_string_equal(look_after(w, 5000, "app drain-1"), "create dup-2");
}

static void a_ready_one_is_kept_even_if_it_falls_out(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	hear(w, "app dup-1", "");
	look(w, "app dup-1");
	hear(w, "app", "");
	assert_string_equal(look_after(w, 2 * READY_MS, "app dup-1"), "");
	assert_true(w->out.settled);
}

/* No watcher, one that speaks of containers of long ago, or a bus that is down: nobody to ask. */
static void silence_proves_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *servers;
		bool deaf;
	} rows[] = {{NULL, false}, {"dup-8 dup-9", false}, {"app", true}};

	for (size_t i = 0; i < N(rows); i++) {
		struct world *w = new_world(1, 10);

		w->deaf = rows[i].deaf;
		reconcile_want(w->r, 2);
		if (rows[i].servers != NULL)
			hear(w, rows[i].servers, "");
		look(w, "app dup-1");
		assert_string_equal(look_after(w, 2 * READY_MS, "app dup-1"), "");
		free_world(w);
	}
}

static void the_clock_of_a_replica_stands_still_while_the_bus_is_down(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	hear(w, "app", "");
	look(w, "app dup-1");
	w->deaf = true;
	look_after(w, 10 * READY_MS, "app dup-1");
	w->deaf = false;
	assert_string_equal(look_after(w, READY_MS - 1, "app dup-1"), "");
	assert_string_equal(look_after(w, 1, "app dup-1"), "rename dup-1>drain-1");
}

static void a_dead_replica_is_replaced_at_once_if_it_ever_served(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	hear(w, "app dup-1", "");
	look(w, "app dup-1");
	assert_string_equal(look(w, "app dup-1:exited"), "remove dup-1, create dup-2");
	assert_string_equal(w->out.reason, "app-dup-1 has exited");
}

static void one_that_dies_young_is_replaced_after_a_while(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	look(w, "app dup-1");
	assert_string_equal(look(w, "app dup-1:exited"), "remove dup-1");
	assert_in_range(w->out.look_in_ms, 2500, 5000);
	look_after(w, w->out.look_in_ms, "app dup-1:exited"); /* the same one: no new failure */
	assert_string_equal(w->steps, "remove dup-1, create dup-2");
}

static void where_nobody_watches_a_long_life_is_proof(void **state)
{
	struct world *w = *state;

	reconcile_want(w->r, 2);
	look(w, "app dup-1");
	look_after(w, READY_MS, "app dup-1");
	assert_string_equal(look(w, "app dup-1:exited"), "remove dup-1, create dup-2");
}

/* Strangers ---------------------------------------------------------------------------------- */

static void strangers_are_named_and_left_alone(void **state)
{
	struct world *w = *state;

	assert_string_equal(observe(w, "app dup-1")->stranger, "");
	assert_string_equal(observe(w, "app !dup-1")->stranger, "app-dup-1");
	assert_string_equal(observe(w, "app !drain-1:exited")->stranger, "app-drain-1");
	assert_string_equal(observe(w, "app app-drain-0")->stranger, "app-drain-0");
	assert_string_equal(observe(w, "app other")->stranger, "");
}

static void without_a_template_it_says_what_to_do(void **state)
{
	struct world *w = *state;

	assert_string_equal(observe(w, "app")->problem, "");
	assert_non_null(strstr(observe(w, "dup-1")->problem, "start the service, or set TARGET"));
	assert_non_null(strstr(observe(w, "!app")->problem, "lacks the label agentic.target=true"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_drained_replica_is_stopped_and_removed),
		TEST(a_watcher_without_ids_is_understood),
		TEST(word_that_came_before_the_list_counts),
		TEST(who_gets_requests_again_is_not_drained),
		TEST(without_a_word_it_is_stopped_after_the_timeout),
		TEST(a_restarted_executor_goes_on),
		TEST(the_last_that_serves_stays),
		TEST(an_unready_replica_is_given_up_and_named),
		TEST(a_ready_one_is_kept_even_if_it_falls_out),
		cmocka_unit_test(silence_proves_nothing),
		TEST(the_clock_of_a_replica_stands_still_while_the_bus_is_down),
		TEST(a_dead_replica_is_replaced_at_once_if_it_ever_served),
		TEST(one_that_dies_young_is_replaced_after_a_while),
		TEST(where_nobody_watches_a_long_life_is_proof),
		TEST(strangers_are_named_and_left_alone),
		TEST(without_a_template_it_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
