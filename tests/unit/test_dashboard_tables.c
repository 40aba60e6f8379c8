/* Pure. The dashboard's tables of replicas and of daemons. */
#include "dashboard/render.h"

#include "tests/unit/dashboard_messages.h"

#include <stdlib.h>

/* The table of replicas as "name state address rps share; …", in static memory. */
static const char *table(const struct state *st)
{
	static char text[2048];
	cJSON *array = replicas_json(&st->replicas);
	const cJSON *row;
	size_t len = 0;

	text[0] = '\0';
	cJSON_ArrayForEach (row, array) {
		const char *address = json_str(row, "address");
		double rps = NAN, share = NAN;

		json_get_num(row, "rps", &rps);
		json_get_num(row, "share", &share);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %s %s %g %g",
					len > 0 ? "; " : "", json_str(row, "name"),
					json_str(row, "state"), address ? address : "-", rps,
					share);
	}
	cJSON_Delete(array);
	return text;
}

#define CONTAINERS                                                                                 \
	",\"containers\":[{\"name\":\"app-dup-10\",\"state\":\"starting\",\"created_ts\":5},"      \
	"{\"name\":\"app-dup-2\",\"state\":\"draining\"},"                                         \
	"{\"name\":\"app\",\"state\":\"ready\"},{\"name\":\"app-dup-3\",\"state\":\"down\"},"      \
	"{\"name\":\"app\",\"state\":\"down\"}]"

static void test_nothing_known(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	assert_string_equal(table(st), "");
	fold_alert(st, "app", 1, "");
	assert_string_equal(table(st), "");
	state_free(st);
}

static void test_containers_alone(void **unused)
{
	struct state *st = state_new("app", NOW);
	cJSON *array;

	(void)unused;
	fold_alert(st, "app", 1, CONTAINERS);
	assert_string_equal(table(st), "app ready - nan nan; app-dup-2 draining - nan nan; "
				       "app-dup-3 down - nan nan; app-dup-10 starting - nan nan");
	array = replicas_json(&st->replicas);
	assert_double_near(json_get(cJSON_GetArrayItem(array, 3), "created_ts")->valuedouble, 5);
	assert_null(json_get(cJSON_GetArrayItem(array, 0), "created_ts"));
	cJSON_Delete(array);
	state_free(st);
}

static void test_upstreams_alone(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	fold_upstreams(st, "ok", NOW);
	assert_string_equal(table(st), "app ready 10.0.0.2:8080 nan nan; "
				       "app-dup-2 ready 10.0.0.3:8080 nan nan; "
				       "app-dup-10 ready 10.0.0.4:8080 nan nan");
	state_free(st);
}

static void test_all_together(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	fold_alert(st, "app", 1,
		   CONTAINERS ",\"traffic\":{\"rps\":1,\"in_flight\":1,\"replicas\":["
			      "{\"name\":\"app\",\"address\":\"x\",\"completed_rps\":30},"
			      "{\"address\":\"10.0.0.4:8080\",\"completed_rps\":10},"
			      "{\"name\":\"gone\",\"address\":\"y\",\"completed_rps\":60},"
			      "{\"name\":\"app-dup-3\",\"address\":\"z\"}]}");
	fold_upstreams(st, "ok", NOW + 2); /* app-dup-10 has come since, Docker has no app-dup-2 */
	assert_string_equal(table(st), "app ready 10.0.0.2:8080 30 0.3; "
				       "app-dup-2 draining 10.0.0.3:8080 nan nan; "
				       "app-dup-3 down - nan nan; "
				       "app-dup-10 ready 10.0.0.4:8080 10 0.1");
	state_free(st);
}

static void test_a_server_that_docker_does_not_have(void **unused)
{
	struct state *st = state_new("app", NOW);
	const char *one = ",\"containers\":[{\"name\":\"app\",\"state\":\"ready\"}]";

	(void)unused;
	fold_alert(st, "app", 1, one);
	fold_upstreams(st, "ok", NOW + 2); /* they came after the alert */
	assert_non_null(strstr(table(st), "app-dup-2 ready"));
	fold_alert(st, "app", 3, one); /* no */
	assert_non_null(strstr(table(st), "app-dup-2 down"));
	assert_non_null(strstr(table(st), "app ready"));
	state_free(st);
}

static void test_whoever_answers_is_there(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	fold_alert(st, "app", 1,
		   ",\"traffic\":{\"rps\":1,\"in_flight\":1,\"replicas\":["
		   "{\"name\":\"app\",\"address\":\"x\",\"completed_rps\":0},"
		   "{\"address\":\"10.0.0.4:8080\"}]}");
	assert_string_equal(table(st), "app ready - 0 nan");
	state_free(st);
}

static bool is_alive(const struct state *st, size_t i)
{
	return st->daemons.entries[i].alive;
}

static void test_daemons_are_told_when_they_say_something_new(void **unused)
{
	struct state *st = state_new("app", NOW);
	cJSON *o;

	(void)unused;
	assert_int_equal(fold_beat(st, "planner", "ok", 1, NOW), STATE_DAEMON);
	assert_int_equal(fold_beat(st, "monitor", "ok", 1, NOW), STATE_DAEMON << 1);
	assert_int_equal(fold_beat(st, "planner", "ok", 3, NOW + 2), 0);
	o = daemons_json(&st->daemons, 0);
	assert_double_near(json_get(o, "uptime_sec")->valuedouble, 3);
	assert_double_near(json_get(o, "heard_ts")->valuedouble, NOW + 2);
	assert_string_equal(json_str(o, "daemon"), "planner");
	assert_string_equal(json_str(o, "version"), "1.2");
	assert_string_equal(json_str(o, "status"), "ok");
	assert_true(cJSON_IsTrue(json_get(o, "alive")));
	assert_string_equal(json_str(json_get(o, "dependencies")->child, "name"), "redis");
	assert_string_equal(json_str(json_get(o, "advisor"), "mode"), "off");
	assert_null(json_get(o, "id"));
	assert_null(json_get(o, "kind"));
	cJSON_Delete(o);
	assert_int_equal(fold_beat(st, "planner", "degraded", 5, NOW + 4), STATE_DAEMON);
	state_free(st);
}

static void test_daemons_fall_silent_once(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	fold_beat(st, "planner", "ok", 1, NOW);
	fold_beat(st, "monitor", "ok", 1, NOW + 2);
	assert_int_equal(state_look(st, NOW + 4.4), 0);
	assert_int_equal(state_look(st, NOW + 4.5), STATE_DAEMON);
	assert_false(is_alive(st, 0));
	assert_true(is_alive(st, 1));
	assert_int_equal(state_look(st, NOW + 4.6), 0);
	assert_int_equal(state_look(st, NOW + 7), STATE_DAEMON << 1);
	assert_int_equal(fold_beat(st, "planner", "ok", 9, NOW + 8), STATE_DAEMON);
	assert_true(is_alive(st, 0));
	state_free(st);
}

static void test_of_two_of_a_kind_the_one_that_is_well_is_shown(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	fold_beat(st, "watcher", "degraded", 1, NOW);
	assert_int_equal(fold_beat(st, "watcher", "ok", 50, NOW + 1), STATE_DAEMON);
	assert_int_equal(fold_beat(st, "watcher", "degraded", 3, NOW + 2), 0);
	assert_int_equal(fold_beat(st, "watcher", "ok", 52, NOW + 3), 0);
	assert_int_equal(state_look(st, NOW + 7.5), STATE_DAEMON); /* it is gone */
	assert_int_equal(fold_beat(st, "watcher", "degraded", 9, NOW + 8), STATE_DAEMON);
	assert_true(is_alive(st, 0));
	state_free(st);
}

/* As after Redis was away, when what waited comes all at once. */
static void test_beats_that_come_late_are_of_one_daemon(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	fold_beat_late(st, "monitor", "ok", 10, NOW, NOW + 6);
	assert_int_equal(fold_beat_late(st, "monitor", "degraded", 12, NOW + 2, NOW + 6),
			 STATE_DAEMON);
	fold_beat_late(st, "monitor", "ok", 14, NOW + 4, NOW + 6);
	assert_int_equal(fold_beat(st, "monitor", "degraded", 18, NOW + 8), STATE_DAEMON);
	assert_int_equal(fold_beat(st, "monitor", "ok", 30, NOW + 9), STATE_DAEMON); /* another */
	assert_int_equal(fold_beat(st, "monitor", "degraded", 20, NOW + 10), 0);
	state_free(st);
}

static void test_a_clock_set_back_keeps_no_daemon_alive(void **unused)
{
	struct state *st = state_new("app", NOW);

	(void)unused;
	fold_beat(st, "planner", "ok", 1, NOW + 5000);
	assert_int_equal(state_look(st, NOW), 0);
	assert_int_equal(state_look(st, NOW + 5), STATE_DAEMON);
	state_free(st);
}

static void test_daemons_are_bounded_and_so_is_patience(void **unused)
{
	struct state *st = state_new("app", NOW);
	char name[16];

	(void)unused;
	for (int i = 0; i < DAEMONS_MAX + 3; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		assert_int_equal(fold_beat(st, name, "ok", 1, NOW),
				 i < DAEMONS_MAX ? STATE_DAEMON << i : 0);
	}
	assert_int_equal(st->daemons.n, DAEMONS_MAX);
	state_look(st, NOW + 9); /* all are silent, and make room */
	assert_int_equal(fold_beat(st, "late", "ok", 1, NOW + 9), STATE_DAEMON);
	assert_int_equal(fold_beat(st, "later", "ok", 1, NOW + 9), STATE_DAEMON << 1);
	assert_string_equal(st->daemons.entries[0].beat.daemon, "late");
	assert_int_equal(fold_beat(st, "d0", "ok", 1, NOW), STATE_DAEMON << 2);
	assert_int_equal(fold_beat(st, "d1", "ok", 1, NOW), STATE_DAEMON << 3);
	fold_at(st, CHANNEL_HEARTBEATS,
		"{\"kind\":\"heartbeat\",\"daemon\":\"d0\",\"status\":\"ok\",\"every_sec\":1e6}",
		NOW);
	fold_at(st, CHANNEL_HEARTBEATS,
		"{\"kind\":\"heartbeat\",\"daemon\":\"d1\",\"status\":\"ok\"}", NOW);
	state_look(st, NOW + 134);
	assert_true(is_alive(st, 2));
	assert_false(is_alive(st, 3));
	state_look(st, NOW + 136);
	assert_false(is_alive(st, 2));
	state_free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_containers_alone),
		cmocka_unit_test(test_upstreams_alone),
		cmocka_unit_test(test_all_together),
		cmocka_unit_test(test_a_server_that_docker_does_not_have),
		cmocka_unit_test(test_whoever_answers_is_there),
		cmocka_unit_test(test_daemons_are_told_when_they_say_something_new),
		cmocka_unit_test(test_daemons_fall_silent_once),
		cmocka_unit_test(test_of_two_of_a_kind_the_one_that_is_well_is_shown),
		cmocka_unit_test(test_beats_that_come_late_are_of_one_daemon),
		cmocka_unit_test(test_a_clock_set_back_keeps_no_daemon_alive),
		cmocka_unit_test(test_daemons_are_bounded_and_so_is_patience),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
