/* Pure. What a language model answered.  Anything that is not exactly a verdict is none: what is
 * lenient here would let a confused model act. */
#include "planner/verdict.h"

#include "common/fields.h"
#include "common/json.h"
#include "planner/envelope.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const action_words[] = {
	[ACTION_NOOP] = "noop",
	[ACTION_RESTART] = "restart",
	[ACTION_SCALE_UP] = "scale_up",
	[ACTION_SCALE_DOWN] = "scale_down",
	NULL,
};

/* The schema, as the requests of llm_gemini.c and llm_openai.c state it. */
static const struct field schema[] = {
	{"reason", FIELD_TEXT, true, FIELD_AT(verdict, reason)},
	{"action", FIELD_WORD, true, FIELD_AT(verdict, action), .words = action_words},
	{"alpha_up", FIELD_NUM, false, FIELD_AT(verdict, alpha_up), .min = ADVICE_ALPHA_MIN,
	 .max = ADVICE_ALPHA_MAX, .absent = NAN},
	{"beta_down", FIELD_NUM, false, FIELD_AT(verdict, beta_down), .min = ADVICE_BETA_MIN,
	 .max = ADVICE_BETA_MAX, .absent = NAN},
	{0},
};

/* Length of the object that ${text} begins with, by its braces outside of strings; 0 when it does
 * not end within ${len} bytes.  Whether what lies between is JSON is for the parser to say. */
static size_t object_len(const char *text, size_t len)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string)
			i += text[i] == '\\'; /* over what is escaped */
		else
			depth += (text[i] == '{') - (text[i] == '}');
		if (!depth)
			return i + 1;
	}
	return 0;
}

/* Whether each member of ${root} is one of the schema, and none is there twice: of two, no one can
 * tell which was meant. */
static bool members_known(const cJSON *root)
{
	bool seen[sizeof(schema) / sizeof(schema[0])] = {false};

	for (const cJSON *member = root->child; member; member = member->next) {
		size_t i = 0;

		while (schema[i].name && strcmp(schema[i].name, member->string) != 0)
			i++;
		if (!schema[i].name || seen[i])
			return false;
		seen[i] = true;
	}
	return true;
}

static bool is_blank(const char *text)
{
	return !text[strspn(text, " ")];
}

/* 0, or -EBADMSG with ${v} half filled. */
static int decode(const cJSON *root, struct verdict *v, char *ret_error, size_t size)
{
	if (!members_known(root)) {
		snprintf(ret_error, size, "a member that is not in the schema, or there twice");
		return -EBADMSG;
	}
	if (fields_decode(schema, root, NULL, v, ret_error, size))
		return -EBADMSG;
	if (is_blank(v->reason)) {
		snprintf(ret_error, size, "reason: blank");
		return -EBADMSG;
	}
	if (v->beta_down >= v->alpha_up) { /* NaN: neither */
		snprintf(ret_error, size, "beta_down: not below alpha_up");
		return -EBADMSG;
	}
	return 0;
}

int verdict_parse(const char *text, size_t len, struct verdict *ret, char *ret_error, size_t size)
{
	const char *start = len ? memchr(text, '{', len) : NULL;
	size_t object = start ? object_len(start, len - (size_t)(start - text)) : 0;
	struct verdict v = {0};
	cJSON *root;

	if (!object) {
		snprintf(ret_error, size, "no whole JSON object");
		return -EBADMSG;
	}
	if (json_parse(start, object, &root)) {
		snprintf(ret_error, size, "malformed JSON");
		return -EBADMSG;
	}

	int err = decode(root, &v, ret_error, size);
	cJSON_Delete(root);
	if (!err)
		*ret = v;
	return err;
}
