/* Which containers and servers the monitor counts. */
#include "tests/unit/unit.h"

#include "monitor/replicas.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_running_template_and_replicas_only),
		cmocka_unit_test(counts_servers_of_its_own_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
