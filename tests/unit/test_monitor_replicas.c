/* Which containers and servers the monitor counts and lists. */
#include "tests/unit/unit.h"

#include "common/mem.h"
#include "monitor/replicas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void counts_running_template_and_replicas_only(void **state)
{
	(void)state;
	const struct docker_container list[] = {
		{.name = "app", .state = DOCKER_RUNNING},
		{.name = "app-dup-1", .state = DOCKER_RUNNING},
		{.name = "app-dup-2", .state = DOCKER_EXITED},
		{.name = "app-dup-3", .state = DOCKER_PAUSED},
		{.name = "app-drain-4", .state = DOCKER_RUNNING},
		{.name = "myapp", .state = DOCKER_RUNNING},
		{.name = "app-dup-x", .state = DOCKER_RUNNING},
		{.name = "", .state = DOCKER_RUNNING},
	};

	assert_int_equal(replicas_running(list, sizeof(list) / sizeof(*list), "app"), 2);
	assert_int_equal(replicas_running(list, sizeof(list) / sizeof(*list), "myapp"), 1);
	assert_int_equal(replicas_running(NULL, 0, "app"), 0);
}

static void counts_servers_of_its_own_target(void **state)
{
	(void)state;
	struct message_server servers[] = {{.name = "app"}, {.name = "app-dup-7"}, {.name = "x"}};
	struct message_upstreams m = {.target = "app", .servers = servers, .servers_n = 3};

	assert_int_equal(replicas_in_rotation(&m, "app"), 2);
	assert_int_equal(replicas_in_rotation(&m, "shop"), -1);
	m.servers_n = 0;
	assert_int_equal(replicas_in_rotation(&m, "app"), 0);
}

static void lists_all_containers_of_its_own_target(void **state)
{
	(void)state;
	const struct docker_container list[] = {
		{.name = "app-drain-4", .state = DOCKER_RUNNING, .created_sec = 40},
		{.name = "app-dup-10", .state = DOCKER_RUNNING, .created_sec = 100},
		{.name = "myapp", .state = DOCKER_RUNNING},
		{.name = "app-dup-9", .state = DOCKER_CREATED},
		{.name = "app-drain-0", .state = DOCKER_EXITED},
		{.name = "app", .state = DOCKER_RUNNING, .created_sec = 10},
		{.name = "app-dup-2", .state = DOCKER_EXITED, .created_sec = 20},
		{.name = "app-dup-3", .state = DOCKER_PAUSED, .created_sec = 30},
		{.name = ""},
	};
	static const struct message_container expected[] = {
		{"app", CONTAINER_STARTING, 10},         {"app-dup-2", CONTAINER_DOWN, 20},
		{"app-dup-3", CONTAINER_DOWN, 30},       {"app-dup-9", CONTAINER_DOWN, NAN},
		{"app-dup-10", CONTAINER_STARTING, 100}, {"app-drain-0", CONTAINER_DRAINING, NAN},
		{"app-drain-4", CONTAINER_DRAINING, 40},
	};
	struct message_container found[MESSAGE_CONTAINERS_MAX];
	size_t n = replicas_list(list, sizeof(list) / sizeof(*list), "app", found);

	assert_int_equal(n, sizeof(expected) / sizeof(*expected));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(found[i].name, expected[i].name);
		assert_int_equal(found[i].state, expected[i].state);
		if (isnan(expected[i].created_ts))
			assert_true(isnan(found[i].created_ts));
		else
			assert_true(found[i].created_ts == expected[i].created_ts);
	}
	assert_int_equal(replicas_list(NULL, 0, "app", found), 0);
}

/* As Docker lists them: the newest first, so that those that stay come last. */
static void lists_the_first_of_too_many(void **state)
{
	(void)state;
	size_t n = MESSAGE_CONTAINERS_MAX + 10;
	struct docker_container *list = xcalloc(n, sizeof(*list));
	struct message_container found[MESSAGE_CONTAINERS_MAX];
	char name[REPLICA_NAME_MAX];

	for (size_t i = 0; i < n; i++)
		replica_format("app", i == n - 1 ? REPLICA_TEMPLATE : REPLICA_DUP, (int)(n - i),
			       list[i].name);
	for (int turn = 0; turn < 2; turn++) {
		assert_int_equal(replicas_list(list, n, "app", found), MESSAGE_CONTAINERS_MAX);
		assert_string_equal(found[0].name, "app");
		for (int i = 1; i < MESSAGE_CONTAINERS_MAX; i++) {
			replica_format("app", REPLICA_DUP, i + 1, name);
			assert_string_equal(found[i].name, name);
		}
		for (size_t i = 0; i < n / 2; i++) { /* and the other way round */
			struct docker_container other = list[i];

			list[i] = list[n - 1 - i];
			list[n - 1 - i] = other;
		}
	}
	free(list);
}

static void marks_what_runs_and_is_in_rotation(void **state)
{
	(void)state;
	struct message_server servers[] = {
		{.name = "app"}, {.name = "app-dup-2"}, {.name = "app-drain-3"}};
	struct message_upstreams m = {.target = "app", .servers = servers, .servers_n = 3};
	struct message_container all[] = {{"app", CONTAINER_STARTING, 1},
					  {"app-dup-1", CONTAINER_READY, 1},
					  {"app-dup-2", CONTAINER_DOWN, 1},
					  {"app-drain-3", CONTAINER_DRAINING, 1}};

	replicas_mark(all, 4, &m);
	assert_int_equal(all[0].state, CONTAINER_READY);
	assert_int_equal(all[1].state, CONTAINER_STARTING);
	assert_int_equal(all[2].state, CONTAINER_DOWN);
	assert_int_equal(all[3].state, CONTAINER_DRAINING);
	m.servers_n = 0;
	replicas_mark(all, 4, &m);
	assert_int_equal(all[0].state, CONTAINER_STARTING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_running_template_and_replicas_only),
		cmocka_unit_test(counts_servers_of_its_own_target),
		cmocka_unit_test(lists_all_containers_of_its_own_target),
		cmocka_unit_test(lists_the_first_of_too_many),
		cmocka_unit_test(marks_what_runs_and_is_in_rotation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
