/* Shell. Unit tests of common/message, and of common/fields through it: what goes out comes back,
 * and what the predecessor sends is understood. */
#include "common/buf.h"
#include "tests/unit/message_samples.h"

static void test_round_trip(void **state)
{
	struct message_error error;
	char *again = NULL;

	(void)state;
	for (size_t i = 0; i < N(full); i++) {
		assert_int_equal(full[i].recode(full[i].text, strlen(full[i].text), &again, &error),
				 0);
		assert_string_equal(again, full[i].text);
		free(again);
	}
}

static void test_fields_land_in_their_places(void **state)
{
	struct message_error error;
	struct message_alert a;
	struct message_plan p;
	struct message_result r;
	struct message_upstreams up;

	(void)state;
	assert_int_equal(message_alert_decode(full_alert, strlen(full_alert), "x", &a, &error), 0);
	assert_string_equal(a.id, "a1");
	assert_string_equal(a.endpoint, "http://lb/");
	assert_true(a.window_sec == 4 && a.requests == 20 && a.success_rate == 0.95);
	assert_true(a.avg_ms == 123.5 && a.p50_ms == 123.1 && a.p95_ms == 124.2);
	assert_true(a.p99_ms == 124.3 && a.replicas == 2 && a.ready == 1);
	assert_true(a.ts == 1795458155.613);
	assert_true(a.traffic.present && a.traffic.rps == 148.2 && a.traffic.in_flight == 9);
	assert_true(a.traffic.completed_rps == 147.5 && a.traffic.upstream_ms == 122.25);
	assert_true(a.traffic.p50_ms == 121 && a.traffic.p95_ms == 131);
	assert_true(a.traffic.p99_ms == 140.5 && a.traffic.error_rate == 0.002);
	message_alert_done(&a);

	assert_int_equal(message_plan_decode(full_plan, strlen(full_plan), "x", &p, &error), 0);
	assert_int_equal(p.action, ACTION_SCALE_UP);
	assert_string_equal(p.target, "app");
	assert_string_equal(p.reason, "8.3x baseline");
	assert_true(p.replicas == 4 && p.telemetry_replicas == 2 && p.window_sec == 3);
	assert_true(p.p95_ms == 990.5 && p.baseline_ms == 119.3 && p.sigma_ms == 2.25);
	assert_string_equal(p.alert, "a1");
	assert_true(p.heard_ts == 1795458155.618);
	assert_int_equal(p.low_windows_n, 3);
	assert_true(p.low_windows[0] && !p.low_windows[1] && p.low_windows[2]);
	assert_true(json_get(p.explain, "ratio")->valuedouble == 8.3);
	assert_true(cJSON_IsTrue(json_get(p.advisor, "followed")));
	message_plan_done(&p);

	assert_int_equal(message_results_decode(full_result, strlen(full_result), "x", &r, &up,
						NULL, &error),
			 RESULTS_RESULT);
	assert_int_equal(r.action, ACTION_SCALE_UP);
	assert_int_equal(r.status, STATUS_OK);
	assert_string_equal(r.message, "started app-dup-3");
	assert_true(r.replicas_before == 2 && r.replicas_after == 4 && r.wanted == 4);
	assert_int_equal(r.lease, 7);
	assert_true(r.duration_ms == 412.5 && r.ts == 1795458157.5);

	assert_int_equal(message_results_decode(full_upstreams, strlen(full_upstreams), "x", &r,
						&up, NULL, &error),
			 RESULTS_UPSTREAMS);
	assert_int_equal(up.generation, 17);
	assert_int_equal(up.servers_n, 2);
	assert_string_equal(up.servers[0].id, "c1");
	assert_string_equal(up.servers[1].name, "app-dup-1");
	assert_string_equal(up.servers[1].address, "10.0.0.3:8080");
	assert_string_equal(up.servers[1].id, "");
	assert_int_equal(up.drained_n, 2);
	assert_string_equal(up.drained[0].name, "app-dup-3");
	assert_string_equal(up.drained[0].id, "c3");
	assert_string_equal(up.drained[1].id, "");
	message_upstreams_done(&up);
	assert_int_equal(up.servers_n + up.drained_n, 0);
}

static void test_receipt(void **state)
{
	static const char least[] =
		"{\"kind\":\"receipt\",\"plan\":\"p\",\"action\":\"restart\",\"requests\":0,"
		"\"failed\":0}";
	struct message_error error;
	struct message_result r;
	struct message_upstreams up;
	struct message_receipt c;

	(void)state;
	assert_int_equal(message_results_decode(full_receipt, strlen(full_receipt), "x", &r, &up,
						&c, &error),
			 RESULTS_RECEIPT);
	assert_string_equal(c.id, "r1");
	assert_string_equal(c.plan, "a1");
	assert_string_equal(c.target, "app");
	assert_int_equal(c.action, ACTION_SCALE_UP);
	assert_true(c.ts == 1795458161 && c.from_ts == 1795458157.1 && c.to_ts == 1795458160.7);
	assert_true(c.replicas_before == 2 && c.replicas_after == 4 && c.unseen_ms == 200);
	assert_true(c.requests == 152 && c.failed == 2 && c.given_up == 1 && c.lost_lines == 0);
	assert_true(c.longest_gap_ms == 41.5 && c.slowest_ms == 1204);

	assert_int_equal(message_results_decode(least, strlen(least), "x", &r, &up, &c, &error),
			 RESULTS_RECEIPT);
	assert_string_equal(c.target, "x");
	assert_true(c.lost_lines == -1 && isnan(c.longest_gap_ms) && isnan(c.slowest_ms));

	/* Who has no use for receipts still has them checked. */
	assert_int_equal(message_results_decode(least, strlen(least), "x", &r, &up, NULL, &error),
			 RESULTS_RECEIPT);
	assert_int_equal(
		message_results_decode(least, strlen(least) - 13, "x", &r, &up, NULL, &error),
		-EBADMSG);
}

static void test_traffic_by_replica(void **state)
{
	struct message_error error;
	struct message_alert a;

	(void)state;
	assert_int_equal(message_alert_decode(full_alert, strlen(full_alert), "x", &a, &error), 0);
	assert_int_equal(a.by_replica_n, 2);
	const struct message_replica_traffic *known = &a.by_replica[0], *other = &a.by_replica[1];

	assert_string_equal(known->name, "app");
	assert_string_equal(known->address, "10.0.0.2:8080");
	assert_true(known->completed_rps == 80 && known->upstream_ms == 119.75);
	assert_true(known->p50_ms == 120 && known->p95_ms == 130 && known->p99_ms == 139.5);
	assert_true(known->error_rate == 0.001);
	assert_string_equal(other->name, "");
	assert_string_equal(other->address, "10.0.0.3:8080");
	assert_true(isnan(other->completed_rps) && isnan(other->upstream_ms));
	assert_true(isnan(other->p50_ms) && isnan(other->p95_ms) && isnan(other->p99_ms));
	assert_true(isnan(other->error_rate));
	message_alert_done(&a);
	assert_null(a.by_replica);
	assert_int_equal(a.by_replica_n, 0);
}

/* nginx without its access log: only stub_status. */
static void test_least_traffic(void **state)
{
	char *alone = changed(full_alert, "containers", NULL);
	char *text = changed(alone, "traffic", "{\"rps\":3,\"in_flight\":0}");
	struct message_error error;
	struct message_alert a;

	(void)state;
	assert_int_equal(message_alert_decode(text, strlen(text), "x", &a, &error), 0);
	assert_true(a.traffic.present && a.traffic.rps == 3 && a.traffic.in_flight == 0);
	assert_true(isnan(a.traffic.completed_rps) && isnan(a.traffic.upstream_ms));
	assert_true(isnan(a.traffic.p50_ms) && isnan(a.traffic.p95_ms) && isnan(a.traffic.p99_ms));
	assert_true(isnan(a.traffic.error_rate));
	assert_int_equal(a.by_replica_n, 0);

	char *again = message_alert_encode(&a);
	assert_string_equal(again, text);
	message_alert_done(&a);
	free(again);
	free(text);
	free(alone);
}

static void test_containers(void **state)
{
	struct message_error error;
	struct message_alert a;

	(void)state;
	assert_int_equal(message_alert_decode(full_alert, strlen(full_alert), "x", &a, &error), 0);
	assert_int_equal(a.containers_n, 2);
	assert_string_equal(a.containers[0].name, "app");
	assert_int_equal(a.containers[0].state, CONTAINER_READY);
	assert_true(a.containers[0].created_ts == 1795450000);
	assert_string_equal(a.containers[1].name, "app-dup-1");
	assert_int_equal(a.containers[1].state, CONTAINER_STARTING);
	assert_true(isnan(a.containers[1].created_ts));
	message_alert_done(&a);
	assert_null(a.containers);
	assert_int_equal(a.containers_n, 0);
}

/* An alert about ${n} replicas with names of ${name_len} bytes and figures as long as they get. */
static void fill_alert(struct message_alert *ret, size_t n, size_t name_len)
{
	*ret = (struct message_alert){
		.target = "app", .window_sec = 4, .by_replica_n = n, .containers_n = n};
	ret->traffic = (struct message_traffic){.present = true};
	ret->by_replica = xcalloc(n, sizeof(*ret->by_replica));
	ret->containers = xcalloc(n, sizeof(*ret->containers));
	for (size_t i = 0; i < n; i++) {
		struct message_replica_traffic *r = &ret->by_replica[i];

		memset(r->name, 'n', name_len);
		snprintf(r->address, sizeof(r->address), "10.0.%zu.%zu:8080", i / 256, i % 256);
		r->completed_rps = r->p50_ms = r->p95_ms = 98765.432 + (double)i;
		r->p99_ms = r->upstream_ms = 98765.432;
		r->error_rate = 0.012345;
		memset(ret->containers[i].name, 'n', name_len);
		ret->containers[i].created_ts = 1795450000;
	}
}

/* How many of ${n} replicas arrive. */
static size_t replicas_sent(size_t n, size_t name_len)
{
	struct message_alert sent, heard;
	struct message_error error;

	fill_alert(&sent, n, name_len);
	char *text = message_alert_encode(&sent);

	assert_in_range(strlen(text), 1, MESSAGE_BYTES_MAX);
	assert_int_equal(message_alert_decode(text, strlen(text), "x", &heard, &error), 0);
	n = heard.by_replica_n;
	assert_int_equal(heard.containers_n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(heard.by_replica[i].address, sent.by_replica[i].address);
	message_alert_done(&sent);
	message_alert_done(&heard);
	free(text);
	return n;
}

/* A message that is too long would be refused: the least busy replicas, at the end, give way. */
static void test_as_many_replicas_as_a_message_holds(void **state)
{
	(void)state;
	assert_int_equal(replicas_sent(MESSAGE_TRAFFIC_MAX, strlen("app-dup-100")),
			 MESSAGE_TRAFFIC_MAX);
	assert_int_equal(replicas_sent(MESSAGE_TRAFFIC_MAX + 9, strlen("app-dup-100")),
			 MESSAGE_TRAFFIC_MAX);
	assert_in_range(replicas_sent(MESSAGE_TRAFFIC_MAX, REPLICA_NAME_MAX - 1),
			MESSAGE_TRAFFIC_MAX / 2, MESSAGE_TRAFFIC_MAX - 1);
}

/* ---- what the predecessor sends ---- */

static void test_predecessor_alert(void **state)
{
	static const char text[] =
		"{\"kind\": \"latency_metrics\", \"endpoint\": \"http://lb/\", \"window_sec\": "
		"4.0, "
		"\"requests\": 20, \"success_rate\": 1.0, \"avg_ms\": 123.5, \"p95_ms\": 124.2, "
		"\"replicas\": 2, \"ts\": 1795458155.613}";
	struct message_error error;
	struct message_alert a;

	(void)state;
	assert_int_equal(message_alert_decode(text, strlen(text), "app", &a, &error), 0);
	assert_string_equal(a.id, "");
	assert_string_equal(a.target, "app");
	assert_true(isnan(a.p50_ms) && isnan(a.p99_ms));
	assert_int_equal(a.ready, -1);
	assert_false(a.traffic.present);
}

static void test_least_alert(void **state)
{
	static const char text[] = "{\"kind\":\"latency_metrics\",\"p95_ms\":0,\"ts\":null}";
	struct message_error error;
	struct message_alert a;

	(void)state;
	assert_int_equal(message_alert_decode(text, strlen(text), "app", &a, &error), 0);
	assert_true(a.p95_ms == 0 && a.requests == 0 && a.success_rate == 1 && a.replicas == 1);
	assert_true(isnan(a.window_sec) && isnan(a.avg_ms) && isnan(a.ts));
	assert_string_equal(a.endpoint, "");

	char *again = message_alert_encode(&a);
	assert_string_equal(again,
			    "{\"kind\":\"latency_metrics\",\"target\":\"app\",\"requests\":0,"
			    "\"success_rate\":1,\"p95_ms\":0,\"replicas\":1}");
	free(again);
}

static void test_predecessor_plan(void **state)
{
	static const struct {
		const char *text, *target;
	} cases[] = {
		{"{\"kind\":\"plan\",\"decision\":{\"action\":\"restart\"}}", "fallback"},
		{"{\"kind\":\"plan\",\"container\":\"c\",\"decision\":{\"action\":\"restart\"}}",
		 "c"},
		{"{\"kind\":\"plan\",\"container\":\"c\","
		 "\"decision\":{\"action\":\"restart\",\"target\":\"d\"}}",
		 "d"},
	};
	struct message_error error;
	struct message_plan p;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		assert_int_equal(message_plan_decode(cases[i].text, strlen(cases[i].text),
						     "fallback", &p, &error),
				 0);
		assert_string_equal(p.target, cases[i].target);
		assert_int_equal(p.action, ACTION_RESTART);
		assert_int_equal(p.replicas, -1);
		assert_int_equal(p.telemetry_replicas, -1);
		assert_int_equal(p.low_windows_n, 0);
		assert_true(isnan(p.ts) && isnan(p.window_sec) && isnan(p.p95_ms));
		assert_null(p.explain);
		assert_null(p.advisor);
		message_plan_done(&p);
	}
}

static void test_other_kinds(void **state)
{
	static const char error_text[] = "{\"kind\":\"error\",\"error\":\"no\",\"raw\":\"x\"}";
	static const char upstreams[] =
		"{\"kind\":\"upstreams\",\"generation\":1,\"result\":{\"status\":\"error\"}}";
	static const char result[] =
		"{\"kind\":null,\"action\":\"noop\",\"result\":{\"status\":\"skipped\"}}";
	struct message_error error;
	struct message_plan p;
	struct message_result r;
	struct message_upstreams up;

	(void)state;
	assert_int_equal(message_plan_decode(error_text, strlen(error_text), "app", &p, &error),
			 -ENOMSG);
	assert_int_equal(
		message_results_decode(upstreams, strlen(upstreams), "app", &r, &up, NULL, &error),
		RESULTS_UPSTREAMS);
	assert_string_equal(up.target, "app");
	assert_int_equal(up.status, STATUS_ERROR);
	assert_int_equal(up.servers_n + up.drained_n, 0);
	message_upstreams_done(&up);
	assert_int_equal(
		message_results_decode(result, strlen(result), "app", &r, &up, NULL, &error),
		RESULTS_RESULT);
	assert_true(r.replicas_before == -1 && r.replicas_after == -1 && r.wanted == -1);
	assert_int_equal(r.lease, -1);
	assert_true(isnan(r.duration_ms) && isnan(r.ts));
}

/* ---- texts, limits, figures ---- */

static void test_text_for_people_is_cut_and_cleaned(void **state)
{
	struct buf reason;
	struct message_error error;
	struct message_plan p;

	(void)state;
	buf_init(&reason, 4096);
	buf_puts(&reason, "\"a\\nb\\u001b[31m");
	while (reason.len < 2048)
		buf_puts(&reason, "\xc3\xa4");
	buf_puts(&reason, "\"");

	char *text = changed(full_plan, "decision.reason", buf_text(&reason));
	assert_int_equal(message_plan_decode(text, strlen(text), "x", &p, &error), 0);
	assert_memory_equal(p.reason, "a b [31m\xc3\xa4", 10);
	/* 8 bytes, then whole characters of 2: 511 does not come out even. */
	assert_int_equal(strlen(p.reason), MESSAGE_TEXT_MAX - 2);
	message_plan_done(&p);
	free(text);
	buf_free(&reason);
}

static void test_output_is_valid_json_whatever_is_in_it(void **state)
{
	struct message_result r = {
		.target = "app", .message = "nginx: \"x\"\n\xff\xc3(", .reason = "half \xc3"};
	struct message_error error;
	struct message_upstreams up;

	(void)state;
	char *text = message_result_encode(&r);
	assert_non_null(strstr(text, "\"nginx: \\\"x\\\"   (\""));
	assert_int_equal(message_results_decode(text, strlen(text), "app", &r, &up, NULL, &error),
			 RESULTS_RESULT);
	assert_string_equal(r.reason, "half  ");
	free(text);
}

/* Nobody knows what is in it, and the dashboard puts it into its own documents. */
static void test_an_explanation_is_handed_on_as_valid_json(void **state)
{
	static const char text[] =
		"{\"kind\":\"plan\",\"container\":\"app\",\"decision\":{\"action\":\"noop\"},"
		"\"explain\":{\"a\xff\":[\"\xc3(\",{\"b\":\"\xc3\xa4 \xed\xa0\x80\\u009b\"},1]},"
		"\"advisor\":{\"mode\":\"off\\n\xf0\x9f\"}}";
	struct message_error error;
	struct message_plan p;

	(void)state;
	assert_int_equal(message_plan_decode(text, strlen(text), "app", &p, &error), 0);
	char *again = message_plan_encode(&p);
	assert_non_null(
		strstr(again, "\"explain\":{\"a \":[\" (\",{\"b\":\"\xc3\xa4      \"},1]}"));
	assert_non_null(strstr(again, "\"advisor\":{\"mode\":\"off   \"}"));
	free(again);
	message_plan_done(&p);
}

static void test_unknown_figures_are_left_out(void **state)
{
	struct message_plan p = {.target = "app",
				 .action = ACTION_NOOP,
				 .replicas = 2,
				 .ts = 1795458155.61349,
				 .window_sec = NAN,
				 .p95_ms = 0.1 + 0.2,
				 .baseline_ms = NAN,
				 .sigma_ms = INFINITY,
				 .telemetry_replicas = -1,
				 .heard_ts = NAN};

	(void)state;
	char *text = message_plan_encode(&p);
	assert_string_equal(text, "{\"ts\":1795458155.613,\"kind\":\"plan\",\"container\":\"app\","
				  "\"decision\":{\"action\":\"noop\",\"target\":\"app\","
				  "\"reason\":\"\",\"replicas\":2},"
				  "\"telemetry\":{\"p95_ms\":0.3,\"low_windows\":[]}}");
	free(text);

	p.p95_ms = NAN;
	text = message_plan_encode(&p);
	assert_non_null(strstr(text, "\"telemetry\":{\"low_windows\":[]}"));
	free(text);
}

static void test_plan_error(void **state)
{
	char raw[400];

	(void)state;
	memset(raw, 'r', sizeof(raw));
	char *text =
		message_plan_error_encode("a1", 1795458155.5, "p95_ms: missing", raw, sizeof(raw));
	cJSON *root;
	assert_int_equal(json_parse(text, strlen(text), &root), 0);
	assert_string_equal(json_str(root, "kind"), "error");
	assert_string_equal(json_str(root, "id"), "a1");
	assert_string_equal(json_str(root, "error"), "p95_ms: missing");
	assert_int_equal(strlen(json_str(root, "raw")), 200);
	cJSON_Delete(root);
	free(text);

	text = message_plan_error_encode("", NAN, "x", "\xff\0y", 3);
	assert_string_equal(text, "{\"kind\":\"error\",\"error\":\"x\",\"raw\":\" \"}");
	free(text);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(message_action_name(ACTION_NOOP), "noop");
	assert_string_equal(message_action_name(ACTION_RESTART), "restart");
	assert_string_equal(message_action_name(ACTION_SCALE_UP), "scale_up");
	assert_string_equal(message_action_name(ACTION_SCALE_DOWN), "scale_down");
	assert_string_equal(message_mode_name(MODE_OFF), "off");
	assert_string_equal(message_container_state_name(CONTAINER_STARTING), "starting");
	assert_string_equal(message_container_state_name(CONTAINER_READY), "ready");
	assert_string_equal(message_container_state_name(CONTAINER_DRAINING), "draining");
	assert_string_equal(message_container_state_name(CONTAINER_DOWN), "down");
	assert_string_equal(message_status_name(STATUS_OK), "ok");
	assert_string_equal(message_status_name(STATUS_NOOP), "noop");
	assert_string_equal(message_status_name(STATUS_SKIPPED), "skipped");
	assert_string_equal(message_status_name(STATUS_ERROR), "error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_fields_land_in_their_places),
		cmocka_unit_test(test_receipt),
		cmocka_unit_test(test_traffic_by_replica),
		cmocka_unit_test(test_least_traffic),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_as_many_replicas_as_a_message_holds),
		cmocka_unit_test(test_predecessor_alert),
		cmocka_unit_test(test_least_alert),
		cmocka_unit_test(test_predecessor_plan),
		cmocka_unit_test(test_other_kinds),
		cmocka_unit_test(test_text_for_people_is_cut_and_cleaned),
		cmocka_unit_test(test_output_is_valid_json_whatever_is_in_it),
		cmocka_unit_test(test_an_explanation_is_handed_on_as_valid_json),
		cmocka_unit_test(test_unknown_figures_are_left_out),
		cmocka_unit_test(test_plan_error),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
