/* The upstream file: golden text, and back. */
#include "tests/unit/unit.h"

#include "common/mem.h"
#include "tests/unit/watcher_lists.h"
#include "watcher/upstreams.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct message_server three[] = {
	{"my-app.v2", "10.0.0.3:8080", "id-a"},
	{"my-app.v2-dup-2", "10.0.0.12:8080", "id-b"},
	{"my-app.v2-dup-10", "[fd00::7]:8080", "id-c"},
};
static const struct upstreams none = {0}, all_three = {three, 3};

static char *read_file(const char *path)
{
	char *text = xcalloc(1, 65536);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_not_equal(fread(text, 1, 65535, file), 0);
	fclose(file);
	return text;
}

static void assert_renders(int generation, const struct upstreams *u, const char *path)
{
	char *golden = read_file(path);
	struct buf text;

	buf_init(&text, UPSTREAMS_FILE_MAX);
	upstreams_render(generation, u, &text);
	assert_string_equal(buf_text(&text), golden);
	buf_free(&text);
	free(golden);
}

static void the_text_is_golden(void **state)
{
	(void)state;
	assert_renders(17, &all_three, "tests/unit/data/upstreams_three.conf");
}

static void without_replicas_it_is_the_file_that_is_shipped(void **state)
{
	(void)state;
	assert_renders(0, &none, "tests/unit/data/upstreams_none.conf");
	assert_renders(0, &none, "nginx/conf.d/agentic-upstreams.conf");
}

static void what_is_written_can_be_read(void **state)
{
	(void)state;
	char *text = read_file("tests/unit/data/upstreams_three.conf");
	struct upstreams u = {0};
	int generation = -1;

	assert_int_equal(upstreams_parse(text, &generation, &u), 0);
	assert_int_equal(generation, 17);
	assert_true(upstreams_same_file(&u, &all_three));
	assert_string_equal(u.servers[0].id, "");
	free(text);

	text = read_file("tests/unit/data/upstreams_none.conf");
	assert_int_equal(upstreams_parse(text, &generation, &u), 0);
	assert_int_equal(generation, 0);
	assert_int_equal(u.n, 0);
	free(text);
	upstreams_free(&u);
}

static void as_many_as_there_may_be_fit(void **state)
{
	(void)state;
	static struct message_server servers[MESSAGE_SERVERS_MAX];
	const struct upstreams many = {servers, MESSAGE_SERVERS_MAX};
	struct upstreams back = {0};
	struct buf text;
	int generation;

	for (size_t i = 0; i < MESSAGE_SERVERS_MAX; i++) {
		memset(servers[i].name, 'n', sizeof(servers[i].name) - 1);
		memset(servers[i].address, '1', sizeof(servers[i].address) - 1);
	}
	buf_init(&text, UPSTREAMS_FILE_MAX);
	upstreams_render(2147483647, &many, &text);
	assert_int_equal(upstreams_parse(buf_text(&text), &generation, &back), 0);
	assert_int_equal(generation, 2147483647);
	assert_true(upstreams_same_file(&back, &many));
	upstreams_free(&back);
	buf_free(&text);
}

static void other_files_are_refused(void **state)
{
	(void)state;
	static const char *const others[] = {
		"",
		"upstream app {\n\tserver 10.0.0.1:80;\n}\n",
		"\tdefault \"\";\n",
		"\tdefault \"seven\";\n",
		"\tdefault \"-1\";\n",
		"\tdefault \"7",
		"\tdefault \"7x\";\n",
		"\tdefault \"99999999999\";\n",
		"\tdefault 7;\n",
	};
	struct upstreams u = {0};
	int generation = 42;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(upstreams_parse(others[i], &generation, &u), -EBADMSG);
	assert_int_equal(generation, 42);
	assert_null(u.servers);
}

static void lines_of_others_are_passed_over(void **state)
{
	(void)state;
	const char *text = "\tserver 10.0.0.1:80;\n"
			   "\tserver  max_fails=0; # nowhere\n"
			   "\tserver 10.0.0.2:80 max_fails=0; # \n"
			   "\tserver 10.0.0.3:80\n"
			   "\tserver 10.0.0.4:80 max_fails=0; # app\n"
			   "\tdefault \"3\";";
	struct upstreams u = {0};
	int generation;

	assert_int_equal(upstreams_parse(text, &generation, &u), 0);
	assert_int_equal(generation, 3);
	assert_int_equal(u.n, 1);
	assert_string_equal(u.servers[0].name, "app");
	assert_string_equal(u.servers[0].address, "10.0.0.4:80");
	upstreams_free(&u);
}

static void sets_are_compared_as_nginx_and_as_people_see_them(void **state)
{
	(void)state;
	struct upstreams copy = {0};

	upstreams_copy(&copy, &all_three);
	assert_true(upstreams_equal(&copy, &all_three));
	strcpy(copy.servers[1].id, "id-other");
	assert_true(upstreams_same_file(&copy, &all_three));
	assert_false(upstreams_equal(&copy, &all_three));
	upstreams_copy(&copy, &all_three);
	strcpy(copy.servers[1].address, "10.0.0.13:8080");
	assert_false(upstreams_same_file(&copy, &all_three));
	upstreams_copy(&copy, &all_three);
	strcpy(copy.servers[1].name, "my-app.v2-dup-3");
	assert_false(upstreams_same_file(&copy, &all_three));
	upstreams_copy(&copy, &all_three);
	copy.n = 2;
	assert_false(upstreams_same_file(&copy, &all_three));
	assert_false(upstreams_equal(&all_three, &copy));

	assert_true(upstreams_may_have(&copy, "id-b"));
	assert_false(upstreams_may_have(&copy, "id-c"));
	copy.servers[0].id[0] = '\0';
	assert_true(upstreams_may_have(&copy, "id-c"));
	upstreams_copy(&copy, &none);
	assert_false(upstreams_may_have(&copy, "id-c"));
	upstreams_free(&copy);
}

static void only_ready_replicas_are_servers(void **state)
{
	(void)state;
	struct docker_container list[] = {
		on_net("lb", "10.0.0.2", DOCKER_HEALTH_NONE),
		on_net("app-dup-2", "10.0.0.5", DOCKER_HEALTHY),
		on_net("app-dup-1", "10.0.0.4", DOCKER_HEALTH_STARTING),
		on_net("app", "10.0.0.3", DOCKER_HEALTHY),
		on_net("app-dup-3", "10.0.0.6", DOCKER_HEALTH_NONE),
	};
	struct message_server in_file[] = {{"app-dup-3", "10.0.0.6:8080", ""}};
	const struct upstreams file = {in_file, 1};
	struct upstreams ready = {0};
	struct readiness r;

	readiness_init(&r, "app", false, 8080);
	readiness_list(&r, list, 5, &list[0]);
	upstreams_ready(&r, &ready);
	assert_int_equal(ready.n, 2);
	assert_string_equal(ready.servers[0].name, "app");
	assert_string_equal(ready.servers[1].name, "app-dup-2");

	/* app-dup-3 is asked for an answer; app-dup-1 waits for Docker */
	assert_true(upstreams_undecided(&file, &r));
	strcpy(in_file[0].address, "10.0.0.7:8080");
	assert_false(upstreams_undecided(&file, &r));
	strcpy(in_file[0].name, "app-dup-1");
	strcpy(in_file[0].address, "10.0.0.4:8080");
	assert_false(upstreams_undecided(&file, &r));

	readiness_list(&r, list, 1, &list[0]);
	upstreams_ready(&r, &ready);
	assert_int_equal(ready.n, 0);
	upstreams_free(&ready);
	readiness_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_golden),
		cmocka_unit_test(without_replicas_it_is_the_file_that_is_shipped),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(as_many_as_there_may_be_fit),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(lines_of_others_are_passed_over),
		cmocka_unit_test(sets_are_compared_as_nginx_and_as_people_see_them),
		cmocka_unit_test(only_ready_replicas_are_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
