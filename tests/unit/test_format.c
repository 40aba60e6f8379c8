/* Shell. Unit tests of subscriber/format: golden lines. */
#include "common/json.h"
#include "common/mem.h"
#include "subscriber/format.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT_MS 1795458155613 /* 2026-11-23 18:22:35.613 UTC */
#define AT    "2026-11-23 18:22:35  "

#define PLAN(action, more)                                                                         \
	"{\"kind\":\"plan\",\"id\":\"p1\",\"decision\":{\"action\":\"" action                      \
	"\",\"target\":\"app\",\"reason\":\"8.3x baseline\"" more "}}"

static struct format human = {.target = "app"};

/* The line, or the error, of one message; valid until the next call. */
static const char *line(struct format *f, const char *channel, const char *text)
{
	static char copy[8192];
	struct message_error error = {""};
	struct buf out;

	buf_init(&out, sizeof(copy) - 1);
	if (format_message(f, channel, text, strlen(text), AT_MS, &out, &error) < 0) {
		assert_int_equal(out.len, 0);
		assert_string_not_equal(error.text, "");
		buf_printf(&out, "error: %s", error.text);
	}
	strcpy(copy, buf_text(&out));
	buf_free(&out);
	return copy;
}

static void test_alert(void **state)
{
	(void)state;
	assert_string_equal(
		line(&human, "alerts",
		     "{\"kind\":\"latency_metrics\",\"id\":\"a\",\"target\":\"app\",\"endpoint\":"
		     "\"http://lb/\",\"window_sec\":4,\"requests\":20,\"success_rate\":0.95,"
		     "\"avg_ms\":123.5,\"p50_ms\":123,\"p95_ms\":1124.25,\"p99_ms\":1200.06,"
		     "\"replicas\":2,\"ready\":1,\"ts\":1795458156.9,\"traffic\":{\"rps\":148.2,"
		     "\"in_flight\":9,\"p95_ms\":131,\"error_rate\":0}}"),
		"2026-11-23 18:22:36  alert      app           p95   1124.2  avg    123.5  "
		"p99   1200.1  ms  ok  95.0 %  replicas 2, 1 ready  148.2 req/s, 9 in flight, "
		"p95 131.0 ms\n");
	assert_string_equal(
		line(&human, "alerts",
		     "{\"kind\":\"latency_metrics\",\"p95_ms\":124,\"traffic\":{\"rps\":3,"
		     "\"in_flight\":0,\"replicas\":[{\"address\":\"10.0.0.2:80\"}]}}"),
		AT "alert      app           p95    124.0  avg        -  p99        -  ms  "
		   "ok 100.0 %  replicas 1  3.0 req/s, 0 in flight\n");
}

static void test_predecessors_alert(void **state)
{
	(void)state;
	assert_string_equal(
		line(&human, "alerts",
		     "{\"kind\":\"latency_metrics\",\"endpoint\":\"http://lb/\",\"window_sec\":4,"
		     "\"requests\":20,\"success_rate\":1,\"avg_ms\":123.5,\"p95_ms\":124.2,"
		     "\"replicas\":2,\"ts\":1795458155.6}"),
		AT "alert      app           p95    124.2  avg    123.5  "
		   "p99        -  ms  ok 100.0 %  replicas 2\n");
}

static void test_plans_and_folded_noops(void **state)
{
	struct format f = human;

	(void)state;
	assert_string_equal(line(&f, "actions", PLAN("noop", "")), "");
	assert_string_equal(line(&f, "actions", PLAN("noop", "")), "");
	assert_string_equal(
		line(&f, "actions", PLAN("scale_up", ",\"replicas\":4")),
		AT "plan       app           scale_up    -> 4    8.3x baseline  after 2 noops\n");
	assert_string_equal(line(&f, "actions", PLAN("scale_down", "")),
			    AT "plan       app           scale_down  8.3x baseline\n");
	f.verbose = true;
	assert_string_equal(line(&f, "actions", PLAN("noop", ",\"replicas\":4")),
			    AT "plan       app           noop        -> 4    8.3x baseline\n");
}

static void test_plan_with_telemetry(void **state)
{
	(void)state;
	assert_string_equal(
		line(&human, "actions",
		     "{\"ts\":1795458156.001,\"kind\":\"plan\",\"id\":\"a1\",\"decision\":{"
		     "\"action\":\"restart\",\"target\":\"web\",\"reason\":\"r\"},\"telemetry\":{"
		     "\"p95_ms\":990.5,\"baseline_ms\":119.3,\"sigma_ms\":2.25,\"replicas\":2}}"),
		"2026-11-23 18:22:36  plan       web           restart     r  "
		"(p95 990.5, baseline 119.3 ms)\n");
}

static void test_failure_to_plan(void **state)
{
	(void)state;
	assert_string_equal(line(&human, "actions",
				 "{\"kind\":\"error\",\"ts\":1795458155.7,\"error\":\"no \\u001b[2J"
				 "p95\",\"raw\":\"{}\"}"),
			    AT "no plan    app           no ?[2Jp95\n");
}

static void test_results(void **state)
{
	(void)state;
	assert_string_equal(
		line(&human, "results",
		     "{\"ts\":1795458155,\"id\":\"a1\",\"action\":\"scale_up\",\"target\":\"app\","
		     "\"reason\":\"r\",\"result\":{\"status\":\"ok\",\"message\":\"started "
		     "app-dup-3\"},\"replicas_before\":2,\"replicas_after\":4,\"duration_ms\":"
		     "412}"),
		AT "result     app           scale_up    ok       2 -> 4  started app-dup-3  "
		   "(412 ms)\n");
}

static void test_upstreams(void **state)
{
	(void)state;
	assert_string_equal(
		line(&human, "results",
		     "{\"ts\":1795458155,\"kind\":\"upstreams\",\"id\":\"w\",\"target\":\"app\","
		     "\"generation\":17,\"result\":{\"status\":\"ok\",\"message\":\"reloaded\"},"
		     "\"servers\":[{\"name\":\"app\",\"address\":\"10.0.0.2:80\"},{\"name\":"
		     "\"app-dup-1\",\"address\":\"10.0.0.3:80\"}],\"drained\":[\"app-drain-3\"]}"),
		AT "upstreams  app           generation 17  serving app, app-dup-1  drained "
		   "app-drain-3\n");
	assert_string_equal(
		line(&human, "results",
		     "{\"ts\":1795458155,\"kind\":\"upstreams\",\"id\":\"w\",\"target\":\"app\","
		     "\"generation\":17,\"result\":{\"status\":\"error\",\"message\":\"nginx: "
		     "no\"},\"servers\":[],\"drained\":[]}"),
		AT "upstreams  app           generation 17  nginx: no\n");
}

static void test_receipts(void **state)
{
	struct format colored = {.target = "app", .color = true};

	(void)state;
	assert_string_equal(
		line(&human, "results",
		     "{\"ts\":1795458155,\"kind\":\"receipt\",\"id\":\"c\",\"plan\":\"a1\","
		     "\"target\":\"app\",\"action\":\"scale_up\",\"replicas_before\":2,"
		     "\"replicas_after\":4,\"from_ts\":1795458150,\"to_ts\":1795458155,"
		     "\"unseen_ms\":0,\"requests\":152,\"failed\":0,\"given_up\":0,"
		     "\"longest_gap_ms\":41.4,\"slowest_ms\":1204,\"lost_lines\":0}"),
		AT "receipt    app           scale_up    2 -> 4  152 requests, 0 failed  "
		   "longest gap 41 ms, slowest 1204 ms\n");
	assert_string_equal(
		line(&colored, "results",
		     "{\"ts\":1795458155,\"kind\":\"receipt\",\"plan\":\"a1\",\"action\":"
		     "\"restart\",\"requests\":9,\"failed\":2,\"given_up\":1,\"lost_lines\":3,"
		     "\"unseen_ms\":700}"),
		AT "\033[31mreceipt  \033[0m  app           restart     9 requests, 2 failed, "
		   "1 given up  3 lines lost  (the first 700 ms not seen)\n");
}

#define ADVICE(mode, outcome, more)                                                                \
	"{\"kind\":\"advice\",\"mode\":\"" mode "\",\"outcome\":\"" outcome                        \
	"\",\"provider\":\"gemini\",\"model\":\"some-model\",\"heuristic\":{\"action\":\"noop\","  \
	"\"replicas\":2}" more "}"

static void test_verdict_beside_the_heuristic(void **state)
{
	(void)state;
	assert_string_equal(
		line(&human, "advice",
		     ADVICE("advise", "verdict",
			    ",\"latency_ms\":812.4,\"decision\":{\"action\":\"scale_up\","
			    "\"reason\":\"rising \\u001b[2J\",\"alpha_up\":1.6,"
			    "\"beta_down\":0.8}")),
		AT "advice     app           scale_up    heuristic noop -> 2  rising  [2J  "
		   "alpha_up 1.6  beta_down 0.8  (some-model, 812 ms)\n");
	assert_string_equal(
		line(&human, "advice",
		     "{\"kind\":\"advice\",\"ts\":1795458156,\"target\":\"web\",\"mode\":"
		     "\"shadow\",\"outcome\":\"verdict\",\"heuristic\":{\"action\":\"restart\"},"
		     "\"decision\":{\"action\":\"noop\",\"reason\":\"calm\"}}"),
		"2026-11-23 18:22:36  advice     web           noop        heuristic restart  "
		"calm  (shadow, unknown model)\n");
}

static void test_no_verdict(void **state)
{
	struct format colored = {.target = "app", .color = true};

	(void)state;
	assert_string_equal(
		line(&human, "advice",
		     ADVICE("advise", "abstained", ",\"latency_ms\":90,\"cause\":\"no JSON\"")),
		AT "advice     app           abstained   no JSON  (some-model, 90 ms)\n");
	assert_string_equal(
		line(&colored, "advice",
		     ADVICE("shadow", "failed", ",\"cause\":\"429, \\u0007again later\"")),
		AT "\033[31madvice   \033[0m  app           failed      429,  again later  "
		   "(shadow, some-model)\n");
}

static void test_judgement(void **state)
{
	(void)state;
	assert_string_equal(
		line(&human, "advice",
		     "{\"kind\":\"judgement\",\"advice\":\"v1\",\"judgement\":\"harmful\","
		     "\"windows\":20,\"slo_windows\":3,\"replica_sec\":-80.5,\"reason\":"
		     "\"fewer replicas, and slow\"}"),
		AT "judgement  app           harmful     3 of 20 windows over the objective, "
		   "-80 replica-seconds  fewer replicas, and slow\n");
}

static void test_colors(void **state)
{
	struct format f = {.target = "app", .color = true};

	(void)state;
	assert_string_equal(line(&f, "actions", PLAN("scale_up", "")),
			    AT "\033[33mplan     \033[0m  app           scale_up    8.3x "
			       "baseline\n");
}

static void test_other_channel(void **state)
{
	(void)state;
	assert_string_equal(line(&human, "other", "any\ttext \033[2J\xc2\x9b \xc3\xa4"),
			    AT "other      -             any?text ?[2J? \xc3\xa4\n");
}

static void test_malformed(void **state)
{
	static const char *const bad[] = {"", "{", "[]", "null", "{}", "{\"kind\":\"plan\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(strncmp(line(&human, "alerts", bad[i]), "error: ", 7), 0);
		assert_int_equal(strncmp(line(&human, "results", bad[i]), "error: ", 7), 0);
		assert_int_equal(strncmp(line(&human, "advice", bad[i]), "error: ", 7), 0);
	}
	assert_int_equal(strncmp(line(&human, "actions", "{"), "error: ", 7), 0);
	assert_int_equal(strncmp(line(&human, "actions", "{\"kind\":\"plan\"}"), "error: ", 7), 0);
}

static void test_json_lines(void **state)
{
	struct format f = {.json = true, .target = "app"};
	char *text = xcalloc(1, MESSAGE_BYTES_MAX + 2);

	(void)state;
	assert_string_equal(
		line(&f, "alerts", "{ \"x\" :1.50,\r\n\t\"y\":\"\\u00e4\\n\xc3\xa4\"}"),
		"{\"channel\":\"alerts\",\"heard_ts\":1795458155.613,\"message\":{ \"x\" :1.50,   "
		"\"y\":\"\\u00e4\\n\xc3\xa4\"}}\n");
	assert_string_equal(line(&f, "alerts", "{"), "error: not JSON");
	assert_string_equal(line(&f, "alerts", "{} {}"), "error: not JSON");
	assert_string_equal(line(&f, "alerts", "[]"), "error: not an object");
	memset(text, ' ', MESSAGE_BYTES_MAX + 1);
	memcpy(text, "{}", 2);
	assert_string_equal(line(&f, "alerts", text), "error: too long");
	free(text);
}

static void test_dates(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} cases[] = {
		{0, "1970-01-01 00:00:00  x"},
		{951782399999, "2000-02-28 23:59:59  x"},
		{951782400000, "2000-02-29 00:00:00  x"},
		{951868800000, "2000-03-01 00:00:00  x"},
		{4107542400000, "2100-03-01 00:00:00  x"},
		{1798761599000, "2026-12-31 23:59:59  x"},
	};
	struct message_error error;
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&out);
		assert_int_equal(format_message(&human, "x", "", 0, cases[i].ms, &out, &error), 0);
		assert_memory_equal(out.data, cases[i].text, strlen(cases[i].text));
	}
	buf_free(&out);
}

static void test_step(void **state)
{
	struct format json = {.json = true};
	struct message_plan plan = {
		.id = "p1", .target = "app", .action = ACTION_SCALE_UP, .ts = NAN};
	const struct ledger_step step = {.before = 2, .after = 4};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	format_step(&human, &plan, AT_MS, &step, &out);
	assert_string_equal(buf_text(&out),
			    AT "ledger     app           scale_up    2 -> 4 replicas\n");
	buf_clear(&out);
	format_step(&json, &plan, AT_MS, &step, &out);
	assert_string_equal(buf_text(&out),
			    "{\"channel\":\"ledger\",\"message\":{\"ts\":1795458155.613,\"id\":"
			    "\"p1\",\"action\":\"scale_up\",\"target\":\"app\",\"replicas_before\":"
			    "2,\"replicas_after\":4}}\n");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alert),
		cmocka_unit_test(test_predecessors_alert),
		cmocka_unit_test(test_plans_and_folded_noops),
		cmocka_unit_test(test_plan_with_telemetry),
		cmocka_unit_test(test_failure_to_plan),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_upstreams),
		cmocka_unit_test(test_receipts),
		cmocka_unit_test(test_verdict_beside_the_heuristic),
		cmocka_unit_test(test_no_verdict),
		cmocka_unit_test(test_judgement),
		cmocka_unit_test(test_colors),
		cmocka_unit_test(test_other_channel),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_json_lines),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_step),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
