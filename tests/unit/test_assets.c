/* Shell. Unit tests of dashboard/assets: the files in the program are those of the tree, and a file
 * that changes has another tag. */
#include "dashboard/assets.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX 262144

static void the_program_holds_the_files_of_the_tree(void **state)
{
	static char bytes[FILE_MAX];
	struct asset assets[ASSETS_N];

	(void)state;
	assets_load(assets);
	for (size_t i = 0; i < ASSETS_N; i++) {
		char path[256];
		FILE *file;

		snprintf(path, sizeof(path), "dashboard/%s", assets[i].file);
		file = fopen(path, "rb");
		assert_non_null(file);
		size_t len = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
		assert_true(len > 0 && len < sizeof(bytes));
		assert_int_equal(assets[i].len, len);
		assert_memory_equal(assets[i].bytes, bytes, len);
	}
}

static void each_has_a_tag_of_its_own(void **state)
{
	struct asset assets[ASSETS_N];

	(void)state;
	assets_load(assets);
	for (size_t i = 0; i < ASSETS_N; i++) {
		assert_int_equal(strlen(assets[i].etag), 18);
		assert_true(assets[i].etag[0] == '"' && assets[i].etag[17] == '"');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(assets[i].etag, assets[j].etag);
	}
}

static void each_is_asked_for_by_a_path_of_its_own(void **state)
{
	struct asset assets[ASSETS_N];

	(void)state;
	assets_load(assets);
	assert_string_equal(assets[ASSET_index].path, "/");
	for (size_t i = 0; i < ASSETS_N; i++) {
		assert_int_equal(assets[i].path[0], '/');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(assets[i].path, assets[j].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_holds_the_files_of_the_tree),
		cmocka_unit_test(each_has_a_tag_of_its_own),
		cmocka_unit_test(each_is_asked_for_by_a_path_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
