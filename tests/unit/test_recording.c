/* Recorded telemetry, read line by line, and what the planner says about it. */
#include "tests/unit/unit.h"

#include "planner/explainer.h"
#include "planner/recording.h"
#include "tests/unit/default_policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALERT                                                                                      \
	"{\"kind\":\"latency_metrics\",\"target\":\"app\",\"endpoint\":\"http://lb/\","            \
	"\"window_sec\":4,\"requests\":20,\"success_rate\":1,\"avg_ms\":%d,\"p95_ms\":%d,"         \
	"\"replicas\":2%s}"

/* --- lines ------------------------------------------------------------------------------------ */

static int read_text(const char *line, struct recorded *ret, struct message_error *ret_error)
{
	return recording_read(line, strlen(line), ret, ret_error);
}

static void lines_of_the_subscriber(void **state)
{
	(void)state;
	static const char *const channels[] = {"alerts", "actions", "results", "advice"};
	char line[128];

	for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
		struct recorded t;
		struct message_error error;
		snprintf(line, sizeof(line),
			 " {\"channel\":\"%s\",\"message\":{\"a\": [1, \"x\"]}}\r\n", channels[i]);
		assert_int_equal(read_text(line, &t, &error), 0);
		assert_string_equal(t.channel, channels[i]);
		assert_string_equal(t.text, "{\"a\":[1,\"x\"]}");
		assert_int_equal(t.len, strlen(t.text));
		free(t.text);
	}
}

static void when_it_was_heard(void **state)
{
	(void)state;
	static const struct {
		const char *member;
		uint64_t heard_ms;
	} rows[] = {
		{"\"heard_ts\":1795458155.618,", 1795458155618},
		{"", 0},
		{"\"heard_ts\":null,", 0},
		{"\"heard_ts\":\"1\",", 0},
		{"\"heard_ts\":-1,", 0},
		{"\"heard_ts\":1e300,", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[128];
		struct recorded t;
		struct message_error error;
		snprintf(line, sizeof(line), "{\"channel\":\"alerts\",%s\"message\":{}}",
			 rows[i].member);
		assert_int_equal(read_text(line, &t, &error), 0);
		assert_true(t.heard_ms == rows[i].heard_ms);
		free(t.text);
	}
}

static void numbers_keep_their_digits(void **state)
{
	(void)state;
	struct recorded t;
	struct message_error error;

	assert_int_equal(read_text("{\"channel\":\"alerts\",\"message\":"
				   "{\"ts\":1795479082.5846653,\"n\":9007199254740993}}",
				   &t, &error),
			 0);
	assert_string_equal(t.text, "{\"ts\":1795479082.5846653,\"n\":9007199254740993}");
	free(t.text);
}

static void bare_alerts(void **state)
{
	(void)state;
	struct recorded t;
	struct message_error error;

	assert_int_equal(read_text("{\"kind\":\"latency_metrics\"}", &t, &error), 0);
	assert_string_equal(t.channel, CHANNEL_ALERTS);
	assert_string_equal(t.text, "{\"kind\":\"latency_metrics\"}");
	free(t.text);
}

static void what_is_nothing_to_us(void **state)
{
	(void)state;
	static const char *const lines[] = {"", "\n", " \t\r\n",
					    "{\"channel\":\"ledger\",\"message\":{}}",
					    "{\"channel\":\"weather\",\"message\":\"rain\"}"};
	struct recorded t;
	struct message_error error;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(read_text(lines[i], &t, &error), -ENOMSG);
}

static void broken_lines_say_why(void **state)
{
	(void)state;
	static const struct {
		const char *line, *error;
	} rows[] = {
		{"alerts", "not JSON"},
		{"{\"channel\":\"alerts\",\"message\":{}", "not JSON"},
		{"[1]", "not an object"},
		{"\"alerts\"", "not an object"},
		{"{\"channel\":7,\"message\":{}}", "channel: must be a string"},
		{"{\"channel\":\"alerts\"}", "message: must be an object"},
		{"{\"channel\":\"alerts\",\"message\":\"{}\"}", "message: must be an object"},
	};
	struct recorded t;
	struct message_error error;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_text(rows[i].line, &t, &error), -EBADMSG);
		assert_string_equal(error.text, rows[i].error);
	}
	assert_int_equal(recording_read("\0{}", 3, &t, &error), -EBADMSG);
	/* only its length is looked at */
	assert_int_equal(recording_read("", RECORDING_LINE_MAX + 1, &t, &error), -EBADMSG);
	assert_string_equal(error.text, "too long");
}

/* --- decisions about them --------------------------------------------------------------------- */

struct tape {
	char *in, *out, *err;
	size_t in_len, out_len, err_len;
	FILE *stream;
};

static void tape_open(struct tape *r)
{
	memset(r, 0, sizeof(*r));
	r->stream = open_memstream(&r->in, &r->in_len);
	assert_non_null(r->stream);
}

/* Explain what was recorded, by the classic law; the exit status. */
static int explain(struct tape *r)
{
	struct policy_config config = default_policy("classic");

	fclose(r->stream);
	FILE *in = r->in_len ? fmemopen(r->in, r->in_len, "r") : fopen("/dev/null", "r");
	FILE *out = open_memstream(&r->out, &r->out_len);
	FILE *err = open_memstream(&r->err, &r->err_len);
	int status = explainer_run(&config, "app", in, out, err);
	fclose(in);
	fclose(out);
	fclose(err);
	return status;
}

static void tape_close(struct tape *r)
{
	free(r->in);
	free(r->out);
	free(r->err);
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

static void each_alert_is_explained(void **state)
{
	(void)state;
	struct tape r;

	tape_open(&r);
	for (int i = 0; i < 15; i++)
		fprintf(r.stream, ALERT "\n", 120, i < 14 ? 120 + i % 2 : 960, "");
	assert_int_equal(explain(&r), 0);
	assert_string_equal(r.err, "");
	assert_int_equal(count(r.out, "  app  noop, 2 wanted: warming\n"), 11);
	assert_int_equal(count(r.out, "  app  scale_up, 3 wanted: 7.9x baseline\n"), 1);
	assert_int_equal(count(r.out, "  decided by  ratio_high (classic)\n"), 1);
	assert_true(count(r.out, "  would do nothing if p95 <= ") == 1);
	tape_close(&r);
}

/* What the executor refused is not wanted any more, as in the planner itself. */
static void results_are_heard(void **state)
{
	(void)state;
	struct tape r;

	tape_open(&r);
	for (int i = 0; i < 15; i++)
		fprintf(r.stream, "{\"channel\":\"alerts\",\"message\":" ALERT "}\n", 120,
			i < 14 ? 120 : 950, ",\"ts\":1795458155");
	fprintf(r.stream, "{\"channel\":\"actions\",\"message\":{\"kind\":\"plan\"}}\n"
			  "{\"channel\":\"results\",\"message\":{\"ts\":1795458156,\"id\":\"1\","
			  "\"action\":\"scale_up\",\"target\":\"app\",\"reason\":\"r\","
			  "\"result\":{\"status\":\"skipped\",\"message\":\"m\"},"
			  "\"replicas_before\":2,\"replicas_after\":2,\"duration_ms\":1}}\n");
	fprintf(r.stream, ALERT "\n", 120, 120, ",\"ts\":1795458159");
	assert_int_equal(explain(&r), 0);
	assert_string_equal(r.err, "");
	assert_int_equal(count(r.out, "2026-11-23 18:22:35  app  scale_up, 3 wanted"), 1);
	assert_int_equal(count(r.out, "2026-11-23 18:22:39  app  noop, 2 wanted"), 1);
	tape_close(&r);
}

static void targets_are_kept_apart(void **state)
{
	(void)state;
	struct tape r;

	tape_open(&r);
	fprintf(r.stream, ALERT "\n", 1, 1, "");
	fprintf(r.stream, "{\"kind\":\"latency_metrics\",\"target\":\"shop\",\"endpoint\":\"e\","
			  "\"window_sec\":4,\"requests\":2,\"success_rate\":1,\"avg_ms\":9,"
			  "\"p95_ms\":9,\"replicas\":5}\n");
	assert_int_equal(explain(&r), 0);
	assert_non_null(strstr(r.out, "-  app  noop, 2 wanted: warming\n"));
	assert_non_null(strstr(r.out, "-  shop  noop, 5 wanted: warming\n"));
	tape_close(&r);
}

static void broken_lines_are_named_and_passed_over(void **state)
{
	(void)state;
	struct tape r;

	tape_open(&r);
	fprintf(r.stream, "nonsense\n\n{\"channel\":\"results\",\"message\":{}}\n");
	for (int i = 0; i < RECORDING_LINE_MAX + 5; i++)
		fputc(' ', r.stream);
	fprintf(r.stream, "\n{\"kind\":\"latency_metrics\"}\n");
	fprintf(r.stream, ALERT, 1, 1, ""); /* the last line has no break */
	assert_int_equal(explain(&r), 0);
	assert_int_equal(count(r.out, "wanted"), 1);
	assert_non_null(strstr(r.err, "line 1: not JSON\n"));
	assert_non_null(strstr(r.err, "line 3: "));
	assert_non_null(strstr(r.err, "line 4: too long\n"));
	assert_non_null(strstr(r.err, "line 5: "));
	assert_non_null(strstr(r.err, "4 of 6 lines could not be used\n"));
	tape_close(&r);
}

static void complaints_have_an_end(void **state)
{
	(void)state;
	struct tape r;

	tape_open(&r);
	for (int i = 0; i < 1000; i++)
		fputs("nonsense\n", r.stream);
	assert_int_equal(explain(&r), 1); /* and there was nothing else */
	assert_int_equal(count(r.err, "not JSON"), 10);
	assert_non_null(strstr(r.err, "1000 of 1000 lines could not be used\n"));
	assert_non_null(strstr(r.err, "no alerts in 1000 lines\n"));
	tape_close(&r);
}

static void nothing_recorded_is_an_error(void **state)
{
	(void)state;
	struct tape r;

	tape_open(&r);
	assert_int_equal(explain(&r), 1);
	assert_string_equal(r.out, "");
	assert_string_equal(r.err, "no alerts in 0 lines\n");
	tape_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_subscriber),
		cmocka_unit_test(when_it_was_heard),
		cmocka_unit_test(numbers_keep_their_digits),
		cmocka_unit_test(bare_alerts),
		cmocka_unit_test(what_is_nothing_to_us),
		cmocka_unit_test(broken_lines_say_why),
		cmocka_unit_test(each_alert_is_explained),
		cmocka_unit_test(results_are_heard),
		cmocka_unit_test(targets_are_kept_apart),
		cmocka_unit_test(broken_lines_are_named_and_passed_over),
		cmocka_unit_test(complaints_have_an_end),
		cmocka_unit_test(nothing_recorded_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
