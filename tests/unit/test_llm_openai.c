/* Shell. Unit tests of planner/llm: what OpenAI and servers like it reply. */
#include "tests/unit/llm_replies.h"

#define CHOICE(finish, message)                                                                    \
	"{\"choices\":[{\"index\":0,\"message\":" message ",\"finish_reason\":" finish "}]}"
#define SAID(text)    "{\"role\":\"assistant\",\"content\":\"" text "\",\"refusal\":null}"
#define ERROR(fields) "{\"error\":{" fields "}}"
#define SERVER        "the model server "

static void answers(void **state)
{
	static const char *const bodies[] = {
		CHOICE("\"stop\"", SAID(VERDICT_TEXT)),
		CHOICE("\"stop\"", SAID("```json\\n" VERDICT_TEXT "\\n```")),
		CHOICE("\"stop\"", "{\"content\":\"" VERDICT_TEXT "\",\"refusal\":\"\"}"),
		CHOICE("\"stop\"",
		       SAID("{\\\"reason\\\":\\\"4x\\\",\\\"action\\\":\\\"scale_up\\\","
			    "\\\"alpha_up\\\":3,\\\"beta_down\\\":null}")),
	};

	(void)state;
	for (size_t i = 0; i < N(bodies); i++) {
		struct llm_answer a = read_body(LLM_OPENAI, 200, bodies[i]);

		assert_verdict(&a);
	}
}

static void figures_of_an_answer(void **state)
{
	struct llm_answer a = read_body(LLM_OPENAI, 200,
					"{\"model\":\"llama-3.1-8b\",\"choices\":[],\"usage\":"
					"{\"prompt_tokens\":590,\"completion_tokens\":28}}");

	(void)state;
	assert_string_equal(a.model, "llama-3.1-8b");
	assert_int_equal(a.tokens_in, 590);
	assert_int_equal(a.tokens_out, 28);

	a = read_body(LLM_OPENAI, 200, "{\"model\":null,\"usage\":{\"prompt_tokens\":-1}}");
	assert_string_equal(a.model, "");
	assert_int_equal(a.tokens_in, -1);
	assert_int_equal(a.tokens_out, -1);
}

static void abstentions(void **state)
{
	static const struct abstention_case cases[] = {
		{CHOICE("\"length\"", SAID(VERDICT_TEXT)), "the model ran out of its 4096 tokens"},
		{CHOICE("\"content_filter\"", SAID(VERDICT_TEXT)),
		 "the model broke off: content_filter"},
		{CHOICE("\"tool_calls\"", "{\"content\":null}"), "the model broke off: tool_calls"},
		{CHOICE("null", SAID(VERDICT_TEXT)), "the model broke off: no finish_reason"},
		{CHOICE("\"STOP\"", SAID(VERDICT_TEXT)), "the model broke off: STOP"},
		{CHOICE("\"stop\"", "{\"content\":null,\"refusal\":\"I can't\\n help.\"}"),
		 "the model declined: I can't  help."},
		{CHOICE("\"stop\"", "{\"content\":\"" VERDICT_TEXT "\",\"refusal\":\"No.\"}"),
		 "the model declined: No."},
		{CHOICE("\"stop\"", "{\"content\":null}"),
		 "the answer is not a verdict: no whole JSON object"},
		{CHOICE("\"stop\"", "{\"content\":[{\"text\":\"" VERDICT_TEXT "\"}]}"),
		 "the answer is not a verdict: no whole JSON object"},
		{CHOICE("\"stop\"", "null"), "the answer is not a verdict: no whole JSON object"},
		{CHOICE("\"stop\"", SAID("{\\\"action\\\":\\\"noop\\\"}")),
		 "the answer is not a verdict: reason: missing, must be text"},
		{"{\"choices\":[]}", "the question was not answered: no choices"},
		{"{}", "the question was not answered: no choices"},
	};

	(void)state;
	assert_abstentions(LLM_OPENAI, cases, N(cases));
}

static void errors(void **state)
{
	static const struct failure_case cases[] = {
		{401,
		 ERROR("\"message\":\"Incorrect API key: " KEY "\",\"code\":\"invalid_api_key\""),
		 SERVER "refuses the key: check LLM_API_KEY (401: Incorrect API key: ***)",
		 HOPELESS, 0},
		{402, "", SERVER "asks for payment: check the account (402)", HOPELESS, 0},
		/* there is no other model to try */
		{404, ERROR("\"message\":\"model 'x' not found\",\"code\":null"),
		 SERVER "knows no such model or address: check LLM_MODEL and LLM_URL (404: model "
			"'x' not found)",
		 HOPELESS, 0},
		{404, "{\"error\":\"model 'x' not found\"}",
		 SERVER "knows no such model or address: check LLM_MODEL and LLM_URL (404: model "
			"'x' not found)",
		 HOPELESS, 0},
		{400, "{\"object\":\"error\",\"message\":\"Too long.\",\"code\":400}",
		 SERVER "refuses the request: check LLM_MODEL and LLM_API_KEY (400: Too long.)",
		 HOPELESS, 0},
		{429, ERROR("\"message\":\"Try later. Please try again in 6m0.5s.\""),
		 SERVER "is asked too often (429: Try later. Please try again in 6m0.5s.)", PLAIN,
		 360.5},
		{429, ERROR("\"message\":\"Please try again in 20 seconds\""),
		 SERVER "is asked too often (429: Please try again in 20 seconds)", PLAIN, 0},
		{429, ERROR("\"message\":\"Pay.\",\"code\":\"insufficient_quota\""),
		 SERVER "has no credit left: check the account (429: Pay.)", HOPELESS, 0},
		/* Google's own endpoint of this kind */
		{429,
		 "[{\"error\":{\"message\":\"Quota.\",\"details\":[{\"retryDelay\":\"12s\"}]}}]",
		 SERVER "is asked too often (429: Quota.)", PLAIN, 12},
		{429, "[{\"error\":{\"details\":[{\"violations\":[{\"quotaId\":\"xPerDayx\"}]}]}}]",
		 SERVER "has no quota left for this day (429)", DAY_SPENT, 0},
		{503, ERROR("\"code\":503,\"message\":\"Loading model\""),
		 SERVER "cannot answer now (503: Loading model)", PLAIN, 0},
		{200, ERROR("\"message\":\"Upstream failed.\""),
		 SERVER "answered with an error (200: Upstream failed.)", PLAIN, 0},
		{200, "data: {}", SERVER "answered something that is not JSON", PLAIN, 0},
	};

	(void)state;
	assert_failures(LLM_OPENAI, cases, N(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(figures_of_an_answer),
		cmocka_unit_test(abstentions),
		cmocka_unit_test(errors),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
