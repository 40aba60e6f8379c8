/* Pure. What the dashboard keeps of the messages, and how it tells it. */
#include "common/mem.h"
#include "dashboard/render.h"

#include "tests/unit/dashboard_messages.h"

#include <errno.h>
#include <stdlib.h>

#define ALERT     (STATE_POINT | STATE_REPLICAS)
#define UPSTREAMS (STATE_UPSTREAMS | STATE_REPLICAS)

static const char estimates[] = ",\"explain\":{\"estimates\":{\"objective_ms\":181.5,"
				"\"arrivals_rps\":40,\"capacity_rps\":50,\"good_rps\":20}}";

/* The state as JSON, to be deleted. */
static cJSON *rendered(const struct state *st)
{
	struct buf out;
	cJSON *root;

	buf_init(&out, RENDER_BYTES_MAX);
	render_state(st, "abc-7", NOW, &out);
	assert_int_equal(json_parse(buf_text(&out), out.len, &root), 0);
	buf_free(&out);
	return root;
}

static double newest(const struct state *st, enum series_column column)
{
	return (double)series_newest(st->series)->values[column];
}

static void test_empty(void **unused)
{
	static const char history[] =
		"{\"target\":\"app\",\"id\":\"abc-0\",\"from\":1795457100.000,"
		"\"to\":1795458000.000,\"step_sec\":0,\"columns\":[\"ts\",";
	struct state *st = state_new("app", NOW - 1);
	struct buf out;

	(void)unused;
	buf_init(&out, RENDER_BYTES_MAX);
	render_state(st, "abc-0", NOW, &out);
	assert_string_equal(
		buf_text(&out),
		"{\"target\":\"app\",\"id\":\"abc-0\",\"now\":1795458000.000,\"version\":\"" VERSION
		"\",\"redis\":{\"up\":false,\"since_ts\":1795457999,\"detail\":\"\"},"
		"\"point\":null,\"window_sec\":null,\"replicas\":[],\"plans\":[],\"actions\":[],"
		"\"results\":[],\"receipts\":[],\"upstreams\":null,\"upstreams_error\":null,"
		"\"advice\":[],\"judgements\":[],\"daemons\":[]}");
	buf_clear(&out);
	render_history(st, "abc-0", 900, NOW, &out);
	assert_ptr_equal(strstr(buf_text(&out), history), buf_text(&out));
	buf_free(&out);
	state_free(st);
	state_free(NULL);
}

static void test_an_alert_makes_a_point(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	assert_int_equal(fold_alert(st, "app", 7, ""), ALERT);
	assert_double_near(series_newest(st->series)->ts, NOW + 7);
	assert_double_near(newest(st, SERIES_P95_MS), 7);
	assert_double_near(newest(st, SERIES_RUNNING), 2);
	assert_double_near(newest(st, SERIES_READY), 2);
	assert_double_near(newest(st, SERIES_ERROR_RATE), 0.02F);
	assert_true(isnan(newest(st, SERIES_ARRIVALS_RPS)));
	assert_true(isnan(newest(st, SERIES_BASELINE_MS)));
	assert_double_near(st->window_sec, 3);

	fold_alert(st, "app", 8,
		   ",\"traffic\":{\"rps\":148,\"in_flight\":1,\"p95_ms\":131,\"error_rate\":0.5}");
	assert_double_near(newest(st, SERIES_ARRIVALS_RPS), 148);
	assert_double_near(newest(st, SERIES_REQUESTS_P95_MS), 131);
	assert_double_near(newest(st, SERIES_ERROR_RATE), 0.5);
	fold_alert(st, "app", 9, ",\"traffic\":{\"rps\":148,\"in_flight\":1}");
	assert_double_near(newest(st, SERIES_ERROR_RATE), 0.02F);
	state_free(st);
}

static void test_a_plan_completes_its_window(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	assert_int_equal(fold_plan(st, "noop", 1, ""), STATE_PLAN); /* no window yet */
	fold_alert(st, "app", 1, "");
	fold_alert(st, "app", 2, "");
	assert_int_equal(fold_plan(st, "noop", 1, estimates), STATE_PLAN); /* too late */
	assert_true(isnan(newest(st, SERIES_BASELINE_MS)));
	assert_int_equal(fold_plan(st, "noop", 2, estimates), STATE_PLAN | STATE_POINT);
	assert_double_near(newest(st, SERIES_P95_MS), 2);
	assert_double_near(newest(st, SERIES_BASELINE_MS), 2.5);
	assert_double_near(newest(st, SERIES_SIGMA_MS), 2);
	assert_double_near(newest(st, SERIES_OBJECTIVE_MS), 181.5);
	assert_double_near(newest(st, SERIES_ARRIVALS_RPS), 40);
	assert_double_near(newest(st, SERIES_CAPACITY_RPS), 100);
	assert_double_near(newest(st, SERIES_UTILISATION), 0.4F);
	assert_double_near(newest(st, SERIES_WANTED), 3);
	state_free(st);
}

static void test_a_plan_that_names_no_alert_is_about_the_newest(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	fold_alert(st, "app", 1, "");
	assert_int_equal(fold(st, CHANNEL_ACTIONS,
			      "{\"kind\":\"plan\",\"decision\":{\"action\":\"noop\"},"
			      "\"telemetry\":{\"baseline_ms\":90}}"),
			 STATE_PLAN | STATE_POINT);
	assert_double_near(newest(st, SERIES_BASELINE_MS), 90);
	assert_true(isnan(newest(st, SERIES_WANTED)));
	assert_true(isnan(newest(st, SERIES_CAPACITY_RPS)));
	state_free(st);
}

static double capacity_by(const char *explain)
{
	struct state *st = state_new("app", NOW);
	double capacity;

	fold_alert(st, "app", 1, ",\"traffic\":{\"rps\":30,\"in_flight\":1}");
	assert_int_equal(fold_plan(st, "noop", 1, explain), STATE_PLAN | STATE_POINT);
	assert_double_near(newest(st, SERIES_ARRIVALS_RPS), 30);
	capacity = newest(st, SERIES_CAPACITY_RPS);
	assert_int_equal(isnan(newest(st, SERIES_UTILISATION)), isnan(capacity));
	state_free(st);
	return capacity;
}

static void test_capacity_is_what_the_planner_knows(void **unused)
{
#define ESTIMATES(members) ",\"explain\":{\"estimates\":{" members "}}"
	(void)unused;
	assert_double_near(capacity_by(ESTIMATES("\"capacity_rps\":50,\"good_rps\":20")), 100);
	assert_double_near(capacity_by(ESTIMATES("\"good_rps\":20")), 40);
	assert_double_near(capacity_by(ESTIMATES("\"capacity_rps\":0,\"good_rps\":20")), 40);
	assert_true(isnan(capacity_by(ESTIMATES("\"good_rps\":0"))));
	assert_true(isnan(capacity_by(ESTIMATES("\"capacity_rps\":1e300"))));
	assert_true(isnan(capacity_by(ESTIMATES("\"capacity_rps\":\"50\""))));
	assert_true(isnan(capacity_by(",\"explain\":{\"estimates\":[50]}")));
	assert_true(isnan(capacity_by("")));
#undef ESTIMATES
}

static void test_a_wrong_clock_is_not_believed(void **unused)
{
	static const char *const wrong[] = {"1e11", "0", "1795458100.5", "1795371000"};
	struct state *st = state_new("app", NOW);
	char text[256];

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text),
			 "{\"kind\":\"latency_metrics\",\"p95_ms\":1,\"ts\":%s}", wrong[i]);
		assert_int_equal(fold_at(st, CHANNEL_ALERTS, text, NOW + (double)i), ALERT);
		assert_double_near(series_newest(st->series)->ts, NOW + (double)i);
	}
	state_free(st);
}

static void test_actions_outlast_noops(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	fold_plan(st, "scale_up", 1, "");
	for (int i = 2; i < STATE_TEXTS_MAX + 10; i++)
		fold_plan(st, "noop", i, "");
	assert_int_equal(st->plans.n, STATE_TEXTS_MAX);
	assert_non_null(strstr(state_text_at(&st->plans, 0), "\"id\":\"p10\""));
	assert_int_equal(st->actions.n, 1);
	assert_non_null(strstr(state_text_at(&st->actions, 0), "\"id\":\"p1\""));
	state_free(st);
}

static void test_all_kinds_are_kept(void **unused)
{
	struct state *st = state_new("app", NOW);
	cJSON *root;

	(void)unused;
	for (int i = 1; i <= STATE_TEXTS_MAX + 1; i++)
		assert_int_equal(fold_result(st, i), STATE_RESULT);
	for (int i = 1; i <= STATE_ADVICE_MAX + 1; i++) {
		assert_int_equal(fold(st, CHANNEL_ADVICE, advice_text), STATE_ADVICE);
		assert_int_equal(fold(st, CHANNEL_ADVICE, judgement_text), STATE_JUDGEMENT);
	}
	assert_int_equal(fold(st, CHANNEL_RESULTS, receipt_text), STATE_RECEIPT);
	root = rendered(st);
	assert_int_equal(cJSON_GetArraySize(json_get(root, "results")), STATE_TEXTS_MAX);
	assert_string_equal(json_str(cJSON_GetArrayItem(json_get(root, "results"), 0), "id"), "p2");
	assert_string_equal(json_str(json_get(root, "receipts")->child, "plan"), "p2");
	assert_int_equal(cJSON_GetArraySize(json_get(root, "advice")), STATE_ADVICE_MAX);
	assert_int_equal(cJSON_GetArraySize(json_get(root, "judgements")), STATE_ADVICE_MAX);
	assert_double_near(json_get(json_get(root, "advice")->child, "ts")->valuedouble, NOW);
	cJSON_Delete(root);
	state_free(st);
}

static void test_what_nginx_refused_is_told_until_it_takes_again(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	assert_int_equal(fold_upstreams(st, "ok", 1), UPSTREAMS);
	assert_null(st->upstreams_error);
	assert_int_equal(fold_upstreams(st, "error", 2), STATE_UPSTREAMS_ERROR | STATE_REPLICAS);
	assert_non_null(strstr(st->upstreams, "\"ts\":1,"));
	assert_non_null(strstr(st->upstreams_error, "\"ts\":2,"));
	assert_int_equal(fold_upstreams(st, "ok", 3), UPSTREAMS);
	assert_non_null(strstr(st->upstreams, "\"ts\":3,"));
	assert_null(st->upstreams_error);
	state_free(st);
}

static void test_other_targets_and_kinds_are_left_out(void **unused)
{
	struct state *st = state_new("shop", NOW);

	(void)unused;
	assert_int_equal(fold_alert(st, "app", 1, ""), 0);
	assert_int_equal(fold_plan(st, "scale_up", 1, ""), 0);
	assert_int_equal(fold_result(st, 1), 0);
	assert_int_equal(fold_upstreams(st, "ok", 1), 0);
	assert_int_equal(fold_beat(st, "planner", "ok", 1, NOW), 0);
	assert_int_equal(fold(st, CHANNEL_RESULTS, receipt_text), 0);
	assert_int_equal(fold(st, CHANNEL_ADVICE, advice_text), 0);
	assert_int_equal(fold(st, CHANNEL_ADVICE, judgement_text), 0);
	assert_int_equal(fold(st, CHANNEL_ACTIONS, "{\"kind\":\"error\",\"error\":\"x\"}"), 0);
	assert_int_equal(fold(st, "gossip", "{}"), 0);
	state_free(st);
}

/* As long as a message may be. */
static void test_long_texts_are_fewer(void **unused)
{
	static const char head[] =
		"{\"kind\":\"plan\",\"id\":\"p\",\"container\":\"app\",\"decision\":"
		"{\"action\":\"scale_up\",\"reason\":\"r\"},\"explain\":{\"x\":\"";
	struct state *st = state_new("app", NOW);
	size_t len = MESSAGE_BYTES_MAX - 64;
	char *text = xcalloc(1, MESSAGE_BYTES_MAX);
	struct buf out;

	(void)unused;
	memset(text, 'y', len);
	memcpy(text, head, strlen(head));
	strcpy(text + len, "\"}}");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(fold(st, CHANNEL_ACTIONS, text), STATE_PLAN);
		assert_in_range(st->plans.bytes, 1, STATE_TEXTS_BYTES_MAX);
	}
	assert_in_range(st->plans.n, 15, 16);
	buf_init(&out, RENDER_BYTES_MAX);
	render_state(st, "abc-1", NOW, &out);
	assert_int_equal(buf_text(&out)[out.len - 1], '}');
	assert_in_range(out.len, STATE_TEXTS_BYTES_MAX, RENDER_BYTES_MAX - 1);
	assert_int_equal(fold_plan(st, "scale_down", 7, ""), STATE_PLAN);
	assert_string_not_equal(state_text_at(&st->plans, st->plans.n - 1),
				state_text_at(&st->plans, 0));
	buf_free(&out);
	free(text);
	state_free(st);
}

static void test_malformed_changes_nothing(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	assert_int_equal(fold(st, CHANNEL_ALERTS, "{\"kind\":\"latency_metrics\"}"), -EBADMSG);
	assert_int_equal(fold(st, CHANNEL_ACTIONS, "nonsense"), -EBADMSG);
	assert_int_equal(fold(st, CHANNEL_RESULTS, "[]"), -EBADMSG);
	assert_int_equal(fold(st, CHANNEL_ADVICE, "{\"kind\":\"judgement\"}"), -EBADMSG);
	assert_int_equal(fold(st, CHANNEL_HEARTBEATS, "{\"kind\":\"heartbeat\"}"), -EBADMSG);
	assert_null(series_newest(st->series));
	assert_int_equal(st->plans.n + st->results.n + st->judgements.n + st->daemons.n, 0);
	state_free(st);
}

static void test_message_without_target_and_time_is_ours_and_now(void **unused)
{
	struct state *st = state_new("shop", NOW);

	(void)unused;
	assert_int_equal(fold(st, CHANNEL_ALERTS,
			      "{\"kind\":\"latency_metrics\",\"endpoint\":\"http://lb/\","
			      "\"window_sec\":4.0,\"requests\":20,\"success_rate\":1.0,"
			      "\"avg_ms\":123.5,\"p95_ms\":124.2,\"replicas\":2}"),
			 ALERT);
	assert_double_near(series_newest(st->series)->ts, NOW);
	assert_true(isnan(newest(st, SERIES_READY)));
	state_free(st);
}

static void test_redis_goes_and_comes(void **unused)
{
	struct state *st = state_new("app", NOW);
	cJSON *root;

	(void)unused;
	assert_int_equal(state_set_redis(st, false, "", NOW + 1), 0);
	assert_int_equal(state_set_redis(st, false, "refused", NOW + 2), STATE_REDIS);
	assert_double_near(st->redis.since_ts, NOW);
	assert_int_equal(state_set_redis(st, true, "", NOW + 3), STATE_REDIS);
	assert_int_equal(state_set_redis(st, true, "", NOW + 4), 0);
	root = rendered(st);
	assert_true(cJSON_IsTrue(json_path(root, "redis", "up", NULL)));
	assert_double_near(json_path(root, "redis", "since_ts", NULL)->valuedouble, NOW + 3);
	cJSON_Delete(root);
	state_free(st);
}

/* Events are called and hold what the state has. */
static void test_events(void **unused)
{
	struct state *st = state_new("app", NOW);
	struct eventlog *log = eventlog_new(0xab);
	static const char *const names[] = {
		"point",     "replicas", "point",     "plan",   "result",    "receipt", "replicas",
		"upstreams", "replicas", "upstreams", "advice", "judgement", "redis",   "daemon"};
	size_t names_n = sizeof(names) / sizeof(names[0]), len;

	(void)unused;
	render_events(st, fold_alert(st, "app", 5, ""), log);
	render_events(st, fold_plan(st, "noop", 5, estimates), log);
	render_events(st, fold_result(st, 1), log);
	render_events(st, fold(st, CHANNEL_RESULTS, receipt_text), log);
	render_events(st, fold_upstreams(st, "ok", 1), log);
	render_events(st, fold_upstreams(st, "error", 1), log);
	render_events(st, fold(st, CHANNEL_ADVICE, advice_text), log);
	render_events(st, fold(st, CHANNEL_ADVICE, judgement_text), log);
	render_events(st, state_set_redis(st, true, "", NOW), log);
	render_events(st, fold_beat(st, "planner", "ok", 1, NOW), log);
	render_events(st, 0, log);

	assert_int_equal(eventlog_newest(log), names_n);
	for (size_t i = 0; i < names_n; i++) {
		const char *text = eventlog_at(log, i + 1, &len), *data;
		char head[64];
		cJSON *root;

		snprintf(head, sizeof(head), "id: 000000ab-%zu\nevent: %s\ndata: ", i + 1,
			 names[i]);
		assert_int_equal(strncmp(text, head, strlen(head)), 0);
		data = text + strlen(head);
		assert_int_equal(json_parse(data, strcspn(data, "\n"), &root), 0);
		assert_string_equal(data + strcspn(data, "\n"), "\n\n");
		cJSON_Delete(root);
	}
	assert_non_null(strstr(eventlog_at(log, 3, &len), "\"baseline_ms\":5.5,"));
	assert_non_null(strstr(eventlog_at(log, 8, &len), "\"status\":\"ok\""));
	assert_non_null(strstr(eventlog_at(log, 10, &len), "\"status\":\"error\""));
	assert_non_null(strstr(eventlog_at(log, 14, &len), "\"daemon\":\"planner\""));
	eventlog_free(log);
	state_free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_an_alert_makes_a_point),
		cmocka_unit_test(test_a_plan_completes_its_window),
		cmocka_unit_test(test_a_plan_that_names_no_alert_is_about_the_newest),
		cmocka_unit_test(test_capacity_is_what_the_planner_knows),
		cmocka_unit_test(test_a_wrong_clock_is_not_believed),
		cmocka_unit_test(test_actions_outlast_noops),
		cmocka_unit_test(test_all_kinds_are_kept),
		cmocka_unit_test(test_what_nginx_refused_is_told_until_it_takes_again),
		cmocka_unit_test(test_other_targets_and_kinds_are_left_out),
		cmocka_unit_test(test_long_texts_are_fewer),
		cmocka_unit_test(test_malformed_changes_nothing),
		cmocka_unit_test(test_message_without_target_and_time_is_ours_and_now),
		cmocka_unit_test(test_redis_goes_and_comes),
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
