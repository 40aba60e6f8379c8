/* The watcher's settings: defaults, and what one row of the table cannot say. */
#include "tests/unit/unit.h"

#include "watcher/config.h"

#include <stdio.h>
#include <string.h>

static const char *lookup(const char *name, void *cookie)
{
	return strcmp(name, "READY_PATH") == 0 ? cookie : NULL;
}

/* The complaint about ${path}; "" for none. */
static void check(const char *path, char ret[256])
{
	struct watcher_config config = {0};
	char copy[64];
	struct buf errors;
	int n;

	buf_init(&errors, 4096);
	snprintf(copy, sizeof(copy), "%s", path);
	assert_int_equal(settings_parse(watcher_settings, lookup, NULL, copy, &config, &errors), 0);
	n = watcher_config_check(&config, &errors);
	assert_int_equal(n, errors.len > 0);
	snprintf(ret, 256, "%s", buf_text(&errors));
	settings_free(watcher_settings, &config);
	buf_free(&errors);
}

static void the_ready_path_is_a_path(void **state)
{
	(void)state;
	char text[256];

	check("", text);
	assert_string_equal(text, "");
	check("/health?deep=1", text);
	assert_string_equal(text, "");
	check("health", text);
	assert_string_equal(text, "READY_PATH=health: must start with / and hold no white space\n");
	check("/a b", text);
	assert_string_equal(text, "READY_PATH=/a: must start with / and hold no white space\n");
	check("/\xc3\xa4", text);
	assert_string_equal(text, "READY_PATH=/: must start with / and hold no white space\n");
}

static void the_defaults_are_those_of_the_design(void **state)
{
	(void)state;
	struct watcher_config config = {0};
	struct buf errors;

	buf_init(&errors, 4096);
	assert_int_equal(settings_parse(watcher_settings, lookup, NULL, NULL, &config, &errors), 0);
	assert_string_equal(config.target, "app");
	assert_int_equal(config.app_port, 8080);
	assert_null(config.ready_path);
	assert_string_equal(config.lb_container, "lb");
	assert_string_equal(config.lb_url, "http://lb:8082");
	assert_string_equal(config.conf_dir, "/etc/nginx/conf.d");
	assert_int_equal(config.resync_sec, 15);
	assert_int_equal(config.debounce_ms, 100);
	settings_free(watcher_settings, &config);
	buf_free(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ready_path_is_a_path),
		cmocka_unit_test(the_defaults_are_those_of_the_design),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
