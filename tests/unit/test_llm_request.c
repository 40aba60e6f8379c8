/* Shell. Unit tests of planner/llm: what is asked, of whom. */
#include "planner/llm.h"

#include "common/json.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array)    (sizeof(array) / sizeof((array)[0]))
#define GEMINI_BASE "https://generativelanguage.googleapis.com/v1beta/models/"

static const struct llm_question full = {
	.p95_ms = 480.0449,
	.baseline_ms = 117.96,
	.sigma_ms = 4.04,
	.ratio = 4.0694,
	.slo_ms = 250,
	.replicas = 3,
	.ready = 2,
	.min_replicas = 1,
	.max_replicas = 6,
	.cooldown_left_sec = 7.6,
	.low_windows = {true, false, true},
	.low_windows_n = 3,
	.history = {{118.04, 20, 2}, {NAN, 61.27, 2}, {480.0449, NAN, 3}},
	.history_n = 3,
	.window_sec = 4,
};

static const struct llm_question unknown = {
	.p95_ms = 20,
	.baseline_ms = NAN,
	.sigma_ms = NAN,
	.ratio = NAN,
	.slo_ms = NAN,
	.replicas = 1,
	.ready = -1,
	.min_replicas = 1,
	.max_replicas = 3,
	.window_sec = NAN,
};

static cJSON *ask(enum llm_provider provider, const char *model, const struct llm_question *q)
{
	char *text = llm_request(provider, model, q);
	cJSON *root;

	assert_int_equal(json_parse(text, strlen(text), &root), 0);
	free(text);
	return root;
}

static const cJSON *first(const cJSON *array)
{
	assert_int_equal(cJSON_GetArraySize(array), 1);
	return array->child;
}

static const char *gemini_text(const cJSON *content)
{
	return json_str(first(json_get(content, "parts")), "text");
}

/* The value as compact text; the caller frees it. */
static void assert_json(const cJSON *value, const char *expected)
{
	char *text = json_print(value);

	assert_string_equal(text, expected);
	free(text);
}

static void figures(void **state)
{
	static const struct {
		const struct llm_question *question;
		const char *text;
	} cases[] = {
		{&full, "{\"p95_ms\":480,\"baseline_ms\":118,\"sigma_ms\":4,\"ratio\":4.07,"
			"\"slo_ms\":250,\"window_sec\":4,\"replicas\":3,\"ready\":2,"
			"\"min_replicas\":1,\"max_replicas\":6,\"cooldown_left_sec\":8,"
			"\"low_windows\":[1,0,1],\"history\":{\"p95_ms\":[118,null,480],"
			"\"arrivals_rps\":[20,61.3,null],\"replicas\":[2,2,3]}}"},
		{&unknown, "{\"p95_ms\":20,\"replicas\":1,\"min_replicas\":1,\"max_replicas\":3,"
			   "\"cooldown_left_sec\":0}"},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		cJSON *root = ask(LLM_GEMINI, "gemini-3.5-flash-lite", cases[i].question);
		const cJSON *content = first(json_get(root, "contents"));

		assert_string_equal(json_str(content, "role"), "user");
		assert_string_equal(gemini_text(content), cases[i].text);
		cJSON_Delete(root);

		root = ask(LLM_OPENAI, "llama", cases[i].question);
		const cJSON *message = cJSON_GetArrayItem(json_get(root, "messages"), 1);
		assert_string_equal(json_str(message, "role"), "user");
		assert_string_equal(json_str(message, "content"), cases[i].text);
		cJSON_Delete(root);
	}
}

/* It says every word that the figures and the answer are made of, and the ranges that count. */
static void the_instruction_explains_everything(void **state)
{
	static const char *const words[] = {
		"p95_ms:",       "baseline_ms,",      "sigma_ms:",     "ratio:",   "slo_ms:",
		"window_sec:",   "replicas:",         "ready:",        "noop:",    "min_replicas,",
		"max_replicas:", "cooldown_left_sec", "low_windows:",  "history:", "arrivals_rps",
		"scale_up adds", "scale_down",        "restart: only", "reason (", "action",
		"(1.2 to 10)",   "(1 to 1.5,",
	};
	cJSON *gemini = ask(LLM_GEMINI, "gemini-3.5-flash-lite", &full);
	cJSON *openai = ask(LLM_OPENAI, "llama", &full);
	const char *text = gemini_text(json_get(gemini, "systemInstruction"));
	const cJSON *message = json_get(openai, "messages")->child;

	(void)state;
	for (size_t i = 0; i < N(words); i++) {
		if (!strstr(text, words[i]))
			fail_msg("it does not say %s", words[i]);
	}
	assert_string_equal(json_str(message, "role"), "system");
	assert_string_equal(json_str(message, "content"), text);
	cJSON_Delete(gemini);
	cJSON_Delete(openai);
}

static void gemini_body(void **state)
{
	cJSON *root = ask(LLM_GEMINI, "gemini-3.5-flash-lite", &full);

	(void)state;
	assert_int_equal(cJSON_GetArraySize(root), 3);
	assert_json(json_get(root, "generationConfig"),
		    "{\"responseMimeType\":\"application/json\","
		    "\"responseSchema\":{\"type\":\"OBJECT\",\"properties\":{"
		    "\"reason\":{\"type\":\"STRING\"},"
		    "\"action\":{\"type\":\"STRING\","
		    "\"enum\":[\"noop\",\"scale_up\",\"scale_down\",\"restart\"]},"
		    "\"alpha_up\":{\"type\":\"NUMBER\"},\"beta_down\":{\"type\":\"NUMBER\"}},"
		    "\"required\":[\"reason\",\"action\"],"
		    "\"propertyOrdering\":[\"reason\",\"action\",\"alpha_up\",\"beta_down\"]},"
		    "\"maxOutputTokens\":4096,\"thinkingConfig\":{\"thinkingLevel\":\"LOW\"}}");
	cJSON_Delete(root);
}

static void gemini_thinking(void **state)
{
	static const struct {
		const char *model, *thinking; /* NULL: none */
	} cases[] = {
		{"gemini-2.5-flash", "{\"thinkingBudget\":0}"},
		{"gemini-2.5-flash-lite", "{\"thinkingBudget\":0}"},
		{"gemini-2.5-pro", "{\"thinkingBudget\":128}"},
		{"gemini-3.1-flash-lite", "{\"thinkingLevel\":\"LOW\"}"},
		{"gemini-3.8-flash", "{\"thinkingLevel\":\"LOW\"}"},
		{"gemini-4-argon", "{\"thinkingLevel\":\"LOW\"}"},
		{"gemini-10-flash", "{\"thinkingLevel\":\"LOW\"}"},
		{"gemini-2.0-flash", NULL},
		{"gemini-2.5-flash-image", NULL},
		{"gemini-flash-latest", NULL},
		{"gemma-4-31b", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		cJSON *root = ask(LLM_GEMINI, cases[i].model, &unknown);
		const cJSON *thinking = json_path(root, "generationConfig", "thinkingConfig", NULL);

		if (cases[i].thinking)
			assert_json(thinking, cases[i].thinking);
		else
			assert_null(thinking);
		cJSON_Delete(root);
	}
}

static void openai_body(void **state)
{
	cJSON *root = ask(LLM_OPENAI, "llama", &full);

	(void)state;
	assert_int_equal(cJSON_GetArraySize(root), 4);
	assert_string_equal(json_str(root, "model"), "llama");
	assert_json(json_get(root, "max_completion_tokens"), "4096");
	assert_json(json_get(root, "response_format"),
		    "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"verdict\","
		    "\"strict\":true,\"schema\":{\"type\":\"object\",\"properties\":{"
		    "\"reason\":{\"type\":\"string\"},"
		    "\"action\":{\"type\":\"string\","
		    "\"enum\":[\"noop\",\"scale_up\",\"scale_down\",\"restart\"]},"
		    "\"alpha_up\":{\"type\":[\"number\",\"null\"]},"
		    "\"beta_down\":{\"type\":[\"number\",\"null\"]}},"
		    "\"required\":[\"reason\",\"action\",\"alpha_up\",\"beta_down\"],"
		    "\"additionalProperties\":false}}}");
	cJSON_Delete(root);

	root = ask(LLM_OPENAI, NULL, &full); /* the server's own */
	assert_null(json_get(root, "model"));
	cJSON_Delete(root);
}

static void addresses(void **state)
{
	static const struct {
		enum llm_provider provider;
		const char *override, *model, *url;
	} cases[] = {
		{LLM_GEMINI, NULL, "gemini-3.6-flash",
		 GEMINI_BASE "gemini-3.6-flash:generateContent"},
		{LLM_GEMINI, NULL, "../../x?key=1#",
		 GEMINI_BASE "..%2F..%2Fx%3Fkey%3D1%23:generateContent"},
		{LLM_GEMINI, NULL, "{model}", GEMINI_BASE "%7Bmodel%7D:generateContent"},
		{LLM_GEMINI, NULL, "a\r\nb c", GEMINI_BASE "a%0D%0Ab%20c:generateContent"},
		{LLM_GEMINI, "http://127.0.0.1:9/ask", "m", "http://127.0.0.1:9/ask"},
		{LLM_GEMINI, "http://gw/v1/{model}/run", "a/b", "http://gw/v1/a%2Fb/run"},
		{LLM_OPENAI, NULL, "any", "https://api.openai.com/v1/chat/completions"},
		{LLM_OPENAI, NULL, NULL, "https://api.openai.com/v1/chat/completions"},
		{LLM_OPENAI, "http://gw/{model}", NULL, "http://gw/"},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		char *url = llm_url(cases[i].provider, cases[i].override, cases[i].model);

		assert_string_equal(url, cases[i].url);
		free(url);
	}
}

static void the_longest_settings_fit(void **state)
{
	char override[4097] = "http://gw/{model}", model[4097] = "";

	(void)state;
	memset(override + 17, 'a', sizeof(override) - 18);
	memset(model, '/', sizeof(model) - 1);
	char *url = llm_url(LLM_GEMINI, override, model);
	assert_int_equal(strlen(url), 4096 - 7 + 3 * 4096);
	free(url);
}

static void keys(void **state)
{
	char *header = llm_key_header(LLM_GEMINI, "AQ.k");

	(void)state;
	assert_string_equal(header, "x-goog-api-key: AQ.k");
	free(header);
	header = llm_key_header(LLM_OPENAI, "sk-k");
	assert_string_equal(header, "Authorization: Bearer sk-k");
	free(header);
	assert_null(llm_key_header(LLM_GEMINI, NULL));
	assert_null(llm_key_header(LLM_GEMINI, "k\r\nX-Other: 1"));
	assert_null(llm_key_header(LLM_OPENAI, "k\n"));
}

static void models(void **state)
{
	static const char *const order[] = {"gemini-3.5-flash-lite", "gemini-3.1-flash-lite",
					    "gemini-3.6-flash", "gemini-3.8-flash"};
	const char *model = llm_model_first(LLM_GEMINI);

	(void)state;
	for (size_t i = 0; i < N(order); i++) {
		assert_string_equal(model, order[i]);
		model = llm_model_next(LLM_GEMINI, model);
	}
	assert_null(model);
	assert_string_equal(llm_model_next(LLM_GEMINI, "gemini-0"), order[0]);
	assert_null(llm_model_first(LLM_OPENAI));
	assert_null(llm_model_next(LLM_OPENAI, "llama"));
	assert_null(llm_model_next(LLM_OPENAI, NULL));
}

static void costs(void **state)
{
	(void)state;
	assert_double_near(llm_cost_usd("gemini-3.5-flash-lite", 1000000, 0), 0.30);
	assert_double_near(llm_cost_usd("gemini-3.5-flash-lite", 0, 1000000), 2.50);
	assert_double_near(llm_cost_usd("gemini-3.5-flash-lite", 612, 31), 0.0002611);
	assert_true(isnan(llm_cost_usd("gemini-3.5-flash-lite", -1, 31)));
	assert_true(isnan(llm_cost_usd("gemini-3.5-flash-lite", 612, -1)));
	assert_true(isnan(llm_cost_usd("gemini-3.5-flash", 612, 31)));
	assert_true(isnan(llm_cost_usd("", 612, 31)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures),
		cmocka_unit_test(the_instruction_explains_everything),
		cmocka_unit_test(gemini_body),
		cmocka_unit_test(gemini_thinking),
		cmocka_unit_test(openai_body),
		cmocka_unit_test(addresses),
		cmocka_unit_test(the_longest_settings_fit),
		cmocka_unit_test(keys),
		cmocka_unit_test(models),
		cmocka_unit_test(costs),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
