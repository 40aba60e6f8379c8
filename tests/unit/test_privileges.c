/* Which templates are not copied unless that is allowed. */
#include "tests/unit/unit.h"

#include "common/json.h"
#include "executor/privileges.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int check(const char *host, const char *mounts, struct clone_error *ret_error)
{
	char text[1024];
	cJSON *inspect;
	int err;

	snprintf(text, sizeof(text), "{\"HostConfig\":%s,\"Mounts\":%s}", host, mounts);
	assert_int_equal(json_parse_exact(text, strlen(text), &inspect), 0);
	err = privileges_check(inspect, ret_error);
	cJSON_Delete(inspect);
	return err;
}

static void harmless_ones_pass(void **state)
{
	static const char *const hosts[] = {
		"{}",
		"{\"Privileged\":false,\"Binds\":null,\"Mounts\":null}",
		"{\"Binds\":[\"/srv/data:/data\",\"/run/app:/run\",\"docker.sock:/x\"]}",
		"{\"Binds\":[\"/var/lib/app:/var/run/docker.sock\",\"/runner:/r\"]}",
		"{\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"run\",\"Target\":\"/x\"}]}",
		"{\"PidMode\":\"\",\"IpcMode\":\"private\",\"NetworkMode\":\"bridge\"}",
		"{\"IpcMode\":\"shareable\",\"PidMode\":\"container:host\"}",
	};
	struct clone_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		assert_int_equal(check(hosts[i], "[]", &error), 0);
	assert_int_equal(check("{}", "[{\"Type\":\"bind\",\"Source\":\"/srv/run\"}]", &error), 0);
	assert_int_equal(check("{}", "null", &error), 0);
}

static void dangerous_ones_are_named(void **state)
{
	static const struct {
		const char *host, *mounts, *said;
	} rows[] = {
		{"{\"Privileged\":true}", "[]", "privileged"},
		{"{\"Binds\":[\"/a:/a\",\"/var/run/docker.sock:/var/run/docker.sock\"]}", "[]",
		 "socket"},
		{"{\"Binds\":[\"/run/docker.sock:/d.sock:ro\"]}", "[]", "socket"},
		{"{\"Binds\":[\"/srv/proxy/docker.sock:/d.sock\"]}", "[]", "socket"},
		{"{\"Binds\":[\"/run/containerd/containerd.sock:/c\"]}", "[]", "socket"},
		{"{\"Binds\":[\"/:/host:ro\"]}", "[]", "socket"},
		{"{\"Binds\":[\"/var/run/:/r\"]}", "[]", "socket"},
		{"{\"Binds\":[\"/var:/v\"]}", "[]", "socket"},
		{"{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/run\",\"Target\":\"/r\"}]}", "[]",
		 "socket"},
		/* by way of another container's volumes */
		{"{\"VolumesFrom\":[\"tools\"]}",
		 "[{\"Type\":\"bind\",\"Source\":\"/var/run/docker.sock\"}]", "socket"},
		{"{\"PidMode\":\"host\"}", "[]", "pid: host"},
		{"{\"IpcMode\":\"host\"}", "[]", "ipc: host"},
	};
	struct clone_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(check(rows[i].host, rows[i].mounts, &error), -EACCES);
		assert_non_null(strstr(error.text, rows[i].said));
		assert_non_null(strstr(error.text, "ALLOW_PRIVILEGED_TEMPLATE=true"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harmless_ones_pass),
		cmocka_unit_test(dangerous_ones_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
