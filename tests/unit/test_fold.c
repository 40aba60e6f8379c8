/* Shell. Unit tests of planner/fold: what of the bus matters for decisions, and how it is taken. */
#include "planner/fold.h"

#include "tests/unit/default_policy.h"
#include "tests/unit/message_samples.h"

static int decode(const char *channel, const char *text, struct fold_message *ret)
{
	struct message_error error;

	memset(ret, 0xa5, sizeof(*ret));
	return fold_decode(channel, text, strlen(text), "app", ret, &error);
}

static void each_message_has_its_kind(void **state)
{
	static const char error_plan[] = "{\"kind\":\"error\",\"error\":\"p95_ms: missing\"}";
	static const struct {
		const char *channel, *text;
		enum fold_kind kind;
	} rows[] = {
		{CHANNEL_ALERTS, full_alert, FOLD_ALERT},
		{CHANNEL_ACTIONS, full_plan, FOLD_PLAN},
		{CHANNEL_ACTIONS, error_plan, FOLD_NOTHING},
		{CHANNEL_RESULTS, full_result, FOLD_RESULT},
		{CHANNEL_RESULTS, full_upstreams, FOLD_NOTHING},
		{CHANNEL_RESULTS, full_receipt, FOLD_NOTHING},
		{CHANNEL_ADVICE, full_advice, FOLD_ADVICE},
		{CHANNEL_ADVICE, full_judged, FOLD_NOTHING},
		{"news", full_alert, FOLD_NOTHING},
	};
	struct fold_message m;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		assert_int_equal(decode(rows[i].channel, rows[i].text, &m), 0);
		assert_int_equal(m.kind, rows[i].kind);
		fold_done(&m);
	}
}

static void what_is_malformed_is_nothing_to_free(void **state)
{
	static const char *const channels[] = {CHANNEL_ALERTS, CHANNEL_ACTIONS, CHANNEL_RESULTS,
					       CHANNEL_ADVICE};
	struct fold_message m;

	(void)state;
	for (size_t i = 0; i < N(channels); i++)
		assert_int_equal(decode(channels[i], "{}", &m), -EBADMSG);
}

static void an_alert_was_heard_when_it_was_or_when_its_window_closed(void **state)
{
	struct message_alert alert = {.ts = 1795458155.613, .window_sec = 4};

	(void)state;
	assert_int_equal(fold_heard_ms(&alert, 1795458155618, 0), 1795458155618);
	assert_int_equal(fold_heard_ms(&alert, 0, 7), 1795458155613);
	alert.ts = NAN;
	assert_int_equal(fold_heard_ms(&alert, 0, 1795458151000), 1795458155000);
	alert.window_sec = NAN;
	assert_int_equal(fold_heard_ms(&alert, 0, 1795458151000), 1795458151000);
}

/* --- a planner that hears of them ------------------------------------------------------------- */

struct planner {
	struct policy_config config;
	struct targets *targets;
	struct brain *brain; /* of app */
};

static int begin(void **state)
{
	struct planner *p = xcalloc(1, sizeof(*p));

	mem_init();
	p->config = default_policy("adaptive");
	p->targets = targets_new(&p->config, "app");
	p->brain = targets_add(p->targets, "app");
	assert_non_null(p->brain);
	*state = p;
	return 0;
}

static int end(void **state)
{
	struct planner *p = *state;

	targets_free(p->targets);
	free(p);
	return 0;
}

static void hear(struct planner *p, const char *channel, const char *text)
{
	struct fold_message m;

	assert_int_equal(decode(channel, text, &m), 0);
	fold_apply(p->targets, "app", &m);
	fold_done(&m);
}

static struct brain_decided decide(struct planner *p)
{
	struct brain_decided decided;
	struct fold_message m;

	assert_int_equal(decode(CHANNEL_ALERTS, full_alert, &m), 0);
	brain_alert(p->brain, &m.alert, 1795458155618, false, &decided);
	fold_done(&m);
	return decided;
}

static double estimate(const struct brain_decided *decided, const char *name)
{
	for (int i = 0; i < decided->decision.facts_n; i++)
		if (!strcmp(decided->decision.facts[i].name, name))
			return decided->decision.facts[i].value;
	fail_msg("there is no estimate of %s", name);
	return NAN;
}

#define PLAN(target, estimates)                                                                    \
	"{\"kind\":\"plan\",\"container\":\"" target "\",\"decision\":{\"action\":\"noop\"},"      \
	"\"explain\":{\"estimates\":" estimates "}}"

static void the_first_plan_tells_what_was_learned_before(void **state)
{
	struct planner *p = *state;

	hear(p, CHANNEL_ACTIONS, PLAN("shop", "{\"startup_sec\":99}"));
	hear(p, CHANNEL_ACTIONS,
	     PLAN("app", "{\"capacity_rps\":66,\"good_rps\":50,\"startup_sec\":7}"));
	hear(p, CHANNEL_ACTIONS, PLAN("app", "{\"startup_sec\":1,\"good_rps\":60}"));

	struct brain_decided decided = decide(p);
	assert_double_near(estimate(&decided, "startup_sec"), 7);
	assert_double_near(estimate(&decided, "capacity_rps"), 66);
	assert_double_near(estimate(&decided, "good_rps"), 50);
}

static void nor_does_a_plan_tell_what_is_no_figure(void **state)
{
	struct planner *p = *state;

	hear(p, CHANNEL_ACTIONS,
	     PLAN("app", "{\"startup_sec\":\"7\",\"capacity_rps\":-1,\"good_rps\":null,"
			 "\"news\":4}"));

	struct brain_decided decided = decide(p);
	assert_true(isnan(estimate(&decided, "startup_sec")));
	assert_true(isnan(estimate(&decided, "capacity_rps")));
}

static void the_classic_law_recalls_nothing(void **state)
{
	struct planner *p = *state;

	targets_free(p->targets);
	p->config = default_policy("classic");
	p->targets = targets_new(&p->config, "app");
	p->brain = targets_add(p->targets, "app");
	hear(p, CHANNEL_ACTIONS, PLAN("app", "{\"baseline_ms\":7}"));

	struct brain_decided decided = decide(p);
	assert_true(estimate(&decided, "baseline_ms") != 7);
}

static void a_result_tells_what_is_kept(void **state)
{
	struct planner *p = *state;

	(void)decide(p);
	hear(p, CHANNEL_RESULTS,
	     "{\"action\":\"scale_up\",\"target\":\"app\",\"wanted\":5,"
	     "\"result\":{\"status\":\"ok\"}}");
	assert_int_equal(decide(p).decision.replicas, 5);
}

#define ADVICE_ON(target)                                                                          \
	"{\"kind\":\"advice\",\"id\":\"v1\",\"target\":\"" target "\",\"mode\":\"advise\","        \
	"\"outcome\":\"verdict\",\"heuristic\":{\"action\":\"noop\"},"                             \
	"\"decision\":{\"action\":\"noop\",\"reason\":\"wait\"}}"

static void advice_is_heard_about_the_planners_own_target(void **state)
{
	struct planner *p = *state;

	assert_non_null(targets_add(p->targets, "shop"));
	hear(p, CHANNEL_ADVICE, ADVICE_ON("shop"));
	assert_null(decide(p).advice);
	hear(p, CHANNEL_ADVICE, ADVICE_ON("app"));
	assert_non_null(decide(p).advice);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_has_its_kind),
		cmocka_unit_test(what_is_malformed_is_nothing_to_free),
		cmocka_unit_test(an_alert_was_heard_when_it_was_or_when_its_window_closed),
		TEST(the_first_plan_tells_what_was_learned_before),
		TEST(nor_does_a_plan_tell_what_is_no_figure),
		TEST(the_classic_law_recalls_nothing),
		TEST(a_result_tells_what_is_kept),
		TEST(advice_is_heard_about_the_planners_own_target),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
