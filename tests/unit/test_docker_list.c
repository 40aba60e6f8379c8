/* Shell. Unit tests of common/docker_codec: the list of containers.  docker_list_20_10.json is what
 * an engine said; docker_list_29.json is written after the API's newer form. */
#include "common/docker_codec.h"

#include "common/json.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))
#define ID       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int decode_text(const char *text, struct docker_container **ret, size_t *ret_n)
{
	cJSON *root = NULL;
	int err = json_parse_exact(text, strlen(text), &root);

	assert_int_equal(err, 0);
	err = docker_list_decode(root, ret, ret_n);
	cJSON_Delete(root);
	return err;
}

static struct docker_container *decode_recording(const char *path, size_t n)
{
	static char text[64 * 1024];
	struct docker_container *list = NULL;
	size_t ret_n = 0;
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	size_t len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	assert_int_equal(decode_text(text, &list, &ret_n), 0);
	assert_int_equal(ret_n, n);
	return list;
}

struct expected {
	const char *id; /* its beginning */
	const char *name;
	enum docker_state state;
	enum docker_health health;
	int64_t created_sec;
	bool is_target;
	const char *replica_of;
	struct docker_network networks[2];
	size_t networks_n;
};

static void assert_container(const struct docker_container *c, const struct expected *e)
{
	assert_int_equal(strlen(c->id), DOCKER_ID_MAX - 1);
	assert_memory_equal(c->id, e->id, strlen(e->id));
	assert_string_equal(c->name, e->name);
	assert_int_equal(c->state, e->state);
	assert_int_equal(c->health, e->health);
	assert_int_equal(c->created_sec, e->created_sec);
	assert_int_equal(c->is_target, e->is_target);
	assert_string_equal(c->replica_of, e->replica_of);
	assert_int_equal(c->networks_n, e->networks_n);
	for (size_t i = 0; i < e->networks_n; i++) {
		assert_string_equal(c->networks[i].name, e->networks[i].name);
		assert_string_equal(c->networks[i].address, e->networks[i].address);
	}
}

static void assert_recording(const char *path, const struct expected *expected, size_t n)
{
	struct docker_container *list = decode_recording(path, n);

	for (size_t i = 0; i < n; i++)
		assert_container(&list[i], &expected[i]);
	free(list);
}

static void list_of_engine_20_10(void **state)
{
	static const struct expected expected[] = {
		{"45310f",
		 "app",
		 DOCKER_RUNNING,
		 DOCKER_HEALTHY,
		 1795465510,
		 true,
		 "",
		 {{"back", "10.213.5.2"}, {"front", "10.213.4.2"}},
		 2},
		{"1fefb9",
		 "app-dup-4",
		 DOCKER_CREATED,
		 DOCKER_HEALTH_NONE,
		 1795465483,
		 false,
		 "app",
		 {{"back", ""}, {"front", ""}},
		 2},
		{"c6d9a4",
		 "app-drain-3",
		 DOCKER_EXITED,
		 DOCKER_HEALTH_NONE,
		 1795465483,
		 false,
		 "app",
		 {{"back", ""}, {"front", ""}},
		 2},
		{"e7c0a9",
		 "app-dup-2",
		 DOCKER_RUNNING,
		 DOCKER_HEALTH_STARTING,
		 1795465483,
		 false,
		 "app",
		 {{"back", "10.213.5.4"}, {"front", "10.213.4.4"}},
		 2},
		{"c9a347",
		 "app-dup-1",
		 DOCKER_PAUSED,
		 DOCKER_HEALTH_NONE,
		 1795465483,
		 false,
		 "app",
		 {{"back", "10.213.5.3"}, {"front", "10.213.4.3"}},
		 2},
	};

	(void)state;
	assert_recording("tests/unit/data/docker_list_20_10.json", expected, N(expected));
}

static void list_of_engine_29(void **state)
{
	static const struct expected expected[] = {
		{"a1a1",
		 "app",
		 DOCKER_RUNNING,
		 DOCKER_HEALTHY,
		 1795465510,
		 true,
		 "",
		 {{"shop_back", "172.21.0.9"}, {"shop_front", "172.20.0.2"}},
		 2},
		{"b2b2",
		 "app-dup-1",
		 DOCKER_RUNNING,
		 DOCKER_UNHEALTHY,
		 1795465600,
		 false,
		 "app",
		 {{"shop_front", "fd00:20::7"}},
		 1},
		{"c3c3",
		 "app-dup-2",
		 DOCKER_REMOVING,
		 DOCKER_HEALTH_NONE,
		 1795465700,
		 false,
		 "app",
		 {{"shop_front", ""}},
		 1},
		{"d4d4",
		 "batch",
		 DOCKER_DEAD,
		 DOCKER_HEALTH_NONE,
		 1795465800,
		 false,
		 "",
		 {{"", ""}},
		 0},
		{"e5e5",
		 "odd",
		 DOCKER_OTHER,
		 DOCKER_HEALTH_NONE,
		 1795465900,
		 false,
		 "",
		 {{"", ""}},
		 0},
		{"f6f6",
		 "lb",
		 DOCKER_RESTARTING,
		 DOCKER_HEALTH_NONE,
		 1795466000,
		 false,
		 "",
		 {{"host", ""}},
		 1},
	};

	(void)state;
	assert_recording("tests/unit/data/docker_list_29.json", expected, N(expected));
}

static void list_may_be_empty(void **state)
{
	struct docker_container dummy, *list = &dummy;
	size_t n = 9;

	(void)state;
	assert_int_equal(decode_text("[]", &list, &n), 0);
	assert_null(list);
	assert_int_equal(n, 0);
}

static void list_needs_only_ids(void **state)
{
	struct docker_container *list;
	size_t n;

	(void)state;
	assert_int_equal(decode_text("[{\"Id\":\"" ID "\"},{\"Id\":\"" ID "\",\"Names\":null,"
				     "\"State\":null,\"Labels\":null,\"NetworkSettings\":null}]",
				     &list, &n),
			 0);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(list[i].id, ID);
		assert_string_equal(list[i].name, "");
		assert_int_equal(list[i].state, DOCKER_OTHER);
		assert_int_equal(list[i].networks_n, 0);
	}
	free(list);
}

static void list_refuses_wrong_types(void **state)
{
	static const char *const members[] = {
		"\"Names\":\"/app\"",
		"\"Names\":[7]",
		"\"Names\":{}",
		"\"State\":7",
		"\"State\":{}",
		"\"Status\":[]",
		"\"Status\":true",
		"\"Created\":\"yesterday\"",
		"\"Created\":1.5",
		"\"Created\":-1",
		"\"Created\":99999999999999999999",
		"\"Labels\":[]",
		"\"Labels\":\"agentic.target=true\"",
		"\"NetworkSettings\":{\"Networks\":[]}",
		"\"NetworkSettings\":{\"Networks\":{\"n\":null}}",
		"\"NetworkSettings\":{\"Networks\":{\"n\":{\"IPAddress\":7}}}",
		"\"NetworkSettings\":{\"Networks\":{\"n\":{\"IPAddress\":\"10.0.0.256\"}}}",
		"\"NetworkSettings\":{\"Networks\":{\"n\":{\"IPAddress\":\"1.2.3.4; x\"}}}",
	};
	static const char *const lists[] = {
		"{}",
		"null",
		"7",
		"\"x\"",
		"[7]",
		"[null]",
		"[[]]",
		"[{}]",
		"[{\"Id\":7}]",
		"[{\"Id\":\"\"}]",
		"[{\"Id\":\"../x\"}]",
		"[{\"Id\":\"ABC\"}]",
		"[{\"Id\":\"" ID "0\"}]",
	};
	struct docker_container dummy, *list = &dummy;
	size_t n = 9;
	char text[512];

	(void)state;
	for (size_t i = 0; i < N(members); i++) {
		snprintf(text, sizeof(text), "[{\"Id\":\"" ID "\"},{\"Id\":\"" ID "\",%s}]",
			 members[i]);
		assert_int_equal(decode_text(text, &list, &n), -EBADMSG);
	}
	for (size_t i = 0; i < N(lists); i++)
		assert_int_equal(decode_text(lists[i], &list, &n), -EBADMSG);
	assert_int_equal(docker_list_decode(NULL, &list, &n), -EBADMSG);
	assert_ptr_equal(list, &dummy);
	assert_int_equal(n, 9);
}

static void list_is_bounded(void **state)
{
	for (int n = DOCKER_CONTAINERS_MAX; n <= DOCKER_CONTAINERS_MAX + 1; n++) {
		cJSON *root = cJSON_CreateArray();
		struct docker_container *list = NULL;
		size_t ret_n = 0;

		for (int i = 0; i < n; i++) {
			cJSON *item = cJSON_CreateObject();

			cJSON_AddStringToObject(item, "Id", ID);
			cJSON_AddItemToArray(root, item);
		}
		assert_int_equal(docker_list_decode(root, &list, &ret_n),
				 n == DOCKER_CONTAINERS_MAX ? 0 : -EBADMSG);
		assert_int_equal(ret_n, n == DOCKER_CONTAINERS_MAX ? n : 0);
		free(list);
		cJSON_Delete(root);
	}
	(void)state;
}

/* The first sixteen by name, whatever order they come in. */
static void networks_are_sorted_and_bounded(void **state)
{
	struct docker_container *list;
	struct buf text;
	char name[16];
	size_t n;

	(void)state;
	buf_init(&text, 64 * 1024);
	buf_puts(&text, "[{\"Id\":\"" ID "\",\"NetworkSettings\":{\"Networks\":{");
	for (int i = 0; i < 40; i++) /* 7 and 40 have no common factor: every number once */
		buf_printf(&text, "%s\"n%02d\":{\"IPAddress\":\"10.0.0.%d\"}", i > 0 ? "," : "",
			   i * 7 % 40, i * 7 % 40);
	buf_puts(&text, "}}}]");
	assert_int_equal(decode_text(text.data, &list, &n), 0);
	assert_int_equal(list[0].networks_n, DOCKER_NETWORKS_MAX);
	for (int i = 0; i < DOCKER_NETWORKS_MAX; i++) {
		snprintf(name, sizeof(name), "n%02d", i);
		assert_string_equal(list[0].networks[i].name, name);
	}
	assert_string_equal(list[0].networks[15].address, "10.0.0.15");
	free(list);
	buf_free(&text);
}

static void names_are_checked(void **state)
{
	static const struct {
		const char *names, *name;
	} cases[] = {
		{"[\"/app\"]", "app"},
		{"[\"/a.B_c-9\"]", "a.B_c-9"},
		{"[\"/x/alias\",\"/app\"]", "app"}, /* a legacy link first */
		{"[\"/x/alias\"]", ""},
		{"[]", ""},
		{"[\"app\"]", ""},
		{"[\"/\"]", ""},
		{"[\"/-app\"]", ""},
		{"[\"/app;rm\"]", ""},
		{"[\"/app\\n\"]", ""},
		{"[\"/\\u00e4pp\"]", ""},
	};
	struct docker_container *list;
	char text[512];
	size_t n;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		snprintf(text, sizeof(text), "[{\"Id\":\"" ID "\",\"Names\":%s}]", cases[i].names);
		assert_int_equal(decode_text(text, &list, &n), 0);
		assert_string_equal(list[0].name, cases[i].name);
		free(list);
	}
}

static void long_names_are_none(void **state)
{
	for (size_t len = REPLICA_NAME_MAX - 1; len <= REPLICA_NAME_MAX; len++) {
		char text[512], name[REPLICA_NAME_MAX + 1] = "";
		struct docker_container *list;
		size_t n;

		memset(name, 'a', len);
		snprintf(text, sizeof(text),
			 "[{\"Id\":\"" ID "\",\"Names\":[\"/%s\"],"
			 "\"Labels\":{\"agentic.replica-of\":\"%s\"}}]",
			 name, name);
		assert_int_equal(decode_text(text, &list, &n), 0);
		assert_string_equal(list[0].name, len < REPLICA_NAME_MAX ? name : "");
		assert_string_equal(list[0].replica_of, len < REPLICA_NAME_MAX ? name : "");
		free(list);
	}
	(void)state;
}

static void labels_are_taken_literally(void **state)
{
	static const struct {
		const char *labels;
		bool is_target;
		const char *replica_of;
	} cases[] = {
		{"{\"agentic.target\":\"true\"}", true, ""},
		{"{\"agentic.target\":\"True\"}", false, ""},
		{"{\"agentic.target\":true}", false, ""},
		{"{\"Agentic.Target\":\"true\"}", false, ""},
		{"{\"agentic.replica-of\":\"app\"}", false, "app"},
		{"{\"agentic.replica-of\":\"a/b\"}", false, ""},
		{"{\"agentic.replica-of\":7}", false, ""},
	};
	struct docker_container *list;
	char text[512];
	size_t n;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		snprintf(text, sizeof(text), "[{\"Id\":\"" ID "\",\"Labels\":%s}]",
			 cases[i].labels);
		assert_int_equal(decode_text(text, &list, &n), 0);
		assert_int_equal(list[0].is_target, cases[i].is_target);
		assert_string_equal(list[0].replica_of, cases[i].replica_of);
		free(list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_of_engine_20_10),
		cmocka_unit_test(list_of_engine_29),
		cmocka_unit_test(list_may_be_empty),
		cmocka_unit_test(list_needs_only_ids),
		cmocka_unit_test(list_refuses_wrong_types),
		cmocka_unit_test(list_is_bounded),
		cmocka_unit_test(networks_are_sorted_and_bounded),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(long_names_are_none),
		cmocka_unit_test(labels_are_taken_literally),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
