/* Shell. Unit tests of common/replica. */
#include "common/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

static void test_parse(void **state)
{
	static const struct {
		const char *target, *name;
		enum replica_role role;
		int n;
	} cases[] = {
		{"app", "app", REPLICA_TEMPLATE, 0},
		{"app", "/app", REPLICA_TEMPLATE, 0},
		{"app", "app-dup-1", REPLICA_DUP, 1},
		{"app", "/app-dup-42", REPLICA_DUP, 42},
		{"app", "app-dup-99999", REPLICA_DUP, 99999},
		{"app", "app-drain-0", REPLICA_DRAIN, 0},
		{"app", "app-drain-7", REPLICA_DRAIN, 7},
		{"app-dup-1", "app-dup-1", REPLICA_TEMPLATE, 0},
		{"app-dup-1", "app-dup-1-dup-2", REPLICA_DUP, 2},
		{"app", "app-dup-0", REPLICA_NONE, -1},
		{"app", "app-dup-01", REPLICA_NONE, -1},
		{"app", "app-drain-00", REPLICA_NONE, -1},
		{"app", "app-dup-100000", REPLICA_NONE, -1},
		{"app", "app-dup-99999999999999999999", REPLICA_NONE, -1},
		{"app", "app-dup-", REPLICA_NONE, -1},
		{"app", "app-dup-x", REPLICA_NONE, -1},
		{"app", "app-dup-1x", REPLICA_NONE, -1},
		{"app", "app-dup--1", REPLICA_NONE, -1},
		{"app", "app-dup-1-dup-2", REPLICA_NONE, -1},
		{"app", "app-dup", REPLICA_NONE, -1},
		{"app", "app2", REPLICA_NONE, -1},
		{"app", "app2-dup-1", REPLICA_NONE, -1},
		{"app", "ap", REPLICA_NONE, -1},
		{"app", "App", REPLICA_NONE, -1},
		{"app", "//app", REPLICA_NONE, -1},
		{"app", "", REPLICA_NONE, -1},
		{"", "", REPLICA_NONE, -1},
		{"", "-dup-1", REPLICA_NONE, -1},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		int n = -1;

		assert_int_equal(replica_parse(cases[i].target, cases[i].name, &n), cases[i].role);
		assert_int_equal(n, cases[i].n);
		assert_int_equal(replica_parse(cases[i].target, cases[i].name, NULL),
				 cases[i].role);
	}
}

static void test_format(void **state)
{
	char name[REPLICA_NAME_MAX];

	(void)state;
	replica_format("app", REPLICA_DUP, 3, name);
	assert_string_equal(name, "app-dup-3");
	replica_format("app", REPLICA_DRAIN, 0, name);
	assert_string_equal(name, "app-drain-0");
	replica_format("app", REPLICA_TEMPLATE, 5, name);
	assert_string_equal(name, "app");
}

/* The longest target that is valid still has room for its longest name. */
static void test_longest(void **state)
{
	char target[102];
	char name[REPLICA_NAME_MAX];
	int n;

	(void)state;
	memset(target, 'a', sizeof(target));
	target[101] = '\0';
	assert_false(replica_target_valid(target));
	target[100] = '\0';
	assert_true(replica_target_valid(target));
	replica_format(target, REPLICA_DRAIN, 99999, name);
	assert_int_equal(replica_parse(target, name, &n), REPLICA_DRAIN);
	assert_int_equal(n, 99999);
}

static void test_target_valid(void **state)
{
	static const char *const good[] = {"a", "app", "App_2.x-y", "0", "project_app_1"};
	static const char *const bad[] = {"",    "-app",  "_app",  ".app",   "/app",
					  "a b", "a/b",   "app\n", "a:b",    "\xc3\xa4pp",
					  "a*",  "app\"", "a\tb",  "app\x7f"};

	(void)state;
	for (size_t i = 0; i < N(good); i++)
		assert_true(replica_target_valid(good[i]));
	for (size_t i = 0; i < N(bad); i++)
		assert_false(replica_target_valid(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_target_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
