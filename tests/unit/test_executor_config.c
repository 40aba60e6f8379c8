/* Shell. Unit tests of executor/config: defaults, and what one row of the table cannot say. */
#include "executor/config.h"

#include "tests/unit/unit.h"

#include <string.h>

/* ${cookie} is the name and the value of the only variable, or NULL. */
static const char *lookup(const char *name, void *cookie)
{
	const char *const *variable = cookie;

	return variable && strcmp(variable[0], name) == 0 ? variable[1] : NULL;
}

static void parse(const char *const *variable, struct executor_config *ret)
{
	struct buf errors;

	buf_init(&errors, 4096);
	*ret = (struct executor_config){0};
	assert_int_equal(settings_parse(executor_settings, lookup, NULL,
					(void *)(uintptr_t)variable, ret, &errors),
			 0);
	buf_free(&errors);
}

static void by_default_nothing_is_risked(void **state)
{
	struct executor_config config;
	struct buf errors;

	(void)state;
	parse(NULL, &config);
	assert_string_equal(config.target, "app");
	assert_int_equal(config.min_replicas, 2);
	assert_int_equal(config.max_replicas, 10);
	assert_false(config.allow_privileged_template);
	buf_init(&errors, 4096);
	assert_int_equal(executor_config_check(&config, &errors), 0);
	assert_int_equal(errors.len, 0);
	settings_free(executor_settings, &config);
}

static void the_bounds_must_leave_a_count(void **state)
{
	static const char *const most[] = {"MAX_REPLICAS", "1"};
	static const char *const equal[] = {"MAX_REPLICAS", "2"};
	struct executor_config config;
	struct buf errors;

	(void)state;
	buf_init(&errors, 4096);
	parse(most, &config);
	assert_int_equal(executor_config_check(&config, &errors), 1);
	assert_string_equal(buf_text(&errors),
			    "MIN_REPLICAS=2: must be at most MAX_REPLICAS, which is 1\n");
	settings_free(executor_settings, &config);
	buf_clear(&errors);
	parse(equal, &config);
	assert_int_equal(executor_config_check(&config, &errors), 0);
	settings_free(executor_settings, &config);
	buf_free(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_default_nothing_is_risked),
		cmocka_unit_test(the_bounds_must_leave_a_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
