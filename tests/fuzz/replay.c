/* Shell. Runs a fuzz target over the files of its corpus, one test a file, where libFuzzer is not
 * at hand:  replay_<name> FOLDER */
#include "common/mem.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/unit.h"

#include <dirent.h>

#define INPUT_MAX 65536 /* bytes of a file that are tried */

static void replay(void **state)
{
	const char *path = *state;
	uint8_t *data = xcalloc(1, INPUT_MAX);
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	size_t size = fread(data, 1, INPUT_MAX, file);
	assert_true(feof(file) && !ferror(file));
	fclose(file);
	assert_int_equal(LLVMFuzzerTestOneInput(data, size), 0);
	free(data);
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char *argv[])
{
	struct dirent **files;
	int n = argc == 2 ? scandir(argv[1], &files, is_input, alphasort) : -1;

	mem_init();
	if (n <= 0) {
		fprintf(stderr, "usage: %s FOLDER (with inputs in it)\n", argv[0]);
		return 2;
	}
	struct CMUnitTest *tests = xcalloc((size_t)n, sizeof(*tests));
	for (int i = 0; i < n; i++) {
		tests[i] = (struct CMUnitTest){
			.name = files[i]->d_name,
			.test_func = replay,
			.initial_state = xasprintf("%s/%s", argv[1], files[i]->d_name),
		};
	}
	int failed = _cmocka_run_group_tests(argv[1], tests, (size_t)n, NULL, NULL);
	for (int i = 0; i < n; i++) {
		free(tests[i].initial_state);
		free(files[i]);
	}
	free(tests);
	free(files);
	return failed;
}
