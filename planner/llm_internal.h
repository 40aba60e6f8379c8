/* Pure. What the parts of planner/llm.h share: the two dialects, and what may be said of a reply.
 * Not for others. */
#ifndef PLANNER_LLM_INTERNAL_H
#define PLANNER_LLM_INTERNAL_H

#include "planner/llm.h"

#include <cjson/cJSON.h>

/* Bounds thoughts and answer together, so it must leave room for thoughts: on some models anything
 * below about 4,000 is used up before the first word of the answer. */
#define LLM_TOKENS_MAX 4096

struct llm_dialect {
	const char *name;          /* for people, at the beginning of a sentence */
	const char *address;       /* with {model} in it where the name is part of it */
	const char *key_header;    /* up to the key */
	const char *const *models; /* to fall back along, ended by NULL */

	/* The request as an object. ${model} may be NULL where there are no models. */
	cJSON *(*request)(const char *model, const char *instruction, const char *figures);

	/* Make ${ret} of the body of a reply with status 200.  It comes as an abstention without
	 * cause, all figures unknown. */
	void (*read)(const cJSON *root, struct llm_answer *ret);
};

extern const struct llm_dialect llm_gemini, llm_openai;

/* What the model is told of its task, and of the state; the caller frees both. */
char *llm_instruction(void);
char *llm_figures(const struct llm_question *);

/* Make an abstention or a failure of ${ret}. */
void llm_abstain(struct llm_answer *ret, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void llm_fail(struct llm_answer *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Make of ${ret} what the model's ${text} is: a verdict or an abstention. */
void llm_take(struct llm_answer *ret, const char *text);

/* Make a failure of a reply that carries an error, or should not have come; ${root} is NULL where
 * its body is not JSON. */
void llm_read_error(const struct llm_dialect *, const struct http_result *, const cJSON *root,
		    struct llm_answer *ret);

/* The figure ${name} of ${o}, or -1. */
int llm_tokens(const cJSON *o, const char *name);

#endif
