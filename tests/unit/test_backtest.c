/* Recorded telemetry decided about again: alerts beside the plans that answered them, and what it
 * comes to. */
#include "tests/unit/unit.h"

#include "common/json.h"
#include "common/mem.h"
#include "planner/plan.h"
#include "replay/backtest.h"
#include "replay/comparison.h"
#include "replay/pairs.h"
#include "tests/unit/default_policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS 1795458155613ULL

/* --- alerts and plans ------------------------------------------------------------------------- */

static struct fold_message alert_of(const char *id, const char *target, double p95_ms)
{
	struct fold_message m = {.kind = FOLD_ALERT, .alert = {.p95_ms = p95_ms, .replicas = 2}};

	snprintf(m.alert.id, sizeof(m.alert.id), "%s", id);
	snprintf(m.alert.target, sizeof(m.alert.target), "%s", target);
	return m;
}

static struct fold_message plan_of(const char *alert, const char *target, double p95_ms)
{
	struct fold_message m = {.kind = FOLD_PLAN,
				 .plan = {.p95_ms = p95_ms, .telemetry_replicas = 2}};

	snprintf(m.plan.alert, sizeof(m.plan.alert), "%s", alert);
	snprintf(m.plan.target, sizeof(m.plan.target), "%s", target);
	return m;
}

static void add_alert(struct pairs *p, const char *id)
{
	struct fold_message m = alert_of(id, "app", 100);

	pairs_add(p, &m, START_MS, "{}");
}

static void add_plan(struct pairs *p, const char *alert)
{
	struct fold_message m = plan_of(alert, "app", 100);

	pairs_add(p, &m, 0, alert);
}

static void add_result(struct pairs *p)
{
	struct fold_message m = {.kind = FOLD_RESULT};

	pairs_add(p, &m, 0, "{}");
}

/* Take the next, which must be the alert ${id} with (or without: NULL) the plan ${text}. */
static void expect(struct pairs *p, bool all, const char *id, const char *text)
{
	struct pair pair;

	assert_true(pairs_next(p, all, &pair));
	assert_int_equal(pair.message.kind, FOLD_ALERT);
	assert_string_equal(pair.message.alert.id, id);
	assert_true(pair.heard_ms == START_MS);
	assert_int_equal(pair.answered, text != NULL);
	if (text)
		assert_string_equal(pair.live_text, text);
	pair_done(&pair);
}

static void expect_result(struct pairs *p)
{
	struct pair pair;

	assert_true(pairs_next(p, false, &pair));
	assert_int_equal(pair.message.kind, FOLD_RESULT);
	pair_done(&pair);
}

static void expect_nothing(struct pairs *p)
{
	struct pair pair;

	assert_false(pairs_next(p, false, &pair));
}

static void an_alert_waits_for_its_plan_and_all_behind_it_too(void **state)
{
	(void)state;
	struct pairs *p = pairs_new();

	add_result(p);
	add_alert(p, "a1");
	add_result(p);
	add_alert(p, "a2");
	expect_result(p);
	expect_nothing(p);
	add_plan(p, "a1");
	expect(p, false, "a1", "a1");
	expect_result(p);
	expect_nothing(p);
	add_plan(p, "a2");
	expect(p, false, "a2", "a2");
	expect_nothing(p);
	pairs_free(p);
}

static void those_before_an_answered_one_were_never_answered(void **state)
{
	(void)state;
	struct pairs *p = pairs_new();

	add_alert(p, "a1");
	add_alert(p, "a2");
	add_alert(p, "a3");
	add_plan(p, "a2");
	expect(p, false, "a1", NULL);
	expect(p, false, "a2", "a2");
	expect_nothing(p);
	expect(p, true, "a3", NULL); /* the end of the recording */
	pairs_free(p);
}

static void a_plan_may_come_before_its_alert(void **state)
{
	(void)state;
	struct pairs *p = pairs_new();

	add_alert(p, "a1");
	add_plan(p, "nobody's");
	add_plan(p, "a2");
	expect_nothing(p);
	add_alert(p, "a2");
	expect(p, false, "a1", NULL);
	expect(p, false, "a2", "a2");
	pairs_free(p);
}

static void plans_without_an_alert_are_forgotten_in_time(void **state)
{
	(void)state;
	struct pairs *p = pairs_new();

	add_plan(p, "a1");
	for (int i = 0; i < PAIRS_EARLY_MAX; i++)
		add_plan(p, "nobody's");
	add_alert(p, "a1");
	expect_nothing(p);
	expect(p, true, "a1", NULL);
	pairs_free(p);
}

static void waiting_has_an_end(void **state)
{
	(void)state;
	struct pairs *p = pairs_new();

	for (int i = 0; i < PAIRS_MAX - 1; i++)
		add_alert(p, "a");
	expect_nothing(p);
	add_alert(p, "last");
	expect(p, false, "a", NULL);
	expect_nothing(p);
	pairs_free(p);
	pairs_free(NULL);
}

static void without_an_id_it_goes_by_target_and_figures(void **state)
{
	(void)state;
	struct pairs *p = pairs_new();
	struct fold_message messages[] = {
		alert_of("", "shop", 100), alert_of("", "app", 90),      alert_of("a3", "app", 100),
		alert_of("", "app", 100),  plan_of("", "app", 100.0004),
	};

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		pairs_add(p, &messages[i], START_MS, "plan");
	expect(p, false, "", NULL);
	expect(p, false, "", NULL);
	expect(p, false, "a3", NULL);
	expect(p, false, "", "plan");
	pairs_free(p);
}

/* --- a recording of a planner that lives here ------------------------------------------------- */

#define ALERT                                                                                      \
	"{\"kind\":\"latency_metrics\",\"id\":\"a%d\",\"target\":\"%s\",\"window_sec\":4,"         \
	"\"requests\":40,\"success_rate\":1,\"p95_ms\":%d,\"replicas\":2,\"ts\":%.3f}"

struct tape {
	struct policy_config config; /* of the replay */
	struct policy_config live_config;
	struct targets *live;
	struct backtest *backtest;
	struct comparison comparison;
	struct buf json, text;
	int alerts;
};

static void on_window(const struct backtest_window *w, void *cookie)
{
	struct tape *t = cookie;

	comparison_add(&t->comparison, w);
	comparison_line(&t->comparison, w, &t->text);
	comparison_json(w, &t->json);
}

static int begin(void **state)
{
	struct tape *t = xcalloc(1, sizeof(*t));

	mem_init();
	t->config = t->live_config = default_policy("classic");
	t->live = targets_new(&t->live_config, "app");
	t->backtest = backtest_new(&(struct backtest_options){
		.policy = &t->config,
		.target = "app",
		.plans = true,
		.on_window = on_window,
		.cookie = t,
	});
	comparison_init(&t->comparison);
	buf_init(&t->json, 1 << 20);
	buf_init(&t->text, 1 << 20);
	*state = t;
	return 0;
}

static int end(void **state)
{
	struct tape *t = *state;

	backtest_free(t->backtest);
	backtest_free(NULL);
	targets_free(t->live);
	buf_free(&t->json);
	buf_free(&t->text);
	free(t);
	return 0;
}

static int take(struct tape *t, const char *channel, char *text)
{
	const struct recorded recorded = {.channel = channel, .text = text, .len = strlen(text)};
	struct message_error error;

	return backtest_take(t->backtest, &recorded, &error);
}

/* An alert, and, where ${lag_ms} is not below 0, the plan of a planner that heard it so late. */
static void window(struct tape *t, const char *target, int p95_ms, int lag_ms)
{
	double ts = (double)START_MS / 1000 + 4 * t->alerts;
	uint64_t heard_ms = (uint64_t)llround(ts * 1000) + (uint64_t)(lag_ms < 0 ? 0 : lag_ms);
	char *text = xasprintf(ALERT, ++t->alerts, target, p95_ms, ts);
	struct brain_decided decided;
	struct message_alert alert;
	struct message_error error;
	struct message_plan plan;

	assert_int_equal(take(t, CHANNEL_ALERTS, text), 0);
	assert_int_equal(message_alert_decode(text, strlen(text), "app", &alert, &error), 0);
	free(text);
	struct brain *brain = targets_add(t->live, target);
	if (!brain)
		return;
	brain_alert(brain, &alert, heard_ms, true, &decided);
	if (lag_ms < 0)
		return;
	plan_make(&t->live_config, &alert, &decided, &plan);
	snprintf(plan.id, sizeof(plan.id), "p%d", t->alerts);
	plan.ts = (double)heard_ms / 1000 + 0.002;
	text = message_plan_encode(&plan);
	assert_int_equal(take(t, CHANNEL_ACTIONS, text), 0);
	free(text);
	message_plan_done(&plan);
}

static void trouble(struct tape *t)
{
	for (int i = 0; i < 30; i++)
		window(t, "app", i > 20 ? 2000 : 100 + i % 3, i % 20);
}

static void the_same_settings_decide_the_same_to_the_byte(void **state)
{
	struct tape *t = *state;

	trouble(t);
	backtest_end(t->backtest);
	assert_int_equal(t->comparison.windows, 30);
	assert_int_equal(t->comparison.matches[BACKTEST_SAME], 30);
	assert_true(t->comparison.decided[ACTION_SCALE_UP] > 0);
	assert_memory_equal(t->comparison.decided, t->comparison.live, sizeof(t->comparison.live));
	assert_true(isnan(t->comparison.differs_ts));
}

static void other_settings_show(void **state)
{
	struct tape *t = *state;

	t->config.max_replicas = 2;
	trouble(t);
	backtest_end(t->backtest);
	const size_t *matches = t->comparison.matches;
	assert_true(matches[BACKTEST_DIFFERS] > 0 && matches[BACKTEST_FIGURES] > 0);
	assert_int_equal(matches[BACKTEST_ALONE], 0);
	assert_int_equal(t->comparison.decided[ACTION_SCALE_UP], 0);
	assert_double_near(t->comparison.differs_ts, (double)START_MS / 1000 + 4 * 21);
}

/* How late it was heard decides whether a window is stale: from the plan it is known. */
static void a_plan_tells_when_its_alert_was_heard(void **state)
{
	struct tape *t = *state;

	t->config = t->live_config = default_policy("adaptive");
	for (int i = 0; i < 40; i++)
		window(t, "app", 100, i % 2 ? 7999 : 8001);
	backtest_end(t->backtest);
	assert_int_equal(t->comparison.matches[BACKTEST_SAME], 40);
	assert_non_null(strstr(buf_text(&t->text), "stale"));
}

static void alerts_that_were_not_answered_count_as_well(void **state)
{
	struct tape *t = *state;

	for (int i = 0; i < 30; i++)
		window(t, "app", i > 20 ? 2000 : 100, i % 3 ? 1 : -1);
	backtest_end(t->backtest);
	assert_int_equal(t->comparison.matches[BACKTEST_ALONE], 10);
	assert_int_equal(t->comparison.matches[BACKTEST_SAME], 20);
}

static void results_are_folded_in_their_place(void **state)
{
	struct tape *t = *state;
	char result[] = "{\"action\":\"scale_up\",\"target\":\"app\","
			"\"result\":{\"status\":\"ok\",\"message\":\"\"},\"wanted\":7}";

	trouble(t);
	assert_int_equal(take(t, CHANNEL_RESULTS, result), 0);
	backtest_end(t->backtest);
	window(t, "app", 100, -1); /* the planner above did not hear of it */
	backtest_end(t->backtest);
	assert_non_null(strstr(buf_text(&t->text), "noop 7"));
}

static void targets_have_an_end(void **state)
{
	struct tape *t = *state;
	char name[16];

	for (int i = 0; i < TARGETS_MAX - 1 + 3; i++) {
		snprintf(name, sizeof(name), "app-%d", i);
		window(t, name, 100, -1);
	}
	window(t, "app", 100, -1); /* the planner's own, for which there is a place */
	backtest_end(t->backtest);
	assert_int_equal(t->comparison.windows, TARGETS_MAX);
	assert_int_equal(backtest_refused(t->backtest), 3);
}

static void malformed_messages_are_refused_at_once(void **state)
{
	static const struct {
		const char *channel, *text;
		int err;
	} rows[] = {
		{CHANNEL_ALERTS, "{}", -EBADMSG},
		{CHANNEL_ALERTS, "[", -EBADMSG},
		{CHANNEL_RESULTS, "{}", -EBADMSG},
		{CHANNEL_ADVICE, "{}", -EBADMSG},
		{CHANNEL_ACTIONS, "{\"kind\":\"plan\"}", -EBADMSG},
		{CHANNEL_ACTIONS, "{\"kind\":\"error\",\"error\":\"e\"}", 0},
		{CHANNEL_RESULTS,
		 "{\"kind\":\"upstreams\",\"generation\":1,\"result\":{\"status\":\"ok\"}}", 0},
	};
	struct tape *t = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = xstrdup(rows[i].text);
		assert_int_equal(take(t, rows[i].channel, text), rows[i].err);
		free(text);
	}
	backtest_end(t->backtest);
	assert_int_equal(t->comparison.windows, 0);
}

/* --- as text and as JSON ---------------------------------------------------------------------- */

static void lines_for_people(void **state)
{
	struct tape *t = *state;

	window(t, "app", 100, 1);
	window(t, "a-name-that-is-too-long", 123456, -1);
	t->alerts += 21600; /* the next day */
	window(t, "app", 100, 1);
	backtest_end(t->backtest);
	assert_string_equal(
		buf_text(&t->text),
		"2026-11-23\n"
		"          target         p95 ms runs  decided         live          because\n"
		"18:22:35  app             100.0    2  noop 2        = noop 2        warming\n"
		"18:22:39  a-name-that- 123456.0    2  noop 2          -             warming\n"
		"2026-11-24\n"
		"          target         p95 ms runs  decided         live          because\n"
		"18:22:43  app             100.0    2  noop 2        = noop 2        warming\n");
}

static void a_line_for_programs_holds_both_plans(void **state)
{
	struct tape *t = *state;
	cJSON *line;

	window(t, "app", 100, 1);
	backtest_end(t->backtest);
	assert_int_equal(json_parse(t->json.data, t->json.len, &line), 0);
	assert_string_equal(json_str(line, "match"), "same");
	assert_string_equal(json_str(line, "alert"), "a1");
	assert_string_equal(json_str(json_get(line, "plan"), "id"), "p1");
	assert_true(cJSON_Compare(json_get(line, "plan"), json_get(line, "live"), true));
	cJSON_Delete(line);
}

static const char *summary(struct tape *t, const struct comparison_source *source)
{
	backtest_end(t->backtest);
	buf_clear(&t->text);
	comparison_summary(&t->comparison, source, &t->text);
	return buf_text(&t->text);
}

static void the_summary_says_what_latency_does_not(void **state)
{
	struct tape *t = *state;
	const struct comparison_source other = {.other_settings = true};

	trouble(t);
	assert_null(strstr(summary(t, &(struct comparison_source){0}), "another replica count"));
	assert_non_null(strstr(summary(t, &other), "latency does not answer to another replica"));
	assert_non_null(strstr(summary(t, &other), "30 windows, 2026-11-23 18:22:35 to "));
	assert_non_null(strstr(summary(t, &other), "30 have a live decision: 30 are the same"));
	assert_null(strstr(summary(t, &other), "passed over"));
}

static void the_summary_says_what_was_left_out(void **state)
{
	struct tape *t = *state;
	const struct comparison_source source = {.malformed = 3, .refused = 2};

	window(t, "app", 100, -1);
	assert_non_null(strstr(summary(t, &source), "3 malformed lines were passed over\n"));
	assert_non_null(strstr(summary(t, &source), "2 alerts of more than 64 targets"));
	assert_null(strstr(summary(t, &source), "live"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_waits_for_its_plan_and_all_behind_it_too),
		cmocka_unit_test(those_before_an_answered_one_were_never_answered),
		cmocka_unit_test(a_plan_may_come_before_its_alert),
		cmocka_unit_test(plans_without_an_alert_are_forgotten_in_time),
		cmocka_unit_test(waiting_has_an_end),
		cmocka_unit_test(without_an_id_it_goes_by_target_and_figures),
		TEST(the_same_settings_decide_the_same_to_the_byte),
		TEST(other_settings_show),
		TEST(a_plan_tells_when_its_alert_was_heard),
		TEST(alerts_that_were_not_answered_count_as_well),
		TEST(results_are_folded_in_their_place),
		TEST(targets_have_an_end),
		TEST(malformed_messages_are_refused_at_once),
		TEST(lines_for_people),
		TEST(a_line_for_programs_holds_both_plans),
		TEST(the_summary_says_what_latency_does_not),
		TEST(the_summary_says_what_was_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
