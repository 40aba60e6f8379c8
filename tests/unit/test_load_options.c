/* Shell. Unit tests of load/options and load/schedule. */
#include "load/options.h"

#include "load/schedule.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define N(array)  (sizeof(array) / sizeof((array)[0]))
#define ARGS_MAX  80
#define URL       "http://127.0.0.1:8081/"
#define NS_PER_MS 1000000

/* Parse a command line of words. */
static int parse(const char *line, struct load_options *ret, char error[256])
{
	static char words[8192];
	char *argv[ARGS_MAX + 1], *save = NULL;
	int argc = 0;

	strncpy(words, line, sizeof(words) - 1);
	argv[argc++] = words + sizeof(words) - 1; /* the program's name: "" */
	for (char *w = strtok_r(words, " ", &save); w != NULL && argc < ARGS_MAX;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	return load_options_parse(argc, argv, ret, error, 256);
}

static void parse_good(const char *line, struct load_options *ret)
{
	char error[256];

	assert_int_equal(parse(line, ret, error), 0);
}

static void defaults(void **state)
{
	struct load_options o;

	(void)state;
	parse_good("--url " URL " --phase 30@200", &o);
	assert_string_equal(o.url, URL);
	assert_string_equal(o.authority, "127.0.0.1:8081");
	assert_string_equal(o.path, "/");
	assert_int_equal(o.phases_n, 1);
	assert_double_near(o.phases[0].seconds, 30);
	assert_double_near(o.phases[0].per_s, 200);
	assert_true(o.keepalive);
	assert_false(o.poisson || o.json || o.help);
	assert_int_equal(o.in_flight_max, 2000);
	assert_double_near(o.timeout_sec, 10);
	assert_int_equal(o.seed, 1);
}

static void every_option(void **state)
{
	struct load_options o;

	(void)state;
	parse_good("--poisson --json --connections=fresh --max-in-flight 7 --timeout 2.5 --seed=9 "
		   "--phase 0.5@10 --phase=1@0 --url=" URL,
		   &o);
	assert_true(o.poisson && o.json && !o.keepalive);
	assert_int_equal(o.in_flight_max, 7);
	assert_double_near(o.timeout_sec, 2.5);
	assert_int_equal(o.seed, 9);
	assert_int_equal(o.phases_n, 2);
	parse_good("--help --nonsense", &o);
	assert_true(o.help);
}

static void urls(void **state)
{
	static const struct {
		const char *url, *address, *path;
		int port;
	} cases[] = {
		{"http://127.0.0.1", "127.0.0.1", "/", 80},
		{"http://127.1.2.3:1/a/b?c=d", "127.1.2.3", "/a/b?c=d", 1},
		{"http://localhost:65535?x", "127.0.0.1", "/?x", 65535},
		{"http://[::1]:8081/", "::1", "/", 8081},
		{"http://[::1]", "::1", "/", 80},
	};
	struct load_options o;
	char line[256], address[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&o.address;
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&o.address;

		snprintf(line, sizeof(line), "--phase 1@1 --url %s", cases[i].url);
		parse_good(line, &o);
		assert_string_equal(o.path, cases[i].path);
		if (o.address.ss_family == AF_INET)
			inet_ntop(AF_INET, &v4->sin_addr, address, sizeof(address));
		else
			inet_ntop(AF_INET6, &v6->sin6_addr, address, sizeof(address));
		assert_string_equal(address, cases[i].address);
		assert_int_equal(
			ntohs(o.address.ss_family == AF_INET ? v4->sin_port : v6->sin6_port),
			cases[i].port);
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *line, *error; /* how it begins */
	} cases[] = {
		{"", "--url is missing"},
		{"--url " URL, "--phase is missing"},
		{"--phase 1@1", "--url is missing"},
		{"--url https://127.0.0.1/",
		 "--url https://127.0.0.1/: it must begin with http://"},
		{"--url http://example.com/", "--url: example.com is not this machine"},
		{"--url http://192.168.0.1/", "--url: 192.168.0.1 is not this machine"},
		{"--url http://0.0.0.0/", "--url: 0.0.0.0 is not this machine"},
		{"--url http://[::2]/", "--url: ::2 is not this machine"},
		{"--url http://[::ffff:10.0.0.1]/", "--url: ::ffff:10.0.0.1 is not this machine"},
		{"--url http://127.0.0.1.example.com/", "--url: 127.0.0.1.example.com is not"},
		{"--url http://127.0.0.1@example.com/", "--url: 127.0.0.1@example.com is not"},
		{"--url http:///x", "--url http:///x: it needs a host"},
		{"--url http://127.0.0.1:0/", "--url http://127.0.0.1:0/: it needs a host"},
		{"--url http://127.0.0.1:65536/", "--url http://127.0.0.1:65536/: it needs"},
		{"--url http://127.0.0.1:1e3/", "--url http://127.0.0.1:1e3/: it needs"},
		{"--url http://[::1/", "--url http://[::1/: it needs"},
		{"--url http://[::1]x/", "--url http://[::1]x/: it needs"},
		{"--url http://127.0.0.1/\r\nX:y", "--url: white space"},
		{"--url http://127.0.0.1/#x", "--url: white space"},
		{"--url", "--url: it needs a value"},
		{"--json=yes", "--json: it takes no value"},
		{"--bogus", "--bogus: no such option"},
		{"--phas 1@1", "--phas: no such option"},
		{"--phase 10", "--phase 10: it must be"},
		{"--phase @5", "--phase @5: the seconds"},
		{"--phase 0@5", "--phase 0@5: the seconds"},
		{"--phase nan@5", "--phase nan@5: the seconds"},
		{"--phase 1@-1", "--phase 1@-1: the rate"},
		{"--phase 1@20001", "--phase 1@20001: the rate"},
		{"--phase 1@5x", "--phase 1@5x: the rate"},
		{"--phase 3601@1", "--phase 3601@1: the seconds"},
		{"--url " URL " --phase 3600@1 --phase 1@1", "the phases last 3601 seconds"},
		{"--url " URL " --phase 3600@2000", "the phases make 7200000 requests"},
		{"--connections reuse", "--connections reuse: it must be"},
		{"--max-in-flight 0", "--max-in-flight 0: it must be"},
		{"--max-in-flight 1.5", "--max-in-flight 1.5: it must be"},
		{"--timeout 0", "--timeout 0: it must be"},
		{"--timeout 61", "--timeout 61: it must be"},
		{"--seed -1", "--seed -1: it must be"},
	};
	struct load_options o = {.seed = 77};
	char error[256];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		assert_int_equal(parse(cases[i].line, &o, error), -EINVAL);
		assert_int_equal(strncmp(error, cases[i].error, strlen(cases[i].error)), 0);
	}
	assert_int_equal(o.seed, 77);
}

static void phases_are_bounded(void **state)
{
	char line[1024] = "--url " URL, error[256];
	struct load_options o;

	(void)state;
	for (int i = 0; i < LOAD_PHASES_MAX; i++)
		strcat(line, " --phase 1@1");
	parse_good(line, &o);
	strcat(line, " --phase 1@1");
	assert_int_equal(parse(line, &o, error), -EINVAL);
}

/* ---- schedule ---- */

static void grid(void **state)
{
	static const struct {
		uint64_t due_ms;
		size_t phase;
	} expected[] = {{0, 0},    {250, 0},  {500, 0}, {750, 0}, /* 1@4 */
			{3000, 2}, {3500, 2}, {4000, 2}};         /* 2@0, 1.5@2 */
	struct load_schedule s;
	struct load_options o;
	uint64_t due_ns = 0;
	size_t phase = 9;

	(void)state;
	parse_good("--url " URL " --phase 1@4 --phase 2@0 --phase 1.5@2", &o);
	load_schedule_init(&s, &o);
	for (size_t i = 0; i < N(expected); i++) {
		assert_true(load_schedule_next(&s, &due_ns, &phase));
		assert_int_equal(due_ns, expected[i].due_ms * NS_PER_MS);
		assert_int_equal(phase, expected[i].phase);
	}
	assert_false(load_schedule_next(&s, &due_ns, &phase));
	assert_false(load_schedule_next(&s, &due_ns, &phase));
}

/* Rates that do not divide a second make no request too many or too few. */
static void grid_counts(void **state)
{
	static const struct {
		const char *phase;
		unsigned n;
	} cases[] = {{"10@300", 3000}, {"3@0.3", 1}, {"7@33.3", 234}, {"0.1@30", 3}, {"60@7", 420}};
	struct load_schedule s;
	struct load_options o;
	char line[128];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		uint64_t due_ns;
		size_t phase;
		unsigned n = 0;

		snprintf(line, sizeof(line), "--url " URL " --phase %s", cases[i].phase);
		parse_good(line, &o);
		load_schedule_init(&s, &o);
		while (load_schedule_next(&s, &due_ns, &phase))
			n++;
		assert_int_equal(n, cases[i].n);
	}
}

/* Exponential gaps: mean and standard deviation are both 1/rate; the bounds are five standard
 * errors wide. */
static void poisson(void **state)
{
	double sum = 0, squares = 0, mean, deviation;
	uint64_t due_ns, last_ns = 0;
	struct load_schedule s;
	struct load_options o;
	unsigned n = 0;
	size_t phase;

	(void)state;
	parse_good("--url " URL " --poisson --seed 4 --phase 100@1000", &o);
	load_schedule_init(&s, &o);
	while (load_schedule_next(&s, &due_ns, &phase)) {
		double gap_ms = (double)(due_ns - last_ns) / NS_PER_MS;

		assert_true(due_ns >= last_ns);
		sum += gap_ms;
		squares += gap_ms * gap_ms;
		last_ns = due_ns;
		n++;
	}
	assert_true(n > 98400 && n < 101600);
	mean = sum / n;
	deviation = sqrt(squares / n - mean * mean);
	assert_true(fabs(mean - 1) < 0.016);
	assert_true(fabs(deviation - 1) < 0.025);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_option),
		cmocka_unit_test(urls),
		cmocka_unit_test(refusals),
		cmocka_unit_test(phases_are_bounded),
		cmocka_unit_test(grid),
		cmocka_unit_test(grid_counts),
		cmocka_unit_test(poisson),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
