/* Pure. The question to a language model as an HTTP request, and its reply as an answer: what both
 * dialects have in common. */
#include "planner/llm.h"

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/settings.h"
#include "planner/llm_internal.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX    ((size_t)4 * SETTINGS_VALUE_MAX) /* an address, and a name all escaped */
#define TOKENS_MAX 1e9                              /* more of them in one call are not believed */

static const struct llm_dialect *const dialects[] = {
	[LLM_GEMINI] = &llm_gemini,
	[LLM_OPENAI] = &llm_openai,
};

/* ---- models ---- */

const char *llm_model_first(enum llm_provider provider)
{
	return dialects[provider]->models[0];
}

const char *llm_model_next(enum llm_provider provider, const char *model)
{
	const char *const *models = dialects[provider]->models;

	for (size_t i = 0; model && models[i]; i++) {
		if (!strcmp(models[i], model))
			return models[i + 1];
	}
	return models[0];
}

double llm_cost_usd(const char *model, int tokens_in, int tokens_out)
{
	static const struct {
		const char *model;
		double in_usd, out_usd; /* for a million tokens */
	} prices[] = {
		{"gemini-3.5-flash-lite", 0.30, 2.50},
	};

	if (tokens_in < 0 || tokens_out < 0)
		return NAN;
	for (size_t i = 0; i < sizeof(prices) / sizeof(prices[0]); i++) {
		if (!strcmp(prices[i].model, model))
			return (tokens_in * prices[i].in_usd + tokens_out * prices[i].out_usd) /
			       1e6;
	}
	return NAN;
}

/* ---- the request ---- */

char *llm_url(enum llm_provider provider, const char *override, const char *model)
{
	static const char place[] = "{model}";
	const char *pattern = override ? override : dialects[provider]->address;
	const char *found = strstr(pattern, place);
	struct buf url;

	if (!found)
		return xstrdup(pattern);
	buf_init(&url, URL_MAX);
	buf_append(&url, pattern, (size_t)(found - pattern));
	buf_url(&url, model ? model : "");
	buf_puts(&url, found + strlen(place));
	return buf_steal(&url);
}

char *llm_key_header(enum llm_provider provider, const char *key)
{
	if (!key || strpbrk(key, "\r\n"))
		return NULL;
	return xasprintf("%s%s", dialects[provider]->key_header, key);
}

char *llm_request(enum llm_provider provider, const char *model,
		  const struct llm_question *question)
{
	char *instruction = llm_instruction();
	char *figures = llm_figures(question);
	cJSON *root = dialects[provider]->request(model, instruction, figures);
	char *text = json_print(root);

	cJSON_Delete(root);
	free(figures);
	free(instruction);
	return text;
}

/* ---- the key ---- */

/* Put asterisks in place of ${key} wherever it is in ${text}. */
static void redact(char *text, const char *key)
{
	size_t len = key ? strlen(key) : 0;
	size_t stars = len < 3 ? len : 3;

	while (len && (text = strstr(text, key))) {
		memset(text, '*', stars);
		memmove(text + stars, text + len, strlen(text + len) + 1);
		text += stars;
	}
}

/* In all strings below ${node}; recursion is bounded by JSON_DEPTH_MAX. */
static void redact_tree(cJSON *node, const char *key)
{
	for (cJSON *child = node->child; child; child = child->next) {
		if (cJSON_IsString(child))
			redact(child->valuestring, key);
		redact_tree(child, key);
	}
}

/* ---- the answer ---- */

__attribute__((format(printf, 3, 0))) static void
say(struct llm_answer *ret, enum message_outcome outcome, const char *fmt, va_list args)
{
	ret->outcome = outcome;
	vsnprintf(ret->cause, sizeof(ret->cause), fmt, args);
}

void llm_abstain(struct llm_answer *ret, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(ret, OUTCOME_ABSTAINED, fmt, args);
	va_end(args);
}

void llm_fail(struct llm_answer *ret, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(ret, OUTCOME_FAILED, fmt, args);
	va_end(args);
}

void llm_take(struct llm_answer *ret, const char *text)
{
	char why[160];

	if (verdict_parse(text, strlen(text), &ret->verdict, why, sizeof(why)))
		llm_abstain(ret, "the answer is not a verdict: %s", why);
	else
		ret->outcome = OUTCOME_VERDICT;
}

int llm_tokens(const cJSON *o, const char *name)
{
	int64_t tokens = -1;

	json_get_int(o, name, 0, (int64_t)TOKENS_MAX, &tokens);
	return (int)tokens;
}

/* A whole reply came. */
static void read_reply(const struct llm_dialect *dialect, const struct http_result *result,
		       const char *key, struct llm_answer *ret)
{
	cJSON *root = NULL;

	json_parse(result->body, result->body_len, &root);
	if (root)
		redact_tree(root, key); /* before anything is cut, which could leave half a key */
	if (result->status != 200 || json_item_present(json_get(root, "error")))
		llm_read_error(dialect, result, root, ret);
	else if (cJSON_IsObject(root))
		dialect->read(root, ret);
	else
		llm_fail(ret, "%s answered something that is not JSON", dialect->name);
	cJSON_Delete(root);
}

void llm_read(enum llm_provider provider, const struct http_result *result, const char *key,
	      struct llm_answer *ret)
{
	*ret = (struct llm_answer){
		.verdict = {.alpha_up = NAN, .beta_down = NAN},
		.outcome = OUTCOME_ABSTAINED,
		.tokens_in = -1,
		.tokens_out = -1,
		.retry_sec = NAN,
		.hopeless = result->err == -EINVAL, /* the address is none */
	};
	if (result->err)
		llm_fail(ret, "%s", result->error);
	else
		read_reply(dialects[provider], result, key, ret);

	/* What is no string of the reply as it came: a failed call's error, and the model's own
	 * JSON, whose "\u0041…" is another spelling of A. */
	redact(ret->cause, key);
	redact(ret->verdict.reason, key);
}
