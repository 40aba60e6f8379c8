/* Pure. OpenAI's chat completions, as OpenAI and most local servers (llama.cpp, vLLM, Ollama) speak
 * them. */
#include "common/json.h"
#include "planner/llm_internal.h"

#include <string.h>

static const char *const models[] = {NULL};

/* Strict schemas want every member required: what may be left out is null instead. */
static const char format[] =
	"{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"verdict\",\"strict\":true,"
	"\"schema\":{\"type\":\"object\",\"properties\":{"
	"\"reason\":{\"type\":\"string\"},"
	"\"action\":{\"type\":\"string\","
	"\"enum\":[\"noop\",\"scale_up\",\"scale_down\",\"restart\"]},"
	"\"alpha_up\":{\"type\":[\"number\",\"null\"]},"
	"\"beta_down\":{\"type\":[\"number\",\"null\"]}},"
	"\"required\":[\"reason\",\"action\",\"alpha_up\",\"beta_down\"],"
	"\"additionalProperties\":false}}}";

static void add_message(cJSON *messages, const char *role, const char *text)
{
	cJSON *message = cJSON_CreateObject();

	cJSON_AddStringToObject(message, "role", role);
	cJSON_AddStringToObject(message, "content", text);
	cJSON_AddItemToArray(messages, message);
}

/* max_completion_tokens, because OpenAI refuses max_tokens for models that think, while servers
 * that do not know the newer name pass over it: there the time limit of the call bounds the
 * answer. */
static cJSON *request(const char *model, const char *instruction, const char *figures)
{
	cJSON *root = cJSON_CreateObject();

	if (model)
		cJSON_AddStringToObject(root, "model", model);
	cJSON *messages = cJSON_AddArrayToObject(root, "messages");
	add_message(messages, "system", instruction);
	add_message(messages, "user", figures);
	cJSON_AddRawToObject(root, "response_format", format);
	json_add_num(root, "max_completion_tokens", LLM_TOKENS_MAX);
	return root;
}

/* Only one choice is asked for; of several the first counts. */
static void read_reply(const cJSON *root, struct llm_answer *ret)
{
	const cJSON *usage = json_get(root, "usage");
	const cJSON *choice = cJSON_GetArrayItem(json_get(root, "choices"), 0);
	const cJSON *message = json_get(choice, "message");
	const char *words = json_str(message, "content");
	char finish[32] = "no finish_reason", refusal[200] = "";

	ret->tokens_in = llm_tokens(usage, "prompt_tokens");
	ret->tokens_out = llm_tokens(usage, "completion_tokens");
	json_get_text(root, "model", ret->model, sizeof(ret->model));
	json_get_text(choice, "finish_reason", finish, sizeof(finish));
	json_get_text(message, "refusal", refusal, sizeof(refusal));

	if (!choice)
		llm_abstain(ret, "the question was not answered: no choices");
	else if (refusal[0])
		llm_abstain(ret, "the model declined: %s", refusal);
	else if (!strcmp(finish, "length"))
		llm_abstain(ret, "the model ran out of its %d tokens", LLM_TOKENS_MAX);
	else if (strcmp(finish, "stop") != 0)
		llm_abstain(ret, "the model broke off: %s", finish);
	else
		llm_take(ret, words ? words : "");
}

const struct llm_dialect llm_openai = {
	.name = "the model server",
	.address = "https://api.openai.com/v1/chat/completions",
	.key_header = "Authorization: Bearer ",
	.models = models,
	.request = request,
	.read = read_reply,
};
