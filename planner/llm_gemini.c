/* Pure. Google's Gemini: v1beta generateContent, which every current model speaks.  Sampling
 * parameters are left out, since newer models ignore or refuse them. */
#include "common/buf.h"
#include "common/json.h"
#include "planner/llm_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* General availability in 2026-11, the cheapest first.  The top model, gemini-4-argon, is for those
 * who ask for it by name: its price is not one to fall into. */
static const char *const models[] = {
	"gemini-3.5-flash-lite",
	"gemini-3.1-flash-lite",
	"gemini-3.6-flash",
	"gemini-3.8-flash",
	NULL,
};

/* Members come in the order of "required": the reason first, so that the action follows from it.
 * Bounds and formats are left out, since they make the API refuse schemas as too complex; what
 * comes back is checked here. */
static const char schema[] =
	"{\"type\":\"OBJECT\",\"properties\":{"
	"\"reason\":{\"type\":\"STRING\"},"
	"\"action\":{\"type\":\"STRING\","
	"\"enum\":[\"noop\",\"scale_up\",\"scale_down\",\"restart\"]},"
	"\"alpha_up\":{\"type\":\"NUMBER\"},"
	"\"beta_down\":{\"type\":\"NUMBER\"}},"
	"\"required\":[\"reason\",\"action\"],"
	"\"propertyOrdering\":[\"reason\",\"action\",\"alpha_up\",\"beta_down\"]}";

/* Thinking of the 2.5 family takes a budget in tokens; the least each model allows. */
static const struct {
	const char *model;
	int tokens;
} budgets[] = {
	{"gemini-2.5-flash-lite", 0},
	{"gemini-2.5-flash", 0},
	{"gemini-2.5-pro", 128},
};

/* From the third generation on it takes a level; LOW is the least that every model knows. */
static bool takes_level(const char *model)
{
	static const char family[] = "gemini-";

	return !strncmp(model, family, strlen(family)) &&
	       strtol(model + strlen(family), NULL, 10) >= 3;
}

/* An unknown model is left to its own default. */
static void add_thinking(cJSON *config, const char *model)
{
	for (size_t i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
		if (!strcmp(budgets[i].model, model))
			json_add_num(cJSON_AddObjectToObject(config, "thinkingConfig"),
				     "thinkingBudget", budgets[i].tokens);
	}
	if (takes_level(model))
		cJSON_AddStringToObject(cJSON_AddObjectToObject(config, "thinkingConfig"),
					"thinkingLevel", "LOW");
}

static void add_text(cJSON *content, const char *text)
{
	cJSON *part = cJSON_CreateObject();

	cJSON_AddStringToObject(part, "text", text);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(content, "parts"), part);
}

static cJSON *request(const char *model, const char *instruction, const char *figures)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *content = cJSON_CreateObject();

	add_text(cJSON_AddObjectToObject(root, "systemInstruction"), instruction);
	cJSON_AddStringToObject(content, "role", "user");
	add_text(content, figures);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(root, "contents"), content);

	cJSON *config = cJSON_AddObjectToObject(root, "generationConfig");
	cJSON_AddStringToObject(config, "responseMimeType", "application/json");
	cJSON_AddRawToObject(config, "responseSchema", schema);
	json_add_num(config, "maxOutputTokens", LLM_TOKENS_MAX);
	add_thinking(config, model);
	return root;
}

/* The words of the answer, thoughts left out; the caller frees them. */
static char *answer_text(const cJSON *candidate)
{
	const cJSON *parts = json_path(candidate, "content", "parts", NULL), *part;
	struct buf text;

	buf_init(&text, LLM_REPLY_MAX);
	cJSON_ArrayForEach (part, parts) {
		const char *words = json_str(part, "text");

		if (words && !cJSON_IsTrue(json_get(part, "thought")))
			buf_puts(&text, words);
	}
	return buf_steal(&text);
}

static void read_candidate(const cJSON *candidate, int thoughts, struct llm_answer *ret)
{
	char finish[32] = "no finishReason";

	json_get_text(candidate, "finishReason", finish, sizeof(finish));
	if (!strcmp(finish, "MAX_TOKENS")) {
		llm_abstain(ret, "the model ran out of its %d tokens, %d of them spent on thinking",
			    LLM_TOKENS_MAX, thoughts < 0 ? 0 : thoughts);
	} else if (strcmp(finish, "STOP") != 0) {
		llm_abstain(ret, "the model broke off: %s", finish);
	} else {
		char *text = answer_text(candidate);

		llm_take(ret, text);
		free(text);
	}
}

/* Only one candidate is asked for; of several the first counts. */
static void read_reply(const cJSON *root, struct llm_answer *ret)
{
	const cJSON *usage = json_get(root, "usageMetadata");
	const cJSON *candidate = cJSON_GetArrayItem(json_get(root, "candidates"), 0);
	int words = llm_tokens(usage, "candidatesTokenCount");
	int thoughts = llm_tokens(usage, "thoughtsTokenCount");
	char blocked[32] = "no candidates";

	ret->tokens_in = llm_tokens(usage, "promptTokenCount");
	ret->tokens_out = words < 0 ? thoughts : words + (thoughts > 0 ? thoughts : 0);
	json_get_text(root, "modelVersion", ret->model, sizeof(ret->model));
	if (candidate) {
		read_candidate(candidate, thoughts, ret);
		return;
	}
	json_get_text(json_get(root, "promptFeedback"), "blockReason", blocked, sizeof(blocked));
	llm_abstain(ret, "the question was not answered: %s", blocked);
}

const struct llm_dialect llm_gemini = {
	.name = "Gemini",
	.address =
		"https://generativelanguage.googleapis.com/v1beta/models/{model}:generateContent",
	.key_header = "x-goog-api-key: ",
	.models = models,
	.request = request,
	.read = read_reply,
};
