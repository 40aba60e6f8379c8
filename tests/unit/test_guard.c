/* Shell. Unit tests of dashboard/guard: whose names, sites and passwords are let in. */
#include "tests/unit/unit.h"

#include "dashboard/guard.h"

#include <stdio.h>
#include <string.h>

#define NOW_MS     1000000
#define HOST       "localhost:8090"
#define OPEN       "Basic YWRtaW46b3BlbiBzZXNhbWU=" /* admin:open sesame */
#define NO_USER    "Basic Om9wZW4gc2VzYW1l"         /* :open sesame */
#define WRONG      "Basic YWRtaW46b3BlbiBzZXNhbWY=" /* admin:open sesamf */
#define WITH_COLON "Basic YWRtaW46Om9wZW4gc2VzYW1l" /* admin::open sesame */
#define WITH_NUL   "Basic YWRtaW46b3BlbiBzZXNhbWUA" /* admin:open sesame\0 */
#define LONGER     "Basic YWRtaW46b3BlbiBzZXNhbWUh" /* admin:open sesame! */
#define SHORTER    "Basic YWRtaW46b3BlbiBzZXNhbQ==" /* admin:open sesam */
#define EMPTY      "Basic YWRtaW46"                 /* admin: */
#define NO_COLON   "Basic b3BlbiBzZXNhbWU="         /* open sesame */

static enum guard_verdict judge(struct guard *g, const struct guard_request *r)
{
	return guard_judge(g, r, NOW_MS);
}

/* --- names --- */

static enum guard_verdict judge_host(const char *hosts, const char *host)
{
	struct guard g;

	guard_init(&g, hosts, NULL);
	return judge(&g, &(struct guard_request){.path = "/", .host = host});
}

static void own_names_pass(void **state)
{
	static const char *const hosts[] = {
		"localhost",       "LocalHost:8090", "localhost:65535", "127.0.0.1:8090",
		"127.0.0.1",       "127.9.9.9:1",    "[::1]:8090",      "[::1]",
		"192.168.1.5:443", "0.0.0.0:8090",   "[fe80::1]:80",    "[::ffff:10.0.0.1]:8090",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (judge_host(NULL, hosts[i]) != GUARD_PASS)
			fail_msg("%s was refused", hosts[i]);
}

static void other_names_do_not(void **state)
{
	static const char *const hosts[] = {
		"",
		":8090",
		"evil.example",
		"evil.example:8090",
		"localhost.evil.example",
		"localhost.",
		"evil-localhost",
		"127.0.0.1.evil.example",
		"127.0.0.1.",
		"127.1",
		"2130706433",
		"0x7f.0.0.1",
		"0177.0.0.1",
		"256.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:0",
		"127.0.0.1:65536",
		"127.0.0.1:000080",
		"127.0.0.1:80x",
		"127.0.0.1:80:80",
		"127.0.0.1 ",
		" 127.0.0.1",
		"127.0.0.1/",
		"127.0.0.1,evil.example",
		"evil.example@127.0.0.1",
		"127.0.0.1@evil.example",
		"user@localhost",
		"::1",
		"[::1",
		"[::1]x",
		"[::1]]",
		"[]",
		"[127.0.0.1]",
		"[localhost]",
		"[fe80::1%lo]:80",
		"localhost\t",
		"localhost#",
		"xn--localhost",
	};
	char longest[400];

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (judge_host(NULL, hosts[i]) != GUARD_HOST)
			fail_msg("'%s' was let in", hosts[i]);
	assert_int_equal(judge_host(NULL, NULL), GUARD_HOST);
	memset(longest, '1', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(judge_host(NULL, longest), GUARD_HOST);
	assert_int_equal(judge_host("", "evil.example"), GUARD_HOST);
}

static void listed_names_pass(void **state)
{
	static const char list[] = "dash.example.org,board,a_b";

	(void)state;
	assert_int_equal(judge_host(list, "dash.example.org"), GUARD_PASS);
	assert_int_equal(judge_host(list, "Dash.Example.ORG:8443"), GUARD_PASS);
	assert_int_equal(judge_host(list, "board:8090"), GUARD_PASS);
	assert_int_equal(judge_host(list, "a_b"), GUARD_PASS);
	assert_int_equal(judge_host(list, "127.0.0.1:8090"), GUARD_PASS);
	assert_int_equal(judge_host(list, "example.org"), GUARD_HOST);
	assert_int_equal(judge_host(list, "boar"), GUARD_HOST);
	assert_int_equal(judge_host(list, "boards"), GUARD_HOST);
	assert_int_equal(judge_host(list, "board,a_b"), GUARD_HOST);
	assert_int_equal(judge_host(list, "dash.example.org."), GUARD_HOST);
}

static void lists_are_checked(void **state)
{
	static const char *const good[] = {"a", "a,b", "dash.example.org", "a_b,C-9"};
	static const char *const bad[] = {"",    "a,",   ",a",       "a,,b",  "a b", "*",
					  "a:1", "a, b", "http://a", "[::1]", "a/b", "\xc3\xa4"};
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(guard_hosts_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (guard_hosts_valid(bad[i]))
			fail_msg("'%s' is no list", bad[i]);
	memset(longest, 'a', sizeof(longest));
	longest[254] = '\0';
	assert_false(guard_hosts_valid(longest));
	longest[253] = '\0';
	assert_true(guard_hosts_valid(longest));
}

/* --- sites --- */

static enum guard_verdict judge_site(const char *path, const char *origin, const char *site)
{
	struct guard g;

	guard_init(&g, "dash.example.org", NULL);
	return judge(&g, &(struct guard_request){
				 .path = path, .host = HOST, .origin = origin, .fetch_site = site});
}

static void own_pages_pass(void **state)
{
	(void)state;
	assert_int_equal(judge_site("/events", NULL, NULL), GUARD_PASS);
	assert_int_equal(judge_site("/events", "http://localhost:8090", "same-origin"), GUARD_PASS);
	assert_int_equal(judge_site("/events", "https://LOCALHOST:8090", NULL), GUARD_PASS);
	assert_int_equal(judge_site("/metrics", NULL, "none"), GUARD_PASS);
}

static void foreign_pages_do_not(void **state)
{
	static const char *const origins[] = {
		"null",
		"",
		"http://evil.example",
		"http://evil.example:8090",
		"http://localhost:3000",
		"http://localhost",
		"http://127.0.0.1:8090",
		"http://dash.example.org",
		"http://localhost:8090.evil.example",
		"http://localhost:8090/",
		"http://localhost:80901",
		"localhost:8090",
		"file://localhost:8090",
		"https://evil.example@localhost:8090",
		"http:// localhost:8090",
		"http://localhost:8090 http://evil.example",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
		if (judge_site("/events", origins[i], NULL) != GUARD_SITE)
			fail_msg("'%s' was let in", origins[i]);
	assert_int_equal(judge_site("/", "http://evil.example", NULL), GUARD_SITE);
	assert_int_equal(judge_site("/", "http://evil.example", "same-origin"), GUARD_SITE);
	assert_int_equal(judge_site("/events", "http://localhost:8090", "cross-site"), GUARD_SITE);
}

static void a_link_reaches_the_page_only(void **state)
{
	static const char *const sites[] = {"cross-site", "same-site", "", "Same-Origin", "x"};

	(void)state;
	for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
		assert_int_equal(judge_site("/", NULL, sites[i]), GUARD_PASS);
		assert_int_equal(judge_site("/events", NULL, sites[i]), GUARD_SITE);
		assert_int_equal(judge_site("/api/state", NULL, sites[i]), GUARD_SITE);
		assert_int_equal(judge_site("/app.js", NULL, sites[i]), GUARD_SITE);
	}
}

static void doubled_headers_do_not_pass(void **state)
{
	struct guard g;

	(void)state;
	guard_init(&g, NULL, NULL);
	assert_int_equal(
		judge(&g, &(struct guard_request){.path = "/", .host = HOST, .doubled = true}),
		GUARD_DOUBLED);
}

/* --- passwords --- */

static enum guard_verdict judge_at(struct guard *g, const char *authorization, uint64_t now_ms)
{
	return guard_judge(g,
			   &(struct guard_request){.path = "/api/state",
						   .host = HOST,
						   .authorization = authorization},
			   now_ms);
}

static enum guard_verdict judge_password(const char *password, const char *authorization)
{
	struct guard g;

	guard_init(&g, NULL, password);
	return judge_at(&g, authorization, NOW_MS);
}

static void right_password_passes(void **state)
{
	char longest[GUARD_PASSWORD_MAX + 1] = "";

	(void)state;
	assert_int_equal(judge_password("open sesame", OPEN), GUARD_PASS);
	assert_int_equal(judge_password("open sesame", NO_USER), GUARD_PASS);
	assert_int_equal(judge_password("open sesame", "bAsIc" OPEN + 5), GUARD_PASS);
	assert_int_equal(judge_password(":open sesame", WITH_COLON), GUARD_PASS);
	assert_int_equal(judge_password(NULL, NULL), GUARD_PASS);
	assert_int_equal(judge_password(NULL, WRONG), GUARD_PASS);
	memset(longest, 'x', GUARD_PASSWORD_MAX);
	assert_int_equal(judge_password(longest, OPEN), GUARD_WRONG);
}

static void other_passwords_do_not(void **state)
{
	static const char *const wrong[] = {
		WRONG,
		WITH_COLON,
		WITH_NUL,
		LONGER,
		SHORTER,
		EMPTY,
		NO_COLON,
		"",
		"Basic",
		"Basic ",
		"Basic =",
		"Basic ====",
		"Basic Og",
		"Basic Og=",
		"Basic Og===",
		"Basic YWRtaW46b3BlbiBzZXNhbWU",   /* without its padding */
		"Basic YWRtaW46b3BlbiBzZXNhbWU= ", /* with something behind */
		"Basic  YWRtaW46b3BlbiBzZXNhbWU=",
		"Basic YWRtaW46b3Blbi_zZXNhbWU=",
		"Bearer YWRtaW46b3BlbiBzZXNhbWU=",
		"YWRtaW46b3BlbiBzZXNhbWU=",
		"admin:open sesame",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (judge_password("open sesame", wrong[i]) != GUARD_WRONG)
			fail_msg("'%s' was let in", wrong[i]);
	assert_int_equal(judge_password("open sesame", NULL), GUARD_ASK);
}

/* As a password of all lengths around those of the buffers. */
static void long_credentials_do_not_pass(void **state)
{
	static char text[4096];

	(void)state;
	for (size_t len = 1; len < sizeof(text) - 8; len += 97) {
		strcpy(text, "Basic ");
		memset(text + 6, 'A', len);
		text[6 + len] = '\0';
		assert_int_equal(judge_password("open sesame", text), GUARD_WRONG);
		memcpy(text + 6, len >= 4 ? "Onh4" : "O", len >= 4 ? 4 : 1); /* ":xx" */
		memset(text + 6 + (len >= 4 ? 4 : 1), 'e', len >= 4 ? len - 4 : len - 1);
		assert_int_equal(judge_password("open sesame", text), GUARD_WRONG);
	}
}

static void the_longest_password_passes(void **state)
{
	char password[GUARD_PASSWORD_MAX + 1], text[512] = "Basic ";

	/* ":" and 256 times "e" is "OmVl", 84 times "ZWVl", "ZWU=" */
	(void)state;
	memset(password, 'e', sizeof(password) - 1);
	password[sizeof(password) - 1] = '\0';
	strcat(text, "OmVl");
	for (int i = 0; i < 84; i++)
		strcat(text, "ZWVl");
	strcat(text, "ZWU=");
	assert_int_equal(judge_password(password, text), GUARD_PASS);
	password[255] = 'f';
	assert_int_equal(judge_password(password, text), GUARD_WRONG);
	password[255] = '\0';
	assert_int_equal(judge_password(password, text), GUARD_WRONG);
}

static void guesses_are_bounded(void **state)
{
	struct guard g;
	int looked_at = 0;

	(void)state;
	guard_init(&g, NULL, "open sesame");
	for (uint64_t ms = 0; ms < 60000; ms += 10)
		looked_at += judge_at(&g, WRONG, NOW_MS + ms) == GUARD_WRONG;
	assert_in_range(looked_at, 120, 130);
	assert_int_equal(judge_at(&g, WRONG, NOW_MS + 60000), GUARD_WRONG);
	assert_int_equal(judge_at(&g, WRONG, NOW_MS + 60000), GUARD_GUESSING);
	/* Not even the right one, or guessing on would tell. */
	assert_int_equal(judge_at(&g, OPEN, NOW_MS + 60000), GUARD_GUESSING);
	assert_int_equal(judge_at(&g, NULL, NOW_MS + 60000), GUARD_ASK);
	assert_int_equal(judge_at(&g, OPEN, NOW_MS + 60500), GUARD_PASS);
	assert_int_equal(judge_at(&g, OPEN, NOW_MS + 60500), GUARD_PASS);
}

static void health_needs_no_password(void **state)
{
	struct guard g;

	(void)state;
	guard_init(&g, NULL, "open sesame");
	assert_int_equal(judge(&g, &(struct guard_request){.path = "/healthz", .host = HOST}),
			 GUARD_PASS);
	assert_int_equal(judge(&g, &(struct guard_request){.path = "/healthz", .host = "evil"}),
			 GUARD_HOST);
	assert_int_equal(judge(&g, &(struct guard_request){.path = "/healthz/", .host = HOST}),
			 GUARD_ASK);
	assert_int_equal(judge(&g, &(struct guard_request){.path = "/nothing", .host = HOST}),
			 GUARD_ASK);
}

/* A page of another site must not use up the guesses. */
static void strangers_spend_no_guesses(void **state)
{
	struct guard g;
	struct guard_request r = {.path = "/", .host = "evil.example", .authorization = WRONG};

	(void)state;
	guard_init(&g, NULL, "open sesame");
	for (int i = 0; i < 100; i++)
		assert_int_equal(judge(&g, &r), GUARD_HOST);
	r.host = HOST;
	r.origin = "http://evil.example";
	for (int i = 0; i < 100; i++)
		assert_int_equal(judge(&g, &r), GUARD_SITE);
	assert_int_equal(judge_at(&g, OPEN, NOW_MS), GUARD_PASS);
}

static void every_refusal_has_an_answer(void **state)
{
	(void)state;
	for (enum guard_verdict v = GUARD_PASS + 1; v < GUARD_VERDICTS_N; v++) {
		const struct guard_answer *a = guard_answer(v);

		assert_in_range(a->status, 400, 429);
		assert_non_null(a->text);
		assert_non_null(a->label);
		assert_true((a->status == 401) == (v == GUARD_ASK || v == GUARD_WRONG));
		assert_true((a->header != NULL) == (a->value != NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_names_pass),
		cmocka_unit_test(other_names_do_not),
		cmocka_unit_test(listed_names_pass),
		cmocka_unit_test(lists_are_checked),
		cmocka_unit_test(own_pages_pass),
		cmocka_unit_test(foreign_pages_do_not),
		cmocka_unit_test(a_link_reaches_the_page_only),
		cmocka_unit_test(doubled_headers_do_not_pass),
		cmocka_unit_test(right_password_passes),
		cmocka_unit_test(other_passwords_do_not),
		cmocka_unit_test(long_credentials_do_not_pass),
		cmocka_unit_test(the_longest_password_passes),
		cmocka_unit_test(guesses_are_bounded),
		cmocka_unit_test(health_needs_no_password),
		cmocka_unit_test(strangers_spend_no_guesses),
		cmocka_unit_test(every_refusal_has_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
