/* Whose work it is, told by the news of a lease. */
#include "tests/unit/unit.h"

#include "executor/tenure.h"

/* One piece of news, and what it means after all those before it. */
struct chapter {
	struct lease_news news;
	enum tenure_turn turn;
	int64_t token;
};

#define AWAY                                                                                       \
	{                                                                                          \
		.known = false                                                                     \
	}
#define OTHERS(n)                                                                                  \
	{                                                                                          \
		.known = true, .token = (n)                                                        \
	}
#define RAN_OUT(n)                                                                                 \
	{                                                                                          \
		.known = false, .ours = true, .token = (n)                                         \
	}
#define TOO_SOON(n)                                                                                \
	{                                                                                          \
		.known = true, .ours = true, .token = (n)                                          \
	}
#define HELD(n)                                                                                    \
	{                                                                                          \
		.known = true, .ours = true, .held = true, .token = (n)                            \
	}

static void assert_story(const struct chapter *chapters, size_t n)
{
	struct tenure t = {0};

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(tenure_hear(&t, &chapters[i].news), chapters[i].turn);
		assert_int_equal(t.token, chapters[i].token);
	}
}

#define STORY(...)                                                                                 \
	do {                                                                                       \
		static const struct chapter story[] = {__VA_ARGS__};                               \
		assert_story(story, sizeof(story) / sizeof(story[0]));                             \
	} while (0)

static void one_begins_and_another_follows(void **state)
{
	(void)state;
	STORY({HELD(1), TENURE_BEGINS, 1}, {HELD(1), TENURE_GOES_ON, 1},
	      {OTHERS(2), TENURE_ENDS, 0}, {OTHERS(3), TENURE_GOES_ON, 0},
	      {HELD(4), TENURE_BEGINS, 4});
}

static void who_waits_begins_when_the_time_has_come(void **state)
{
	(void)state;
	STORY({OTHERS(1), TENURE_GOES_ON, 0}, {TOO_SOON(2), TENURE_GOES_ON, 0},
	      {HELD(2), TENURE_BEGINS, 2});
}

/* Redis was away, the lease ran out, nobody else was there: it goes on with what it began. */
static void an_interruption_is_no_end(void **state)
{
	(void)state;
	STORY({HELD(3), TENURE_BEGINS, 3}, {AWAY, TENURE_GOES_ON, 3}, {HELD(3), TENURE_GOES_ON, 3},
	      {RAN_OUT(3), TENURE_GOES_ON, 3}, {HELD(4), TENURE_GOES_ON, 4});
}

static void a_redis_that_comes_back_empty_counts_from_one(void **state)
{
	(void)state;
	STORY({HELD(3), TENURE_BEGINS, 3}, {AWAY, TENURE_GOES_ON, 3}, {HELD(1), TENURE_GOES_ON, 1});
	STORY({HELD(1), TENURE_BEGINS, 1}, {AWAY, TENURE_GOES_ON, 1}, {OTHERS(1), TENURE_ENDS, 0});
}

/* It was stopped so long that somebody came and went. */
static void an_interlude_of_another_is_noticed(void **state)
{
	(void)state;
	STORY({HELD(3), TENURE_BEGINS, 3}, {RAN_OUT(3), TENURE_GOES_ON, 3},
	      {HELD(5), TENURE_RENEWS, 5}, {HELD(5), TENURE_GOES_ON, 5});
}

static void results_of_the_overtaken(void **state)
{
	(void)state;
	assert_true(tenure_overtaken(3, 4));
	assert_false(tenure_overtaken(4, 4));
	assert_false(tenure_overtaken(5, 4)); /* heard sooner than the lease itself */
	assert_false(tenure_overtaken(-1, 4));
	assert_false(tenure_overtaken(3, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_begins_and_another_follows),
		cmocka_unit_test(who_waits_begins_when_the_time_has_come),
		cmocka_unit_test(an_interruption_is_no_end),
		cmocka_unit_test(a_redis_that_comes_back_empty_counts_from_one),
		cmocka_unit_test(an_interlude_of_another_is_noticed),
		cmocka_unit_test(results_of_the_overtaken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
