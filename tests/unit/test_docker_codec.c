/* Shell. Unit tests of common/docker_codec: events, versions, frames, URLs. */
#include "common/docker_codec.h"

#include "common/mem.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array)   (sizeof(array) / sizeof((array)[0]))
#define ID         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define EVENT(...) "{\"Type\":\"container\",\"Action\":\"start\"," __VA_ARGS__ "}"
#define ACTOR      "\"Actor\":{\"ID\":\"" ID "\",\"Attributes\":{\"name\":\"app\"}}"

/* ---- events ---- */

/* As it came from an engine 20.10, the legacy members included. */
static void event_of_engine_20_10(void **state)
{
	static const char line[] =
		"{\"status\":\"rename\",\"id\":\"" ID "\",\"from\":\"shop:1\","
		"\"Type\":\"container\",\"Action\":\"rename\",\"Actor\":{\"ID\":\"" ID "\","
		"\"Attributes\":{\"agentic.replica-of\":\"app\",\"image\":\"shop:1\","
		"\"name\":\"app-drain-1\",\"oldName\":\"/app-dup-1\"}},\"scope\":\"local\","
		"\"time\":1795465482,\"timeNano\":1795465482904726702}\n";
	struct docker_event event;

	(void)state;
	assert_int_equal(docker_event_decode(line, strlen(line), &event), 0);
	assert_string_equal(event.action, "rename");
	assert_string_equal(event.id, ID);
	assert_string_equal(event.name, "app-drain-1");
	assert_int_equal(event.time_ns, INT64_C(1795465482904726702));
}

static void event_times_are_exact(void **state)
{
	static const struct {
		const char *text;
		int err;
		int64_t time_ns;
	} cases[] = {
		{"0", 0, 0},
		{"1", 0, 1},
		{"9007199254740992", 0, INT64_C(9007199254740992)},
		{"9007199254740993", 0, INT64_C(9007199254740993)},
		{"1795465482904726703", 0, INT64_C(1795465482904726703)},
		{"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", -EBADMSG, 0},
		{"-1", -EBADMSG, 0},
		{"-9007199254740993", -EBADMSG, 0},
		{"1.5", -EBADMSG, 0},
		{"\"1795465482904726703\"", -EBADMSG, 0},
		{"null", -EBADMSG, 0},
	};
	struct docker_event event;
	char line[512];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		snprintf(line, sizeof(line), EVENT(ACTOR ",\"timeNano\":%s"), cases[i].text);
		assert_int_equal(docker_event_decode(line, strlen(line), &event), cases[i].err);
		if (cases[i].err == 0)
			assert_int_equal(event.time_ns, cases[i].time_ns);
	}
}

static void event_actions(void **state)
{
	static const char format[] =
		"{\"Type\":\"container\",\"Action\":\"%s\"," ACTOR ",\"timeNano\":1}";
	static const char long_action[] =
		"exec_create: /bin/sh -c 0123456789012345678901234567890123456789012345678901234";
	struct docker_event event;
	char line[512];

	(void)state;
	snprintf(line, sizeof(line), format, "health_status: healthy");
	assert_int_equal(docker_event_decode(line, strlen(line), &event), 0);
	assert_string_equal(event.action, "health_status: healthy");
	snprintf(line, sizeof(line), format, long_action); /* is cut */
	assert_int_equal(docker_event_decode(line, strlen(line), &event), 0);
	assert_int_equal(strlen(event.action), sizeof(event.action) - 1);
	assert_memory_equal(event.action, long_action, sizeof(event.action) - 1);
}

static void event_refusals(void **state)
{
	static const struct {
		const char *line;
		int err;
	} cases[] = {
		{"{\"Type\":\"network\",\"Action\":\"connect\",\"Actor\":{\"ID\":\"x\"}}", -ENOMSG},
		{"{\"Type\":\"daemon\"}", -ENOMSG},
		{"", -EBADMSG},
		{"{}", -EBADMSG},
		{"[]", -EBADMSG},
		{"7", -EBADMSG},
		{"{\"Type\":7}", -EBADMSG},
		{"{\"status\":\"start\",\"id\":\"" ID "\"}", -EBADMSG},
		{"{\"Type\":\"container\"," ACTOR ",\"timeNano\":1}", -EBADMSG},
		{"{\"Type\":\"container\",\"Action\":7," ACTOR ",\"timeNano\":1}", -EBADMSG},
		{EVENT("\"timeNano\":1"), -EBADMSG},
		{EVENT("\"Actor\":7,\"timeNano\":1"), -EBADMSG},
		{EVENT("\"Actor\":{\"ID\":\"/etc\"},\"timeNano\":1"), -EBADMSG},
		{EVENT(ACTOR), -EBADMSG},
		{EVENT(ACTOR ",\"timeNano\":1") "x", -EBADMSG},
		{EVENT(ACTOR ",\"timeNano\":1") EVENT(ACTOR ",\"timeNano\":1"), -EBADMSG},
	};
	struct docker_event event = {.time_ns = 42};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		assert_int_equal(docker_event_decode(cases[i].line, strlen(cases[i].line), &event),
				 cases[i].err);
	assert_int_equal(event.time_ns, 42);
}

static void event_cut_anywhere(void **state)
{
	static const char line[] = EVENT(ACTOR ",\"timeNano\":1795465482904726702");
	struct docker_event event;

	(void)state;
	for (size_t len = 0; len < strlen(line); len++) {
		char *cut = xstrndup(line, len);

		assert_int_equal(docker_event_decode(cut, len, &event), -EBADMSG);
		free(cut);
	}
	assert_int_equal(docker_event_decode(line, strlen(line), &event), 0);
}

static void event_without_a_name(void **state)
{
	static const char line[] =
		EVENT("\"Actor\":{\"ID\":\"" ID "\",\"Attributes\":null},\"timeNano\":1");
	struct docker_event event;

	(void)state;
	assert_int_equal(docker_event_decode(line, strlen(line), &event), 0);
	assert_string_equal(event.name, "");
}

/* ---- versions, frames, URLs ---- */

static void versions_compare_by_number(void **state)
{
	(void)state;
	assert_true(docker_version_compare("1.9", "1.10") < 0);
	assert_true(docker_version_compare("1.41", "1.41") == 0);
	assert_true(docker_version_compare("1.44", "1.41") > 0);
	assert_true(docker_version_compare("2.0", "1.99") > 0);
	assert_true(docker_version_compare("1.99", "2.0") < 0);
}

static void version_is_the_newest_both_know(void **state)
{
	static const struct {
		const char *min, *max, *chosen; /* NULL: none */
	} cases[] = {
		{"1.12", "1.41", "1.41"}, /* 20.10 */
		{"1.24", "1.45", "1.44"}, /* 26.1 */
		{"1.44", "1.52", "1.44"}, /* 29.0 */
		{"1.40", "1.54", "1.44"}, /* 29.3 */
		{"1.12", "1.40", "1.40"}, {"1.12", "1.39", NULL},
		{"1.45", "1.60", NULL},   {"", "1.41", NULL},
		{"1.12", "", NULL},       {"1.12", "1.41/../..", NULL},
		{"1.12", "v1.41", NULL},  {"1.12", "1", NULL},
		{"1.12", "1.", NULL},     {"1.12", "1.99999999999999", NULL},
	};
	char version[16];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		strcpy(version, "untouched");
		assert_int_equal(docker_version_choose(cases[i].min, cases[i].max, version),
				 cases[i].chosen != NULL ? 0 : -EPROTONOSUPPORT);
		assert_string_equal(version,
				    cases[i].chosen != NULL ? cases[i].chosen : "untouched");
	}
}

static void frames_are_joined(void **state)
{
	static const char frames[] = "\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\4err\n\1\0\0\0\0\0\0\0";
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(docker_frames_decode(frames, sizeof(frames) - 1, &out), 0);
	assert_string_equal(buf_text(&out), "outerr\n");
	buf_clear(&out);
	assert_int_equal(docker_frames_decode("", 0, &out), 0);
	assert_string_equal(buf_text(&out), "");
	assert_int_equal(docker_frames_decode("plain text", 10, &out), 0);
	assert_string_equal(buf_text(&out), "plain text");
	buf_free(&out);
}

static void broken_frames_keep_what_was_whole(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} cases[] = {
		{"\1\0\0\0\0\0\0\2ok\1\0\0\0\0\0\0\5cut", 21, "ok"},
		{"\1\0\0\0\0\0\0\2ok\1\0\0\0", 14, "ok"},
		{"\1\0\0\0\0\0\0\2ok\7\0\0\0\0\0\0\1x", 19, "ok"},
		{"\1\0\0\0\377\377\377\377x", 9, ""},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	for (size_t i = 0; i < N(cases); i++) {
		buf_clear(&out);
		assert_int_equal(docker_frames_decode(cases[i].bytes, cases[i].len, &out),
				 -EBADMSG);
		assert_string_equal(buf_text(&out), cases[i].text);
	}
	buf_free(&out);
}

static void frames_fill_the_buffer(void **state)
{
	static const char frames[] = "\1\0\0\0\0\0\0\4abcd\1\0\0\0\0\0\0\4efgh";
	struct buf out;

	(void)state;
	buf_init(&out, 6);
	assert_int_equal(docker_frames_decode(frames, sizeof(frames) - 1, &out), -ENOBUFS);
	assert_string_equal(buf_text(&out), "abcdef");
	buf_clear(&out);
	assert_int_equal(docker_frames_decode("123456789", 9, &out), -ENOBUFS);
	assert_string_equal(buf_text(&out), "123456");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_of_engine_20_10),
		cmocka_unit_test(event_times_are_exact),
		cmocka_unit_test(event_actions),
		cmocka_unit_test(event_refusals),
		cmocka_unit_test(event_cut_anywhere),
		cmocka_unit_test(event_without_a_name),
		cmocka_unit_test(versions_compare_by_number),
		cmocka_unit_test(version_is_the_newest_both_know),
		cmocka_unit_test(frames_are_joined),
		cmocka_unit_test(broken_frames_keep_what_was_whole),
		cmocka_unit_test(frames_fill_the_buffer),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
