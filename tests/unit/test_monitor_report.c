/* The alert of a window. */
#include "tests/unit/unit.h"

#include "monitor/report.h"

#include <string.h>

static char target[] = "app", url[] = "http://lb:8083/";
static const struct monitor_config config = {
	.target = target, .target_url = url, .sample_interval_sec = 3};
static const struct window_summary probes = {
	.requests = 40, .success_rate = 0.5, .avg_ms = 1, .p50_ms = 2, .p95_ms = 3, .p99_ms = 4};

static void has_the_probes_alone_without_telemetry(void **state)
{
	(void)state;
	const struct message_upstreams none = {0};
	const struct report report = {
		.probes = &probes, .upstreams = &none, .replicas = 3, .ready = -1};
	struct message_alert alert;

	report_alert(&config, &report, &alert);
	assert_string_equal(alert.target, "app");
	assert_string_equal(alert.endpoint, "http://lb:8083/");
	assert_double_near(alert.window_sec, 3);
	assert_int_equal(alert.requests, 40);
	assert_double_near(alert.success_rate, 0.5);
	assert_double_near(alert.avg_ms, 1);
	assert_double_near(alert.p50_ms, 2);
	assert_double_near(alert.p95_ms, 3);
	assert_double_near(alert.p99_ms, 4);
	assert_int_equal(alert.replicas, 3);
	assert_int_equal(alert.ready, -1);
	assert_false(alert.traffic.present);
	assert_int_equal(alert.by_replica_n, 0);
	assert_int_equal(alert.containers_n, 0);
}

static void names_replicas_by_their_address(void **state)
{
	(void)state;
	struct message_server servers[] = {{.name = "app", .address = "10.0.0.2:8080"},
					   {.name = "app-dup-1", .address = "10.0.0.3:8080"}};
	const struct message_upstreams upstreams = {.servers = servers, .servers_n = 2};
	static struct traffic_figures traffic = {
		.total = {.present = true, .rps = 150},
		.by_replica = {{.address = "10.0.0.3:8080"}, {.address = "10.0.0.30:8080"}},
		.by_replica_n = 2,
	};
	const struct report report = {
		.probes = &probes, .traffic = &traffic, .upstreams = &upstreams};
	struct message_alert alert;

	strcpy(traffic.by_replica[1].name, "of another window");
	report_alert(&config, &report, &alert);
	assert_true(alert.traffic.present);
	assert_double_near(alert.traffic.rps, 150);
	assert_int_equal(alert.by_replica_n, 2);
	assert_string_equal(alert.by_replica[0].name, "app-dup-1");
	assert_string_equal(alert.by_replica[1].name, "");
}

static void has_the_containers_with_those_in_rotation(void **state)
{
	(void)state;
	struct message_server servers[] = {{.name = "app", .address = "10.0.0.2:8080"}};
	const struct message_upstreams upstreams = {.servers = servers, .servers_n = 1};
	struct message_container containers[] = {{"app", CONTAINER_STARTING, 10},
						 {"app-dup-1", CONTAINER_READY, 20}};
	const struct report report = {
		.probes = &probes,
		.upstreams = &upstreams,
		.containers = containers,
		.containers_n = 2,
	};
	struct message_alert alert;

	report_alert(&config, &report, &alert);
	assert_int_equal(alert.containers_n, 2);
	assert_string_equal(alert.containers[0].name, "app");
	assert_int_equal(alert.containers[0].state, CONTAINER_READY);
	assert_int_equal(alert.containers[1].state, CONTAINER_STARTING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_probes_alone_without_telemetry),
		cmocka_unit_test(names_replicas_by_their_address),
		cmocka_unit_test(has_the_containers_with_those_in_rotation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
