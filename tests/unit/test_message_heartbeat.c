/* Shell. Unit tests of common/message: the channel heartbeats. */
#include "tests/unit/message_samples.h"

static void test_heartbeat(void **state)
{
	static const char least[] =
		"{\"kind\":\"heartbeat\",\"daemon\":\"watcher\",\"status\":\"ok\"}";
	struct message_error error;
	struct message_heartbeat h;

	(void)state;
	assert_int_equal(
		message_heartbeat_decode(full_heartbeat, strlen(full_heartbeat), "x", &h, &error),
		0);
	assert_string_equal(h.id, "h1");
	assert_string_equal(h.daemon, "planner");
	assert_string_equal(h.target, "app");
	assert_string_equal(h.version, "0.1.0");
	assert_true(h.ts == 1795458241.5 && h.uptime_sec == 12.3 && h.every_sec == 2);
	assert_int_equal(h.status, BEAT_DEGRADED);
	assert_int_equal(h.dependencies_n, 2);
	assert_string_equal(h.dependencies[0].name, "redis");
	assert_true(h.dependencies[0].up && h.dependencies[0].since_ts == 1795458229.2);
	assert_false(h.dependencies[1].up);
	assert_true(isnan(h.dependencies[1].since_ts));
	assert_string_equal(h.dependencies[1].detail, "no answer");
	assert_true(h.advisor.present && h.advisor.hopeless);
	assert_int_equal(h.advisor.mode, MODE_SHADOW);
	assert_string_equal(h.advisor.provider, "gemini");
	assert_string_equal(h.advisor.model, "some-model-1");
	assert_true(h.advisor.asked_today == 3 && h.advisor.day_budget == 1000);
	assert_true(h.advisor.minute_left == 4.2 && h.advisor.retry_ts == 1795458300);
	assert_int_equal(h.advisor.failures, 2);
	message_heartbeat_done(&h);
	assert_null(h.dependencies);
	assert_int_equal(h.dependencies_n, 0);

	assert_int_equal(message_heartbeat_decode(least, strlen(least), "x", &h, &error), 0);
	assert_string_equal(h.target, "x");
	assert_int_equal(h.status, BEAT_OK);
	assert_true(isnan(h.ts) && isnan(h.uptime_sec) && isnan(h.every_sec));
	assert_false(h.advisor.present);
	message_heartbeat_done(&h);
}

/* More than a message may have are not sent. */
static void test_heartbeat_of_many_dependencies(void **state)
{
	struct message_dependency many[MESSAGE_DEPENDENCIES_MAX + 1];
	struct message_heartbeat h = {
		.daemon = "d", .target = "app", .every_sec = 2, .dependencies = many};
	struct message_error error;
	struct message_heartbeat heard;

	(void)state;
	for (size_t i = 0; i < N(many); i++) {
		many[i] = (struct message_dependency){.name = "redis", .up = true};
		memset(many[i].detail, '"', sizeof(many[i].detail) - 1);
	}
	h.dependencies_n = N(many);
	char *text = message_heartbeat_encode(&h);

	assert_int_equal(message_heartbeat_decode(text, strlen(text), "x", &heard, &error), 0);
	assert_int_equal(heard.dependencies_n, MESSAGE_DEPENDENCIES_MAX);
	assert_string_equal(heard.dependencies[0].detail, many[0].detail);
	message_heartbeat_done(&heard);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heartbeat),
		cmocka_unit_test(test_heartbeat_of_many_dependencies),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
