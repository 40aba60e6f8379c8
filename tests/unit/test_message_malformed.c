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

static const struct {
	size_t message; /* index into full */
	const char *path;
	bool required;
	const char *bad[BAD_MAX];
} malformed[] = {
	{0, "kind", true, {WORD, "\"plan\""}},
	{0, "id", false, {STR}},
	{0, "target", false, {NAME}},
	{0, "endpoint", false, {"5", "true", "[]", "{}", "\"a\\nb\""}},
	{0, "window_sec", false, {NUM, "0", "0.0001"}},
	{0, "requests", false, {INT}},
	{0, "success_rate", false, {NUM, "1.01"}},
	{0, "avg_ms", false, {NUM, "1e400"}},
	{0, "p50_ms", false, {NUM}},
	{0, "p95_ms", true, {NUM}},
	{0, "p99_ms", false, {NUM}},
	{0, "replicas", false, {COUNT}},
	{0, "ready", false, {COUNT}},
	{0, "ts", false, {NUM, "1795458155613"}},
	{0, "traffic", false, {OBJECT}},
	{0, "traffic.rps", true, {NUM}},
	{0, "traffic.in_flight", true, {NUM}},
	{0, "traffic.p95_ms", false, {NUM}},
	{0, "traffic.error_rate", true, {NUM, "1.5"}},
	{1, "kind", true, {"5", "true", "[]"}},
	{1, "ts", false, {NUM}},
	{1, "id", false, {STR}},
	{1, "container", false, {NAME}},
	{1, "decision", true, {OBJECT}},
	{1, "decision.action", true, {WORD}},
	{1, "decision.target", false, {NAME}},
	{1, "decision.reason", false, {TEXT}},
	{1, "decision.replicas", false, {COUNT}},
	{1, "telemetry", false, {OBJECT}},
	{1, "telemetry.p95_ms", false, {NUM}},
	{1, "telemetry.baseline_ms", false, {NUM}},
	{1, "telemetry.sigma_ms", false, {NUM}},
	{1, "telemetry.replicas", false, {COUNT}},
	{1, "telemetry.window_sec", false, {NUM, "0"}},
	{1, "telemetry.low_windows", false, {"5", "true", "{}", "[1]", "[\"true\"]", "[null]"}},
	{1, "explain", false, {OBJECT}},
	{2, "ts", false, {NUM}},
	{2, "id", false, {STR}},
	{2, "action", true, {WORD}},
	{2, "target", false, {NAME}},
	{2, "reason", false, {TEXT}},
	{2, "result", true, {OBJECT}},
	{2, "result.status", true, {WORD}},
	{2, "result.message", false, {TEXT}},
	{2, "replicas_before", false, {COUNT}},
	{2, "replicas_after", false, {COUNT}},
	{2, "wanted", false, {COUNT}},
	{2, "duration_ms", false, {NUM}},
	{3, "ts", false, {NUM}},
	{3, "kind", true, {"5", "\"plan\"", "\"upstream\""}},
	{3, "id", false, {STR}},
	{3, "target", false, {NAME}},
	{3, "generation", true, {INT, "2147483648"}},
	{3, "result", true, {OBJECT}},
	{3, "result.status", true, {WORD}},
	{3, "result.message", false, {TEXT}},
	{3, "servers", false, {"5", "true", "{}", "[1]", "[null]", "[\"app\"]"}},
	{3, "servers.1.name", true, {STR, "\"\""}},
	{3, "servers.1.address", true, {STR, "\"\""}},
	{3, "servers.0.id", false, {STR}},
	{3, "drained", false, {"5", "true", "{}", "[1,2]", "[null,null]", "[[],[]]"}},
	{3, "drained.1", true, {STR}},
	{3, "drained_ids", false, {"5", "{}", "[]", "[\"a\"]", "[\"a\",\"b\",\"c\"]"}},
	{3, "drained_ids.0", true, {STR}},
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
		    (malformed[i].message == 3 && !strcmp(path, "kind")))
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
	} added[] = {{0, "new"}, {0, "traffic.new"},  {1, "new"},           {1, "advisor"},
		     {2, "new"}, {1, "decision.new"}, {1, "telemetry.new"}, {2, "result.new"},
		     {3, "new"}, {3, "servers.0.new"}};

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

	huge[MESSAGE_BYTES_MAX] = '\0';
	char *again = NULL;
	struct message_error error;
	assert_int_equal(recode_alert(huge, strlen(huge), &again, &error), 0);
	free(again);
	free(huge);
}

/* The full plan with ${n} flags in low_windows. */
static char *plan_with_flags(int n)
{
	struct buf flags;

	buf_init(&flags, 1024);
	for (int i = 0; i < n; i++)
		buf_puts(&flags, i ? ",true" : "[true");
	buf_puts(&flags, "]");
	char *text = changed(full_plan, "telemetry.low_windows", buf_text(&flags));
	buf_free(&flags);
	return text;
}

static void test_limits_of_arrays(void **state)
{
	struct message_error error;
	struct message_plan p;
	char *text = plan_with_flags(MESSAGE_LOW_MAX);

	(void)state;
	assert_int_equal(message_plan_decode(text, strlen(text), "x", &p, &error), 0);
	assert_int_equal(p.low_windows_n, MESSAGE_LOW_MAX);
	message_plan_done(&p);
	free(text);

	text = plan_with_flags(MESSAGE_LOW_MAX + 1);
	assert_refused(recode_plan, text, "low_windows");
	free(text);
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
		{0, "p95_ms", NULL, "p95_ms: missing, must be a number from 0 to 1000000000"},
		{0, "traffic.error_rate", "2", "traffic.error_rate: must be a number from 0 to 1"},
		{1, "decision.replicas", "1e9",
		 "decision.replicas: must be a whole number from 0 to 10000"},
		{1, "decision.action", "\"up\"",
		 "decision.action: must be noop|restart|scale_up|scale_down"},
		{1, "decision", "[]", "decision: must be an object"},
		{2, "target", "\"a b\"", "target: must be a container name"},
		{2, "reason", "5", "reason: must be text"},
		{3, "servers.1.name", "\"\"",
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
		cmocka_unit_test(test_limits_of_arrays),
		cmocka_unit_test(test_too_many_servers),
		cmocka_unit_test(test_nothing_is_touched_on_failure),
		cmocka_unit_test(test_error_sentences),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
