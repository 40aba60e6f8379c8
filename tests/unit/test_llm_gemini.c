/* Shell. Unit tests of planner/llm: what Gemini replies. */
#include "tests/unit/llm_replies.h"

#define CANDIDATE(finish, content)                                                                 \
	"{\"candidates\":[{\"content\":" content ",\"finishReason\":\"" finish "\",\"index\":0}]}"
#define SAID(text)         "{\"parts\":[{\"text\":\"" text "\"}],\"role\":\"model\"}"
#define ERROR(code, rest)  "{\"error\":{\"code\":" #code "," rest "}}"
#define MESSAGE(text)      "\"message\":\"" text "\""
#define DETAILS(list)      "\"details\":[" list "]"
#define REASON(reason)     "{\"@type\":\"…ErrorInfo\",\"reason\":\"" reason "\"}"
#define RETRY(delay)       "{\"@type\":\"…RetryInfo\",\"retryDelay\":\"" delay "\"}"
#define QUOTA(id)          "{\"violations\":[{\"quotaId\":\"" id "\"}]}"
#define RESET_DELAY(delay) "{\"metadata\":{\"quotaResetDelay\":\"" delay "\"}}"
#define TOO_OFTEN          "Gemini is asked too often (429"

static void answers(void **state)
{
	static const char *const bodies[] = {
		CANDIDATE("STOP", SAID(VERDICT_TEXT)),
		CANDIDATE("STOP", SAID("```json\\n" VERDICT_TEXT "\\n```")),
		CANDIDATE("STOP", SAID(VERDICT_TEXT "\\\"}]}")),
		CANDIDATE("STOP", "{\"parts\":[{\"text\":\"{\\\"action\\\":1}\",\"thought\":true},"
				  "{\"functionCall\":{}},{\"text\":\"{\\\"reason\\\":\\\"4\"},"
				  "{\"text\":\"x\\\",\\\"action\\\":\\\"scale_up\\\","
				  "\\\"alpha_up\\\":3}\",\"thought\":false}]}"),
		"{\"candidates\":[{\"content\":" SAID(
			VERDICT_TEXT) ",\"finishReason\":\"STOP\"},"
				      "{\"content\":" SAID("{}") ",\"finishReason\":\"SAFETY\"}]}",
		"{\"candidates\":[{\"content\":" SAID(
			VERDICT_TEXT) ",\"finishReason\":\"STOP\"}],"
				      "\"error\":null,\"usageMetadata\":null,\"modelVersion\":7}",
	};

	(void)state;
	for (size_t i = 0; i < N(bodies); i++) {
		struct llm_answer a = read_body(LLM_GEMINI, 200, bodies[i]);

		assert_verdict(&a);
	}
}

static void abstentions(void **state)
{
	static const struct abstention_case cases[] = {
		{CANDIDATE("STOP", SAID("{\\\"reason\\\":\\\"r\\\",\\\"action\\\":\\\"noop\\\","
					"\\\"replicas\\\":999}")),
		 "the answer is not a verdict: a member that is not in the schema, or there twice"},
		{CANDIDATE("STOP", SAID("I would add one.")),
		 "the answer is not a verdict: no whole JSON object"},
		{CANDIDATE("STOP", SAID("{\\\"reason\\\":\\\"the p95")),
		 "the answer is not a verdict: no whole JSON object"},
		{CANDIDATE("STOP", "{\"role\":\"model\"}"),
		 "the answer is not a verdict: no whole JSON object"},
		{CANDIDATE("STOP", "{\"parts\":\"none\"}"),
		 "the answer is not a verdict: no whole JSON object"},
		{CANDIDATE("MAX_TOKENS", "{\"role\":\"model\"}"),
		 "the model ran out of its 4096 tokens, 0 of them spent on thinking"},
		{CANDIDATE("MAX_TOKENS", SAID(VERDICT_TEXT)),
		 "the model ran out of its 4096 tokens, 0 of them spent on thinking"},
		{CANDIDATE("SAFETY", SAID(VERDICT_TEXT)), "the model broke off: SAFETY"},
		{CANDIDATE("MALFORMED_FUNCTION_CALL", "{}"),
		 "the model broke off: MALFORMED_FUNCTION_CALL"},
		{CANDIDATE("OF_ANOTHER\\n_YEAR_AND_LONGER_THAN_ANY", SAID(VERDICT_TEXT)),
		 "the model broke off: OF_ANOTHER _YEAR_AND_LONGER_THA"},
		{CANDIDATE("stop", SAID(VERDICT_TEXT)), "the model broke off: stop"},
		{CANDIDATE("STOP\\n", SAID(VERDICT_TEXT)), "the model broke off: STOP "},
		{"{\"candidates\":[{\"content\":" SAID(VERDICT_TEXT) "}]}",
		 "the model broke off: no finishReason"},
		{"{\"candidates\":[null]}", "the model broke off: no finishReason"},
		{"{\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"}}",
		 "the question was not answered: PROHIBITED_CONTENT"},
		{"{\"candidates\":[],\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}",
		 "the question was not answered: SAFETY"},
		{"{\"candidates\":\"none\"}", "the question was not answered: no candidates"},
		{"{}", "the question was not answered: no candidates"},
	};

	(void)state;
	assert_abstentions(LLM_GEMINI, cases, N(cases));
}

static void figures_of_an_answer(void **state)
{
	static const struct {
		const char *usage;
		int in, out;
	} cases[] = {
		{"{\"promptTokenCount\":612,\"candidatesTokenCount\":31,\"totalTokenCount\":643}",
		 612, 31},
		{"{\"promptTokenCount\":612,\"candidatesTokenCount\":31,\"thoughtsTokenCount\":"
		 "200}",
		 612, 231},
		{"{\"promptTokenCount\":612,\"thoughtsTokenCount\":4093}", 612, 4093},
		{"{\"promptTokenCount\":-1,\"candidatesTokenCount\":1e12}", -1, -1},
		{"{\"promptTokenCount\":\"612\",\"candidatesTokenCount\":2.5}", -1, -1},
		{"{}", -1, -1},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		char *body = xasprintf("{\"candidates\":[{\"finishReason\":\"MAX_TOKENS\"}],"
				       "\"usageMetadata\":%s,\"modelVersion\":\"gemini-3.6\"}",
				       cases[i].usage);
		struct llm_answer a = read_body(LLM_GEMINI, 200, body);

		assert_int_equal(a.tokens_in, cases[i].in);
		assert_int_equal(a.tokens_out, cases[i].out);
		assert_string_equal(a.model, "gemini-3.6");
		if (cases[i].out > 4000)
			assert_string_equal(a.cause, "the model ran out of its 4096 tokens, "
						     "4093 of them spent on thinking");
		free(body);
	}
}

static void limits(void **state)
{
	static const struct failure_case cases[] = {
		{429, ERROR(429, MESSAGE("Quota.") "," DETAILS(RETRY("36s"))),
		 TOO_OFTEN ": Quota.)", PLAIN, 36},
		{429, ERROR(429, DETAILS(QUOTA("PerMinute-FreeTier") "," RETRY("45.837906927s"))),
		 TOO_OFTEN ")", PLAIN, 45.837906927},
		{429, ERROR(429, DETAILS(RETRY("250ms"))), TOO_OFTEN ")", PLAIN, 0.25},
		{429, ERROR(429, DETAILS(RESET_DELAY("373.8ms"))), TOO_OFTEN ")", PLAIN, 0.3738},
		{429, ERROR(429, DETAILS(RETRY("2s") "," RESET_DELAY("1h2m3s"))), TOO_OFTEN ")",
		 PLAIN, 3723},
		{429, ERROR(429, MESSAGE("Please retry in 36.43s.")),
		 TOO_OFTEN ": Please retry in 36.43s.)", PLAIN, 36.43},
		{429, ERROR(429, MESSAGE("Please retry in 36.43s.") "," DETAILS(RETRY("7s"))),
		 TOO_OFTEN ": Please retry in 36.43s.)", PLAIN, 7},
		{429, ERROR(429, DETAILS(RETRY("999999999999s"))), TOO_OFTEN ")", PLAIN, 86400},
		{429, ERROR(429, DETAILS(RETRY("1e999s"))), TOO_OFTEN ")", PLAIN, 86400},
		{429, ERROR(429, DETAILS(RETRY("0s"))), TOO_OFTEN ")", PLAIN, 0},
		{429, ERROR(429, DETAILS(RETRY("-5s"))), TOO_OFTEN ")", PLAIN, 0},
		{429, ERROR(429, DETAILS(RETRY("soon"))), TOO_OFTEN ")", PLAIN, 0},
		{429, ERROR(429, DETAILS("{\"@type\":\"…Help\"}")), TOO_OFTEN ")", PLAIN, 0},
		{429, ERROR(429, "\"details\":{\"retryDelay\":\"36s\"}"), TOO_OFTEN ")", PLAIN, 0},
		{429, "Too many requests. Please retry in 5s.", TOO_OFTEN ")", PLAIN, 0},
		{429, "", TOO_OFTEN ")", PLAIN, 0},
		/* the quota of the day says 36 s as well, and that is not true */
		{429,
		 ERROR(429, DETAILS(QUOTA("RequestsPerDayPerModel-FreeTier") "," RETRY("36s"))),
		 "Gemini has no quota left for this day (429)", DAY_SPENT, 0},
		{503, ERROR(503, MESSAGE("Overloaded.") "," DETAILS(QUOTA("PerDay"))),
		 "Gemini cannot answer now (503: Overloaded.)", PLAIN, 0},
	};

	(void)state;
	assert_failures(LLM_GEMINI, cases, N(cases));
}

static void errors(void **state)
{
	static const struct failure_case cases[] = {
		{400,
		 ERROR(400, MESSAGE("API key not valid.") "," DETAILS(REASON("API_KEY_INVALID"))),
		 "Gemini refuses the key: check LLM_API_KEY (400: API key not valid.)", HOPELESS,
		 0},
		{400, ERROR(400, MESSAGE("Not here.") ",\"status\":\"FAILED_PRECONDITION\""),
		 "Gemini does not serve this account or region: enable billing, or use another "
		 "account (400: Not here.)",
		 HOPELESS, 0},
		{400, ERROR(400, MESSAGE("Bad field.") ",\"status\":\"INVALID_ARGUMENT\""),
		 "Gemini refuses the request: check LLM_MODEL and LLM_API_KEY (400: Bad field.)",
		 HOPELESS, 0},
		{401, "", "Gemini refuses the key: check LLM_API_KEY (401)", HOPELESS, 0},
		{403, ERROR(403, MESSAGE("Key was leaked.")),
		 "Gemini does not let this key use the model: check LLM_API_KEY (403: Key was "
		 "leaked.)",
		 HOPELESS, 0},
		{404, ERROR(404, MESSAGE("models/m is not found")),
		 "Gemini knows no such model or address: check LLM_MODEL and LLM_URL (404: "
		 "models/m is not found)",
		 MODEL_GONE, 0},
		{405, "", "Gemini refuses the request: check LLM_URL (405)", HOPELESS, 0},
		{302, "", "Gemini redirects: set LLM_URL to the address it leads to (302)",
		 HOPELESS, 0},
		{408, "", "Gemini gave up waiting (408)", PLAIN, 0},
		{500, ERROR(500, MESSAGE("Internal.") "," DETAILS(RETRY("3s"))),
		 "Gemini cannot answer now (500: Internal.)", PLAIN, 3},
		{502, "<html><h1>Bad Gateway</h1></html>", "Gemini cannot answer now (502)", PLAIN,
		 0},
		{503, ERROR(503, MESSAGE("Overloaded.")),
		 "Gemini cannot answer now (503: Overloaded.)", PLAIN, 0},
		{504, "{\"error\":[]}", "Gemini cannot answer now (504)", PLAIN, 0},
		{204, "", "Gemini answered with an error (204)", PLAIN, 0},
		{200, ERROR(500, MESSAGE("Internal.")),
		 "Gemini answered with an error (200: Internal.)", PLAIN, 0},
		{200, "", "Gemini answered something that is not JSON", PLAIN, 0},
		{200, "<html>Log in</html>", "Gemini answered something that is not JSON", PLAIN,
		 0},
		{200, "{\"candidates\":[{\"finishReason\":\"STOP\"",
		 "Gemini answered something that is not JSON", PLAIN, 0},
		{200, "[{}]", "Gemini answered something that is not JSON", PLAIN, 0},
		{200, "null", "Gemini answered something that is not JSON", PLAIN, 0},
	};

	(void)state;
	assert_failures(LLM_GEMINI, cases, N(cases));
}

static void retry_after_is_the_last_resort(void **state)
{
	static const struct {
		long status;
		const char *body;
		double retry_after_sec, expected_sec;
	} cases[] = {
		{429, "", 12, 12},
		{503, "", 12, 12},
		{429, ERROR(429, DETAILS(RETRY("36s"))), 12, 36},
		{429, ERROR(429, MESSAGE("Please retry in 5s.")), 12, 5},
		{429, ERROR(429, DETAILS(QUOTA("PerDay"))), 12, NAN},
		{403, "", 12, NAN},
		{429, "", 1e9, 86400},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		const struct http_result result = {.error = "",
						   .status = cases[i].status,
						   .body = cases[i].body,
						   .body_len = strlen(cases[i].body),
						   .retry_after_sec = cases[i].retry_after_sec};
		struct llm_answer a;

		llm_read(LLM_GEMINI, &result, KEY, &a);
		if (isnan(cases[i].expected_sec))
			assert_true(isnan(a.retry_sec));
		else
			assert_double_near(a.retry_sec, cases[i].expected_sec);
	}
}

static void calls_that_failed(void **state)
{
	static const struct {
		int err;
		const char *error;
		int fate;
	} cases[] = {
		{-ETIMEDOUT, "127.0.0.1:9 did not answer in time", PLAIN},
		{-ECONNREFUSED, "127.0.0.1:9 cannot be connected to: Connection refused", PLAIN},
		{-ECONNRESET, "gw:443 closed the connection in the middle of its answer", PLAIN},
		{-EFBIG, "gw:443 sent an answer that is too long", PLAIN},
		{-EINVAL, "the server cannot be called: the URL is malformed", HOPELESS},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		const struct http_result result = {
			.err = cases[i].err,
			.error = cases[i].error,
			.status = 200, /* a head had come */
			.body = CANDIDATE("STOP", SAID(VERDICT_TEXT)),
			.retry_after_sec = NAN,
		};
		struct llm_answer a;

		llm_read(LLM_GEMINI, &result, KEY, &a);
		assert_int_equal(a.outcome, OUTCOME_FAILED);
		assert_string_equal(a.cause, cases[i].error);
		assert_fate(&a, cases[i].fate, 0);
	}
}

/* Wherever a server repeats it, and however it spells it. */
static void the_key_stays_out(void **state)
{
	static const char *const bodies[] = {
		ERROR(400, MESSAGE("The key " KEY " is not " KEY)),
		ERROR(400, MESSAGE(KEY)),
		ERROR(400, MESSAGE("\\u0041Q.k3y-that-nobody-may-see")),
		"{\"error\":\"" KEY "\"}",
		CANDIDATE(KEY, "{}"),
		CANDIDATE("STOP",
			  SAID("{\\\"reason\\\":\\\"" KEY "\\\",\\\"action\\\":\\\"noop\\\"}")),
		CANDIDATE("STOP", SAID("{\\\"reason\\\":\\\"\\\\u0041Q.k3y-that-nobody-may-see\\\","
				       "\\\"action\\\":\\\"noop\\\"}")),
		CANDIDATE("STOP", "{\"parts\":[{\"text\":\"{\\\"action\\\":\\\"noop\\\","
				  "\\\"reason\\\":\\\"AQ.k3y"
				  "\"},{\"text\":\"-that-nobody-may-see\\\"}\"}]}"),
		"{\"promptFeedback\":{\"blockReason\":\"" KEY "\"}}",
		"{\"modelVersion\":\"" KEY "\"}",
	};

	(void)state;
	for (size_t i = 0; i < N(bodies); i++) {
		for (long status = 200; status <= 400; status += 200) {
			struct llm_answer a = read_body(LLM_GEMINI, status, bodies[i]);

			assert_null(strstr(a.cause, "k3y"));
			assert_null(strstr(a.model, "k3y"));
			assert_null(strstr(a.verdict.reason, "k3y"));
		}
	}

	const struct http_result result = {.err = -ETIMEDOUT, .error = KEY " did not answer"};
	struct llm_answer a;
	llm_read(LLM_GEMINI, &result, KEY, &a);
	assert_string_equal(a.cause, "*** did not answer");
	assert_string_equal(read_body(LLM_GEMINI, 401, bodies[0]).cause,
			    "Gemini refuses the key: check LLM_API_KEY (401: The key *** is not "
			    "***)");
}

/* Asterisks are put in before a message is cut: no beginning of a key is left at its end. */
static void no_part_of_the_key_is_left_by_cutting(void **state)
{
	(void)state;
	for (int len = 200; len < 260; len++) {
		char *body = xasprintf("{\"error\":{\"message\":\"%0*d%s\"}}", len, 0, KEY);

		assert_null(strstr(read_body(LLM_GEMINI, 500, body).cause, "AQ"));
		free(body);
	}
}

static void short_and_missing_keys(void **state)
{
	static const char *const keys[][2] = {
		{NULL, "say kkey"}, {"", "say kkey"},    {"k", "say **ey"},
		{"kk", "say **ey"}, {"kkey", "say ***"},
	};

	(void)state;
	for (size_t i = 0; i < N(keys); i++) {
		static const char body[] = "{\"promptFeedback\":{\"blockReason\":\"say kkey\"}}";
		const struct http_result result = {.error = "",
						   .status = 200,
						   .body = body,
						   .body_len = strlen(body),
						   .retry_after_sec = NAN};
		struct llm_answer a;

		llm_read(LLM_GEMINI, &result, keys[i][0], &a);
		assert_non_null(strstr(a.cause, keys[i][1]));
	}
}

static void messages_are_cut_and_cleaned(void **state)
{
	char body[5000] = "{\"error\":{\"message\":\"two\\nlines\xff \\u0007";

	(void)state;
	while (strlen(body) < 4000)
		strcat(body, "\xc3\xa9");
	strcat(body, "\"}}");
	struct llm_answer a = read_body(LLM_GEMINI, 500, body);
	assert_non_null(strstr(a.cause, "(500: two lines   \xc3\xa9"));
	assert_true(strlen(a.cause) < 300);
	assert_string_equal(a.cause + strlen(a.cause) - 3, "\xc3\xa9)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(abstentions),
		cmocka_unit_test(figures_of_an_answer),
		cmocka_unit_test(limits),
		cmocka_unit_test(errors),
		cmocka_unit_test(retry_after_is_the_last_resort),
		cmocka_unit_test(calls_that_failed),
		cmocka_unit_test(the_key_stays_out),
		cmocka_unit_test(no_part_of_the_key_is_left_by_cutting),
		cmocka_unit_test(short_and_missing_keys),
		cmocka_unit_test(messages_are_cut_and_cleaned),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
