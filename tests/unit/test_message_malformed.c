/* Shell. Unit tests of common/message, and of common/fields through it: every field, spoiled or
 * missing, is refused by name or does no harm. */
#include "common/buf.h"
#include "tests/unit/message_samples.h"

/* JSON text of 128 bytes, one more than the longest field for programs holds. */
static const char long_text[] =
	"\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"";

#define BAD_MAX 10
#define NUM     "\"3\"", "true", "[]", "{}", "-1", "1e300"
#define INT     NUM, "1.5", "1e9999"
#define COUNT   INT, "10001", "1e9"
#define STR     "5", "true", "[]", "{}", "\"a\\nb\"", long_text
#define NAME    STR, "\"\"", "\"-app\"", "\"a b\"", "\"a/b\""
#define TEXT    "5", "true", "[]", "{}"
#define WORD    "5", "true", "\"\"", "\"SCALE_UP\"", "\"scale\"", "\"ok \"", "[\"ok\"]"
#define OBJECT  "5", "\"x\"", "true", "[]"
#define BOOL    "1", "\"true\"", "[]", "{}"

static const struct {
	size_t message; /* place in full */
	const char *path;
	bool required;
	const char *bad[BAD_MAX];
} malformed[] = {
	{ALERT, "kind", true, {WORD, "\"plan\""}},
	{ALERT, "id", false, {STR}},
	{ALERT, "target", false, {NAME}},
	{ALERT, "endpoint", false, {"5", "true", "[]", "{}", "\"a\\nb\""}},
	{ALERT, "window_sec", false, {NUM, "0", "0.0001"}},
	{ALERT, "requests", false, {INT}},
	{ALERT, "success_rate", false, {NUM, "1.01"}},
	{ALERT, "avg_ms", false, {NUM, "1e400"}},
	{ALERT, "p50_ms", false, {NUM}},
	{ALERT, "p95_ms", true, {NUM}},
	{ALERT, "p99_ms", false, {NUM}},
	{ALERT, "replicas", false, {COUNT}},
	{ALERT, "ready", false, {COUNT}},
	{ALERT, "ts", false, {NUM, "1795458155613"}},
	{ALERT, "traffic", false, {OBJECT}},
	{ALERT, "traffic.rps", true, {NUM}},
	{ALERT, "traffic.completed_rps", false, {NUM}},
	{ALERT, "traffic.in_flight", true, {NUM}},
	{ALERT, "traffic.p50_ms", false, {NUM}},
	{ALERT, "traffic.p95_ms", false, {NUM}},
	{ALERT, "traffic.p99_ms", false, {NUM}},
	{ALERT, "traffic.error_rate", false, {NUM, "1.5"}},
	{ALERT, "traffic.upstream_ms", false, {NUM}},
	{ALERT, "traffic.replicas", false, {"5", "true", "{}", "[1]", "[null]", "[\"app\"]"}},
	{ALERT, "traffic.replicas.1.name", false, {STR}},
	{ALERT, "traffic.replicas.0.address", true, {STR, "\"\""}},
	{ALERT, "traffic.replicas.0.completed_rps", false, {NUM}},
	{ALERT, "traffic.replicas.0.p50_ms", false, {NUM}},
	{ALERT, "traffic.replicas.0.p95_ms", false, {NUM}},
	{ALERT, "traffic.replicas.0.p99_ms", false, {NUM}},
	{ALERT, "traffic.replicas.0.error_rate", false, {NUM, "1.5"}},
	{ALERT, "traffic.replicas.0.upstream_ms", false, {NUM}},
	{ALERT, "containers", false, {"5", "true", "{}", "[1]", "[null]", "[\"app\"]"}},
	{ALERT, "containers.1.name", true, {STR, "\"\""}},
	{ALERT, "containers.0.state", true, {WORD}},
	{ALERT, "containers.0.created_ts", false, {NUM}},
	{PLAN, "kind", true, {"5", "true", "[]"}},
	{PLAN, "ts", false, {NUM}},
	{PLAN, "id", false, {STR}},
	{PLAN, "container", false, {NAME}},
	{PLAN, "decision", true, {OBJECT}},
	{PLAN, "decision.action", true, {WORD}},
	{PLAN, "decision.target", false, {NAME}},
	{PLAN, "decision.reason", false, {TEXT}},
	{PLAN, "decision.replicas", false, {COUNT}},
	{PLAN, "telemetry", false, {OBJECT}},
	{PLAN, "telemetry.p95_ms", false, {NUM}},
	{PLAN, "telemetry.baseline_ms", false, {NUM}},
	{PLAN, "telemetry.sigma_ms", false, {NUM}},
	{PLAN, "telemetry.replicas", false, {COUNT}},
	{PLAN, "telemetry.window_sec", false, {NUM, "0"}},
	{PLAN, "telemetry.alert", false, {STR}},
	{PLAN, "telemetry.heard_ts", false, {NUM}},
	{PLAN, "telemetry.low_windows", false, {"5", "true", "{}", "[1]", "[\"true\"]", "[null]"}},
	{PLAN, "explain", false, {OBJECT}},
	{PLAN, "advisor", false, {OBJECT}},
	{RESULT, "ts", false, {NUM}},
	{RESULT, "id", false, {STR}},
	{RESULT, "action", true, {WORD}},
	{RESULT, "target", false, {NAME}},
	{RESULT, "reason", false, {TEXT}},
	{RESULT, "result", true, {OBJECT}},
	{RESULT, "result.status", true, {WORD}},
	{RESULT, "result.message", false, {TEXT}},
	{RESULT, "replicas_before", false, {COUNT}},
	{RESULT, "replicas_after", false, {COUNT}},
	{RESULT, "wanted", false, {COUNT}},
	{RESULT, "lease", false, {INT, "2147483648"}},
	{RESULT, "duration_ms", false, {NUM}},
	{UPSTREAMS, "ts", false, {NUM}},
	{UPSTREAMS, "kind", true, {"5", "\"plan\"", "\"upstream\""}},
	{UPSTREAMS, "id", false, {STR}},
	{UPSTREAMS, "target", false, {NAME}},
	{UPSTREAMS, "generation", true, {INT, "2147483648"}},
	{UPSTREAMS, "result", true, {OBJECT}},
	{UPSTREAMS, "result.status", true, {WORD}},
	{UPSTREAMS, "result.message", false, {TEXT}},
	{UPSTREAMS, "servers", false, {"5", "true", "{}", "[1]", "[null]", "[\"app\"]"}},
	{UPSTREAMS, "servers.1.name", true, {STR, "\"\""}},
	{UPSTREAMS, "servers.1.address", true, {STR, "\"\""}},
	{UPSTREAMS, "servers.0.id", false, {STR}},
	{UPSTREAMS, "drained", false, {"5", "true", "{}", "[1,2]", "[null,null]", "[[],[]]"}},
	{UPSTREAMS, "drained.1", true, {STR}},
	{UPSTREAMS, "drained_ids", false, {"5", "{}", "[]", "[\"a\"]", "[\"a\",\"b\",\"c\"]"}},
	{UPSTREAMS, "drained_ids.0", true, {STR}},
	{RECEIPT, "ts", false, {NUM}},
	{RECEIPT, "kind", true, {"5", "\"plan\"", "\"receipts\""}},
	{RECEIPT, "id", false, {STR}},
	{RECEIPT, "plan", true, {STR, "\"\""}},
	{RECEIPT, "target", false, {NAME}},
	{RECEIPT, "action", true, {WORD}},
	{RECEIPT, "replicas_before", false, {COUNT}},
	{RECEIPT, "replicas_after", false, {COUNT}},
	{RECEIPT, "from_ts", false, {NUM}},
	{RECEIPT, "to_ts", false, {NUM}},
	{RECEIPT, "unseen_ms", false, {NUM}},
	{RECEIPT, "requests", true, {INT}},
	{RECEIPT, "failed", true, {INT}},
	{RECEIPT, "given_up", false, {INT}},
	{RECEIPT, "longest_gap_ms", false, {NUM}},
	{RECEIPT, "slowest_ms", false, {NUM}},
	{RECEIPT, "lost_lines", false, {INT}},
	{ADVICE, "ts", false, {NUM}},
	{ADVICE, "kind", true, {WORD, "\"plan\""}},
	{ADVICE, "id", false, {STR}},
	{ADVICE, "target", false, {NAME}},
	{ADVICE, "asked_ts", false, {NUM}},
	{ADVICE, "state", false, {STR}},
	{ADVICE, "mode", true, {WORD, "\"off\""}},
	{ADVICE, "provider", false, {STR}},
	{ADVICE, "model", false, {STR}},
	{ADVICE, "outcome", true, {WORD}},
	{ADVICE, "heuristic", true, {OBJECT}},
	{ADVICE, "heuristic.action", true, {WORD}},
	{ADVICE, "heuristic.replicas", false, {COUNT}},
	{ADVICE, "latency_ms", false, {NUM}},
	{ADVICE, "tokens", false, {OBJECT}},
	{ADVICE, "tokens.in", false, {INT}},
	{ADVICE, "tokens.out", false, {INT}},
	{ADVICE, "cost_usd", false, {NUM}},
	{ADVICE, "retry_ts", false, {NUM}},
	{ADVICE, "decision", true, {OBJECT}},
	{ADVICE, "decision.action", true, {WORD}},
	{ADVICE, "decision.reason", false, {TEXT}},
	{ADVICE, "decision.alpha_up", false, {NUM}},
	{ADVICE, "decision.beta_down", false, {NUM}},
	{ABSTENTION, "cause", false, {TEXT}},
	{JUDGED, "ts", false, {NUM}},
	{JUDGED, "kind", true, {WORD, "\"plan\""}},
	{JUDGED, "id", false, {STR}},
	{JUDGED, "target", false, {NAME}},
	{JUDGED, "advice", true, {STR, "\"\""}},
	{JUDGED, "judgement", true, {WORD, "\"good\""}},
	{JUDGED, "windows", false, {INT}},
	{JUDGED, "slo_windows", false, {INT}},
	{JUDGED, "replica_sec", false, {"\"3\"", "true", "[]", "{}", "1e300", "-1e10"}},
	{JUDGED, "reason", false, {TEXT}},
	{HEARTBEAT, "ts", false, {NUM}},
	{HEARTBEAT, "kind", true, {WORD, "\"plan\""}},
	{HEARTBEAT, "id", false, {STR}},
	{HEARTBEAT, "daemon", true, {STR, "\"\""}},
	{HEARTBEAT, "target", false, {NAME}},
	{HEARTBEAT, "version", false, {STR}},
	{HEARTBEAT, "uptime_sec", false, {NUM}},
	{HEARTBEAT, "every_sec", false, {NUM, "0"}},
	{HEARTBEAT, "status", true, {WORD}},
	{HEARTBEAT, "advisor", false, {OBJECT}},
	{HEARTBEAT, "advisor.mode", true, {WORD}},
	{HEARTBEAT, "advisor.provider", false, {STR}},
	{HEARTBEAT, "advisor.model", false, {"5", "true", "[]", "{}", "\"a\\nb\"", long_text}},
	{HEARTBEAT, "advisor.asked_today", false, {INT}},
	{HEARTBEAT, "advisor.day_budget", false, {INT}},
	{HEARTBEAT, "advisor.minute_left", false, {NUM}},
	{HEARTBEAT, "advisor.retry_ts", false, {NUM}},
	{HEARTBEAT, "advisor.hopeless", false, {BOOL}},
	{HEARTBEAT, "advisor.failures", false, {INT}},
	{HEARTBEAT, "dependencies", false, {"5", "true", "{}", "[1]", "[null]", "[\"redis\"]"}},
	{HEARTBEAT, "dependencies.1.name", true, {STR, "\"\""}},
	{HEARTBEAT, "dependencies.0.up", true, {BOOL}},
	{HEARTBEAT, "dependencies.0.since_ts", false, {NUM}},
	{HEARTBEAT, "dependencies.1.detail", false, {TEXT}},
};

/* The name that an error must show for ${path}: array items go by the array's. */
static const char *shown_name(const char *path)
{
	const char *last = strrchr(path, '.');

	if (!strncmp(path, "drained", strlen("drained")))
		return "drained";
	return last ? last + 1 : path;
}

static void test_every_malformed_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(malformed); i++) {
		const char *name = shown_name(malformed[i].path);

		for (size_t b = 0; b < BAD_MAX && malformed[i].bad[b]; b++) {
			char *text = changed(full[malformed[i].message].text, malformed[i].path,
					     malformed[i].bad[b]);

			assert_refused(full[malformed[i].message].recode, text,
				       strstr(malformed[i].bad[b], "e400") ||
						       strstr(malformed[i].bad[b], "e9999")
					       ? "message"
					       : name);
			free(text);
		}
	}
}

/* Missing and null are the same: refused where required, else understood. */
static void test_every_missing_field(void **state)
{
	static const char *const values[] = {NULL, "null"};

	(void)state;
	for (size_t i = 0; i < N(malformed); i++) {
		const char *path = malformed[i].path;
		recoder *recode = full[malformed[i].message].recode;

		/* Without a kind a message on the results channel is a result. */
		if (!strncmp(path, "drained", strlen("drained")) ||
		    ((malformed[i].message == UPSTREAMS || malformed[i].message == RECEIPT) &&
		     !strcmp(path, "kind")))
			continue;
		for (size_t v = 0; v < N(values); v++) {
			char *text = changed(full[malformed[i].message].text, path, values[v]);
			struct message_error error;
			char *again = NULL;

			if (malformed[i].required) {
				assert_refused(recode, text, shown_name(path));
			} else {
				assert_int_equal(recode(text, strlen(text), &again, &error), 0);
				free(again);
			}
			free(text);
		}
	}
}

static void test_unknown_fields_are_ignored(void **state)
{
	static const struct {
		size_t message;
		const char *path;
	} added[] = {{ALERT, "new"},
		     {ALERT, "traffic.new"},
		     {ALERT, "traffic.replicas.0.new"},
		     {PLAN, "new"},
		     {PLAN, "decision.new"},
		     {PLAN, "telemetry.new"},
		     {RESULT, "new"},
		     {RESULT, "result.new"},
		     {UPSTREAMS, "new"},
		     {UPSTREAMS, "servers.0.new"},
		     {ADVICE, "new"},
		     {ADVICE, "decision.new"},
		     {ADVICE, "tokens.new"},
		     {ADVICE, "cause"},
		     {ABSTENTION, "decision"},
		     {JUDGED, "new"},
		     {ALERT, "containers.0.new"},
		     {HEARTBEAT, "new"},
		     {HEARTBEAT, "advisor.new"},
		     {HEARTBEAT, "dependencies.0.new"}};

	(void)state;
	for (size_t i = 0; i < N(added); i++) {
		const char *original = full[added[i].message].text;
		char *text = changed(original, added[i].path, "{\"x\":[1,\"y\",null]}");
		struct message_error error;
		char *again = NULL;

		assert_int_equal(full[added[i].message].recode(text, strlen(text), &again, &error),
				 0);
		assert_string_equal(again, original);
		free(again);
		free(text);
	}
}

static void test_malformed_as_a_whole(void **state)
{
	static const char *const texts[] = {"",     "x",    "[]", "5",      "null",
					    "\"\"", "{}{}", "{",  "{}\x01", "NaN"};
	char *huge = xcalloc(MESSAGE_BYTES_MAX + 2, 1);

	(void)state;
	memset(huge, ' ', MESSAGE_BYTES_MAX + 1);
	memcpy(huge, full_alert, strlen(full_alert));
	for (size_t i = 0; i < N(full); i++) {
		for (size_t t = 0; t < N(texts); t++)
			assert_refused(full[i].recode, texts[t], "message");
		assert_refused(full[i].recode, huge, "message");
	}
	assert_refused(recode_alert, "{}", "kind");
	assert_refused(recode_plan, "{}", "kind");
	assert_refused(recode_results, "{}", "action");
	assert_refused(recode_results, "{\"kind\":\"plan\"}", "kind");
	assert_refused(recode_advice, "{\"kind\":\"plan\"}", "kind");
	assert_refused(recode_heartbeat, "{\"kind\":\"plan\"}", "kind");

	huge[MESSAGE_BYTES_MAX] = '\0';
	char *again = NULL;
	struct message_error error;
	assert_int_equal(recode_alert(huge, strlen(huge), &again, &error), 0);
	free(again);
	free(huge);
}

/* ${text} with ${n} times ${item} in the array ${path}. */
static char *repeated(const char *text, const char *path, const char *item, int n)
{
	struct buf items;

	buf_init(&items, 65536);
	for (int i = 0; i < n; i++)
		buf_printf(&items, "%s%s", i ? "," : "[", item);
	buf_puts(&items, "]");
	char *result = changed(text, path, buf_text(&items));
	buf_free(&items);
	return result;
}

static void test_limits_of_lists(void **state)
{
	static const struct {
		size_t message;
		const char *path, *item;
		int max;
	} lists[] = {
		{ALERT, "traffic.replicas", "{\"address\":\"a\"}", MESSAGE_TRAFFIC_MAX},
		{PLAN, "telemetry.low_windows", "true", MESSAGE_LOW_MAX},
		{ALERT, "containers", "{\"name\":\"a\",\"state\":\"down\"}",
		 MESSAGE_CONTAINERS_MAX},
		{HEARTBEAT, "dependencies", "{\"name\":\"a\",\"up\":true,\"detail\":\"\"}",
		 MESSAGE_DEPENDENCIES_MAX},
	};

	(void)state;
	for (size_t i = 0; i < N(lists); i++) {
		const char *original = full[lists[i].message].text;
		recoder *recode = full[lists[i].message].recode;
		struct message_error error;
		char *again = NULL;
		char *text = repeated(original, lists[i].path, lists[i].item, lists[i].max + 1);

		assert_refused(recode, text, shown_name(lists[i].path));
		free(text);
		text = repeated(original, lists[i].path, lists[i].item, lists[i].max);
		assert_int_equal(recode(text, strlen(text), &again, &error), 0);
		assert_string_equal(again, text);
		free(again);
		free(text);
	}
}

static void test_too_many_servers(void **state)
{
	struct message_upstreams up = {.target = "app", .servers_n = MESSAGE_SERVERS_MAX + 1};

	(void)state;
	up.servers = xcalloc(up.servers_n, sizeof(*up.servers));
	for (size_t i = 0; i < up.servers_n; i++) {
		up.servers[i] = (struct message_server){.name = "a", .address = "b"};
	}
	char *text = message_upstreams_encode(&up);
	assert_refused(recode_results, text, "servers");
	free(text);

	up.servers_n--;
	text = message_upstreams_encode(&up);
	char *again = NULL;
	struct message_error error;
	assert_int_equal(recode_results(text, strlen(text), &again, &error), 0);
	assert_string_equal(again, text);
	free(again);
	free(text);
	message_upstreams_done(&up);
}

static void test_nothing_is_touched_on_failure(void **state)
{
	static const char bad[] = "{\"kind\":\"latency_metrics\",\"id\":\"new\",\"p95_ms\":\"3\"}";
	struct message_alert a = {.id = "old", .p95_ms = 7};
	struct message_error error;

	(void)state;
	assert_int_equal(message_alert_decode(bad, strlen(bad), "app", &a, &error), -EBADMSG);
	assert_string_equal(a.id, "old");
	assert_true(a.p95_ms == 7);
	assert_string_equal(error.text, "p95_ms: must be a number from 0 to 1000000000");
}

static void test_error_sentences(void **state)
{
	static const struct {
		size_t message;
		const char *path, *value, *error;
	} cases[] = {
		{ALERT, "p95_ms", NULL, "p95_ms: missing, must be a number from 0 to 1000000000"},
		{ALERT, "traffic.error_rate", "2",
		 "traffic.error_rate: must be a number from 0 to 1"},
		{PLAN, "decision.replicas", "1e9",
		 "decision.replicas: must be a whole number from 0 to 10000"},
		{HEARTBEAT, "dependencies.0.up", NULL,
		 "dependencies.up: missing, must be true or false"},
		{PLAN, "decision.action", "\"up\"",
		 "decision.action: must be noop|restart|scale_up|scale_down"},
		{PLAN, "decision", "[]", "decision: must be an object"},
		{RESULT, "target", "\"a b\"", "target: must be a container name"},
		{RESULT, "reason", "5", "reason: must be text"},
		{ALERT, "traffic.replicas.1.address", NULL,
		 "traffic.replicas.address: missing, must be text of 1 to 63 bytes on one line"},
		{ADVICE, "decision", NULL, "decision: missing, must be an object"},
		{ADVICE, "outcome", "\"none\"", "outcome: must be verdict|abstained|failed"},
		{JUDGED, "judgement", NULL,
		 "judgement: missing, must be agreed|helpful|harmful|neutral"},
		{UPSTREAMS, "servers.1.name", "\"\"",
		 "servers.name: must be text of 1 to 127 bytes on one line"},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		char *text = changed(full[cases[i].message].text, cases[i].path, cases[i].value);
		struct message_error error;
		char *again = NULL;

		assert_int_equal(full[cases[i].message].recode(text, strlen(text), &again, &error),
				 -EBADMSG);
		assert_string_equal(error.text, cases[i].error);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_malformed_field),
		cmocka_unit_test(test_every_missing_field),
		cmocka_unit_test(test_unknown_fields_are_ignored),
		cmocka_unit_test(test_malformed_as_a_whole),
		cmocka_unit_test(test_limits_of_lists),
		cmocka_unit_test(test_too_many_servers),
		cmocka_unit_test(test_nothing_is_touched_on_failure),
		cmocka_unit_test(test_error_sentences),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
