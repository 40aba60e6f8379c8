/* The body that creates a replica, against recordings: Docker 20.10.24 (API 1.41, docker-compose
 * 1.29) as it came, and Docker 26.1 (API 1.44, Compose 2.26), adapted from it by hand. */
#include "tests/unit/unit.h"

#include "common/json.h"
#include "executor/clone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA "tests/unit/data/"

static cJSON *parse(const char *text)
{
	cJSON *root;

	assert_int_equal(json_parse_exact(text, strlen(text), &root), 0);
	return root;
}

static cJSON *load(const char *path)
{
	static char text[256 * 1024];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return parse(text);
}

static void assert_json(const cJSON *got, const cJSON *expected)
{
	char *a = json_print(got), *b = json_print(expected);

	assert_string_equal(a, b);
	free(a);
	free(b);
}

static void golden(const char *inspect_path, const char *expect_path, bool many_networks)
{
	cJSON *inspect = load(inspect_path), *expect = load(expect_path);
	struct clone clone;
	struct clone_error error;

	assert_int_equal(clone_make(inspect, "app", 3, many_networks, &clone, &error), 0);
	assert_json(clone.body, json_get(expect, "body"));
	assert_json(clone.connects, json_get(expect, "connects"));
	clone_done(&clone);
	cJSON_Delete(inspect);
	cJSON_Delete(expect);
}

/* env, a fixed and a free host port, two networks with a static address and aliases, an unlimited
 * ulimit, named, bound and anonymous volumes, a health check, compose labels */
static void copies_what_docker_20_10_says(void **state)
{
	(void)state;
	golden(DATA "inspect_20_10.json", DATA "inspect_20_10_expect.json", false);
}

/* several networks at once, mounts, annotations, driver options, a MAC address, an integer beyond
 * 2^53 */
static void copies_what_docker_26_1_says(void **state)
{
	(void)state;
	golden(DATA "inspect_26_1.json", DATA "inspect_26_1_expect.json", true);
}

/* ${config}, ${host} and ${networks} are JSON; the clone is number 1 of "app". */
static int make(const char *config, const char *host, const char *networks, struct clone *ret,
		struct clone_error *ret_error)
{
	char text[4096];
	cJSON *inspect;
	int err;

	snprintf(text, sizeof(text),
		 "{\"Image\":\"sha256:1\",\"Config\":%s,\"HostConfig\":%s,"
		 "\"NetworkSettings\":{\"Networks\":%s}}",
		 config, host, networks);
	inspect = parse(text);
	err = clone_make(inspect, "app", 1, false, ret, ret_error);
	cJSON_Delete(inspect);
	return err;
}

static const char *text_at(const cJSON *o, const char *name)
{
	const char *s = json_str(o, name);

	return s != NULL ? s : "(none)";
}

/* One row for each way a network can be meant. */
static void finds_the_network_to_create_with(void **state)
{
	(void)state;
	static const struct {
		const char *host, *networks, *mode, *connects;
	} rows[] = {
		{"{\"NetworkMode\":\"default\"}", "{\"bridge\":{}}", "bridge", "[]"},
		{"{\"NetworkMode\":\"bridge\"}", "{\"bridge\":{}}", "bridge", "[]"},
		{"{}", "{\"bridge\":{}}", "bridge", "[]"},
		{"{\"NetworkMode\":\"b\"}", "{\"a\":{},\"b\":{}}", "b",
		 "[{\"body\":{\"EndpointConfig\":{}},\"network\":\"a\"}]"},
		{"{\"NetworkMode\":\"beef01\"}",
		 "{\"a\":{\"NetworkID\":\"cafe\"},\"b\":{\"NetworkID\":\"beef01\"}}", "b",
		 "[{\"body\":{\"EndpointConfig\":{}},\"network\":\"a\"}]"},
		{"{\"NetworkMode\":\"left\"}", "{\"a\":{}}", "a", "[]"},
		{"{\"NetworkMode\":\"none\"}", "{\"none\":{}}", "none", "[]"},
		{"{\"NetworkMode\":\"gone\"}", "{}", "gone", "[]"},
		{"{\"NetworkMode\":\"gone\"}", "null", "gone", "[]"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct clone clone;
		struct clone_error error;

		assert_int_equal(make("{}", rows[i].host, rows[i].networks, &clone, &error), 0);
		assert_string_equal(text_at(json_get(clone.body, "HostConfig"), "NetworkMode"),
				    rows[i].mode);
		cJSON *expect = parse(rows[i].connects);
		assert_true(cJSON_Compare(clone.connects, expect, true));
		cJSON_Delete(expect);
		clone_done(&clone);
	}
}

static void refuses_what_there_can_be_only_one_of(void **state)
{
	(void)state;
	static const struct {
		const char *config, *host, *networks;
		int err;
		const char *word;
	} rows[] = {
		{"{}", "{\"NetworkMode\":\"host\"}", "{}", -ENOTSUP, "host's network"},
		{"{}", "{\"NetworkMode\":\"12ab\"}", "{\"host\":{\"NetworkID\":\"12ab\"}}",
		 -ENOTSUP, "host's network"},
		{"{}", "{\"NetworkMode\":\"container:beef\"}", "{}", -ENOTSUP, "another container"},
		{"{\"Labels\":{\"com.docker.swarm.task.id\":\"x\"}}", "{}", "{}", -ENOTSUP,
		 "Swarm"},
		{"null", "{}", "{}", -EBADMSG, "Config"},
		{"{}", "[]", "{}", -EBADMSG, "HostConfig"},
		{"{\"Labels\":[\"tier\"]}", "{}", "{}", -EBADMSG, "Labels"},
		{"{}", "{}", "[{}]", -EBADMSG, "Networks"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct clone clone;
		struct clone_error error;

		assert_int_equal(
			make(rows[i].config, rows[i].host, rows[i].networks, &clone, &error),
			rows[i].err);
		assert_non_null(strstr(error.text, rows[i].word));
	}
}

static void needs_the_image(void **state)
{
	(void)state;
	cJSON *inspect = parse("{\"Config\":{},\"HostConfig\":{}}");
	struct clone clone;
	struct clone_error error;

	assert_int_equal(clone_make(inspect, "app", 1, false, &clone, &error), -EBADMSG);
	cJSON_Delete(inspect);
}

/* A template that carries our label (a replica that was made the template), and one without any
 * labels. */
static void labels_say_whose_replica_it_is(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"{\"Labels\":{\"agentic.replica-of\":\"other\",\"agentic.target\":\"true\"}}",
		"{\"Labels\":null}",
		"{}",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct clone clone;
		struct clone_error error;
		cJSON *expect = parse("{\"agentic.replica-of\":\"app\"}");

		assert_int_equal(make(rows[i], "{}", "{}", &clone, &error), 0);
		assert_json(json_get(clone.body, "Labels"), expect);
		cJSON_Delete(expect);
		clone_done(&clone);
	}
}

/* What compose v1 left of an anonymous volume becomes a fresh one even where the image declares
 * none; a name that only looks like an id stays what it is. */
static void renews_anonymous_volumes(void **state)
{
	(void)state;
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	struct clone clone;
	struct clone_error error;
	cJSON *binds = parse("[\"" HEX64 "0:/b\",\"named:/c\"]");
	cJSON *volumes = parse("{\"/a\":{}}");

	assert_int_equal(make("{}",
			      "{\"Binds\":[\"" HEX64 ":/a:rw\",\"" HEX64 "0:/b\",\"named:/c\"]}",
			      "{}", &clone, &error),
			 0);
	assert_json(json_path(clone.body, "HostConfig", "Binds", NULL), binds);
	assert_json(json_get(clone.body, "Volumes"), volumes);
	cJSON_Delete(binds);
	cJSON_Delete(volumes);
	clone_done(&clone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_what_docker_20_10_says),
		cmocka_unit_test(copies_what_docker_26_1_says),
		cmocka_unit_test(finds_the_network_to_create_with),
		cmocka_unit_test(refuses_what_there_can_be_only_one_of),
		cmocka_unit_test(needs_the_image),
		cmocka_unit_test(labels_say_whose_replica_it_is),
		cmocka_unit_test(renews_anonymous_volumes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
