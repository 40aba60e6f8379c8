/* Pure. What the dashboard keeps of the messages, and how it tells it. */
#include "common/json.h"
#include "common/mem.h"
#include "dashboard/render.h"
#include "dashboard/state.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1795458000.0

static int fold(struct state *st, const char *channel, const char *text)
{
	struct message_error error;

	return state_fold(st, channel, text, strlen(text), NOW, &error);
}

static int fold_alert(struct state *st, const char *target, int n)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"kind\":\"latency_metrics\",\"id\":\"a%d\",\"target\":\"%s\","
		 "\"endpoint\":\"http://lb/\",\"window_sec\":3,\"requests\":40,\"success_rate\":1,"
		 "\"avg_ms\":10,\"p50_ms\":10,\"p95_ms\":%d,\"p99_ms\":12,\"replicas\":2,"
		 "\"ready\":2,\"ts\":%d}",
		 n, target, n, n);
	return fold(st, CHANNEL_ALERTS, text);
}

static int fold_plan(struct state *st, const char *action, int n)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"ts\":%d,\"kind\":\"plan\",\"id\":\"p%d\",\"container\":\"app\",\"decision\":{"
		 "\"action\":\"%s\",\"target\":\"app\",\"reason\":\"because\",\"replicas\":3},"
		 "\"telemetry\":{\"p95_ms\":1,\"baseline_ms\":%d.5,\"sigma_ms\":2,\"replicas\":2}}",
		 n, n, action, n);
	return fold(st, CHANNEL_ACTIONS, text);
}

static int fold_result(struct state *st, int n)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"ts\":%d,\"id\":\"p%d\",\"action\":\"scale_up\",\"target\":\"app\","
		 "\"reason\":\"because\",\"result\":{\"status\":\"ok\",\"message\":\"started\"},"
		 "\"replicas_before\":2,\"replicas_after\":3,\"duration_ms\":400}",
		 n, n);
	return fold(st, CHANNEL_RESULTS, text);
}

static const char receipt_text[] =
	"{\"kind\":\"receipt\",\"id\":\"c1\",\"plan\":\"p2\",\"target\":\"app\","
	"\"action\":\"scale_up\",\"requests\":152,\"failed\":0}";

static const char upstreams_text[] =
	"{\"ts\":9,\"kind\":\"upstreams\",\"id\":\"u1\",\"target\":\"app\",\"generation\":17,"
	"\"servers\":[{\"name\":\"app\",\"address\":\"10.0.0.2:8080\"}],\"drained\":[],"
	"\"result\":{\"status\":\"ok\",\"message\":\"\"}}";

/* The state as JSON, to be deleted. */
static cJSON *rendered(const struct state *st)
{
	struct buf out;
	cJSON *root;

	buf_init(&out, RENDER_BYTES_MAX);
	render_state(st, &out);
	assert_int_equal(json_parse(buf_text(&out), out.len, &root), 0);
	buf_free(&out);
	return root;
}

static void test_empty(void **unused)
{
	struct state *st = state_new("app");
	struct buf out;

	(void)unused;
	buf_init(&out, RENDER_BYTES_MAX);
	render_state(st, &out);
	assert_string_equal(buf_text(&out),
			    "{\"target\":\"app\",\"seq\":0,\"windows\":[],\"plans\":[],"
			    "\"actions\":[],\"results\":[],\"receipts\":[],\"upstreams\":null}");
	buf_free(&out);
	state_free(st);
}

static void test_windows_are_the_newest_oldest_first(void **unused)
{
	struct state *st = state_new("app");

	(void)unused;
	for (int i = 1; i <= STATE_WINDOWS_MAX + 7; i++)
		assert_int_equal(fold_alert(st, "app", i), STATE_WINDOW);
	assert_int_equal(st->windows_n, STATE_WINDOWS_MAX);
	assert_double_near(state_window_at(st, 0)->alert.p95_ms, 8);
	assert_double_near(state_window_at(st, STATE_WINDOWS_MAX - 1)->alert.p95_ms,
			   STATE_WINDOWS_MAX + 7);
	assert_int_equal(st->seq, STATE_WINDOWS_MAX + 7);
	state_free(st);
}

static void test_plan_gives_the_newest_window_its_baseline(void **unused)
{
	struct state *st = state_new("app");

	(void)unused;
	assert_int_equal(fold_plan(st, "noop", 1), STATE_PLAN); /* no window yet */
	fold_alert(st, "app", 1);
	fold_alert(st, "app", 2);
	assert_int_equal(fold_plan(st, "noop", 40), STATE_PLAN | STATE_WINDOW);
	assert_true(isnan(state_window_at(st, 0)->baseline_ms));
	assert_double_near(state_window_at(st, 1)->baseline_ms, 40.5);
	assert_double_near(state_window_at(st, 1)->sigma_ms, 2);
	state_free(st);
}

static void test_actions_outlast_noops(void **unused)
{
	struct state *st = state_new("app");

	(void)unused;
	fold_plan(st, "scale_up", 1);
	for (int i = 2; i < STATE_TEXTS_MAX + 10; i++)
		fold_plan(st, "noop", i);
	assert_int_equal(st->plans.n, STATE_TEXTS_MAX);
	assert_non_null(strstr(state_text_at(&st->plans, 0), "\"id\":\"p10\""));
	assert_int_equal(st->actions.n, 1);
	assert_non_null(strstr(state_text_at(&st->actions, 0), "\"id\":\"p1\""));
	state_free(st);
}

static void test_results_and_upstreams(void **unused)
{
	struct state *st = state_new("app");
	cJSON *root;

	(void)unused;
	for (int i = 1; i <= STATE_TEXTS_MAX + 1; i++)
		assert_int_equal(fold_result(st, i), STATE_RESULT);
	assert_int_equal(fold(st, CHANNEL_RESULTS, upstreams_text), STATE_UPSTREAMS);
	assert_int_equal(fold(st, CHANNEL_RESULTS, receipt_text), STATE_RECEIPT);
	root = rendered(st);
	assert_int_equal(cJSON_GetArraySize(json_get(root, "results")), STATE_TEXTS_MAX);
	assert_string_equal(json_str(cJSON_GetArrayItem(json_get(root, "results"), 0), "id"), "p2");
	assert_double_near(json_path(root, "upstreams", "generation", NULL)->valuedouble, 17);
	assert_string_equal(json_str(cJSON_GetArrayItem(json_get(root, "receipts"), 0), "plan"),
			    "p2");
	cJSON_Delete(root);
	state_free(st);
}

static void test_other_targets_and_kinds_are_left_out(void **unused)
{
	struct state *st = state_new("shop");

	(void)unused;
	assert_int_equal(fold_alert(st, "app", 1), 0);
	assert_int_equal(fold_plan(st, "scale_up", 1), 0);
	assert_int_equal(fold_result(st, 1), 0);
	assert_int_equal(fold(st, CHANNEL_RESULTS, upstreams_text), 0);
	assert_int_equal(fold(st, CHANNEL_RESULTS, receipt_text), 0);
	assert_int_equal(fold(st, CHANNEL_ACTIONS, "{\"kind\":\"error\",\"error\":\"x\"}"), 0);
	assert_int_equal(fold(st, "gossip", "{}"), 0);
	assert_int_equal(st->seq, 0);
	state_free(st);
}

/* As long as a message may be. */
static void test_long_texts_are_fewer(void **state)
{
	static const char head[] =
		"{\"kind\":\"plan\",\"id\":\"p\",\"container\":\"app\",\"decision\":"
		"{\"action\":\"scale_up\",\"reason\":\"r\"},\"explain\":{\"x\":\"";
	struct state *st = state_new("app");
	size_t len = MESSAGE_BYTES_MAX - 64;
	char *text = xcalloc(1, MESSAGE_BYTES_MAX);
	struct buf out;

	(void)state;
	memset(text, 'y', len);
	memcpy(text, head, strlen(head));
	strcpy(text + len, "\"}}");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(fold(st, CHANNEL_ACTIONS, text), STATE_PLAN);
		assert_in_range(st->plans.bytes, 1, STATE_TEXTS_BYTES_MAX);
	}
	assert_in_range(st->plans.n, 15, 16);
	buf_init(&out, RENDER_BYTES_MAX);
	render_state(st, &out);
	assert_int_equal(buf_text(&out)[out.len - 1], '}');
	assert_in_range(out.len, STATE_TEXTS_BYTES_MAX, RENDER_BYTES_MAX - 1);
	assert_true(fold_plan(st, "scale_down", 7) & STATE_PLAN);
	assert_string_not_equal(state_text_at(&st->plans, st->plans.n - 1),
				state_text_at(&st->plans, 0));
	buf_free(&out);
	free(text);
	state_free(st);
}

static void test_malformed_changes_nothing(void **unused)
{
	struct state *st = state_new("app");

	(void)unused;
	assert_int_equal(fold(st, CHANNEL_ALERTS, "{\"kind\":\"latency_metrics\"}"), -EBADMSG);
	assert_int_equal(fold(st, CHANNEL_ACTIONS, "nonsense"), -EBADMSG);
	assert_int_equal(fold(st, CHANNEL_RESULTS, "[]"), -EBADMSG);
	assert_int_equal(st->seq, 0);
	assert_int_equal(st->windows_n + st->plans.n + st->results.n, 0);
	state_free(st);
}

static void test_message_without_target_and_time_is_ours_and_now(void **unused)
{
	struct state *st = state_new("shop");

	(void)unused;
	assert_int_equal(fold(st, CHANNEL_ALERTS,
			      "{\"kind\":\"latency_metrics\",\"endpoint\":\"http://lb/\","
			      "\"window_sec\":4.0,\"requests\":20,\"success_rate\":1.0,"
			      "\"avg_ms\":123.5,\"p95_ms\":124.2,\"replicas\":2}"),
			 STATE_WINDOW);
	assert_string_equal(state_window_at(st, 0)->alert.target, "shop");
	assert_double_near(state_window_at(st, 0)->alert.ts, NOW);
	state_free(st);
}

static void test_events(void **unused)
{
	struct state *st = state_new("app");
	const char *line, *data;
	struct buf out;
	cJSON *window;

	(void)unused;
	buf_init(&out, RENDER_BYTES_MAX);
	fold_alert(st, "app", 5);
	render_events(st, fold_plan(st, "noop", 40), &out);

	line = "id: 2\nevent: window\ndata: ";
	assert_memory_equal(buf_text(&out), line, strlen(line));
	data = buf_text(&out) + strlen(line);
	assert_int_equal(json_parse(data, strcspn(data, "\n"), &window), 0);
	assert_double_near(json_get(window, "p95_ms")->valuedouble, 5);
	assert_double_near(json_get(window, "baseline_ms")->valuedouble, 40.5);
	cJSON_Delete(window);

	line = strstr(data, "\n\n");
	assert_non_null(line);
	assert_int_equal(strncmp(line + 2, "id: 2\nevent: plan\ndata: {", 25), 0);
	assert_string_equal(buf_text(&out) + out.len - 3, "}\n\n");
	buf_free(&out);
	state_free(st);
}

static void test_events_of_results(void **unused)
{
	struct state *st = state_new("app");
	struct buf out;

	(void)unused;
	buf_init(&out, RENDER_BYTES_MAX);
	render_events(st, fold_result(st, 1), &out);
	assert_int_equal(strncmp(buf_text(&out), "id: 1\nevent: result\ndata: {", 27), 0);
	buf_clear(&out);
	render_events(st, fold(st, CHANNEL_RESULTS, upstreams_text), &out);
	assert_int_equal(strncmp(buf_text(&out), "id: 2\nevent: upstreams\ndata: {", 30), 0);
	buf_clear(&out);
	render_events(st, fold(st, CHANNEL_RESULTS, receipt_text), &out);
	assert_int_equal(strncmp(buf_text(&out), "id: 3\nevent: receipt\ndata: {", 28), 0);
	buf_clear(&out);
	render_reset(st, &out);
	assert_string_equal(buf_text(&out), "id: 3\nevent: reset\ndata: {}\n\n");
	buf_free(&out);
	state_free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_windows_are_the_newest_oldest_first),
		cmocka_unit_test(test_plan_gives_the_newest_window_its_baseline),
		cmocka_unit_test(test_actions_outlast_noops),
		cmocka_unit_test(test_results_and_upstreams),
		cmocka_unit_test(test_other_targets_and_kinds_are_left_out),
		cmocka_unit_test(test_long_texts_are_fewer),
		cmocka_unit_test(test_malformed_changes_nothing),
		cmocka_unit_test(test_message_without_target_and_time_is_ours_and_now),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_events_of_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
