/* Pure. The question to a language model as an HTTP request, and its reply as an answer: for Google
 * Gemini (generateContent) and for whatever speaks OpenAI's chat completions. */
#ifndef PLANNER_LLM_H
#define PLANNER_LLM_H

#include "common/http_client.h"
#include "planner/verdict.h"

#include <stdint.h>

enum llm_provider { LLM_GEMINI, LLM_OPENAI }; /* the choices of LLM_PROVIDER */
#define LLM_PROVIDERS "gemini|openai"

#define LLM_REPLY_MAX   ((size_t)256 * 1024) /* bytes of a reply that are read */
#define LLM_HISTORY_MAX 20

/* All that it is told: numbers, no name or text that a user could choose. */
struct llm_question {
	double p95_ms, baseline_ms, sigma_ms, ratio; /* NaN: unknown, left out */
	double slo_ms;
	int replicas, ready, min_replicas, max_replicas; /* ready -1: unknown */
	double cooldown_left_sec;
	bool low_windows[MESSAGE_LOW_MAX]; /* oldest first */
	int low_windows_n;
	struct llm_window {                  /* oldest first */
		double p95_ms, arrivals_rps; /* NaN: unknown */
		int replicas;
	} history[LLM_HISTORY_MAX];
	int history_n;
	double window_sec;
};

struct llm_answer {
	enum message_outcome outcome;
	struct verdict verdict;       /* OUTCOME_VERDICT */
	char cause[MESSAGE_TEXT_MAX]; /* else: a sentence, without the key */
	char model[128];              /* as the reply names it; "" unknown */
	int tokens_in, tokens_out;    /* -1 unknown; thoughts count as out */

	/* Of a failure: */
	double retry_sec; /* what the reply asks to wait, up to a day; NaN: nothing */
	bool day_spent;   /* a quota by the day is used up */
	bool model_gone;  /* try another model */
	bool hopeless;    /* the same request cannot succeed: key, account, address */
};

/* The model that stands for an empty LLM_MODEL, and the next to try after ${model} is gone (any
 * unknown one is followed by the first); NULL after the last.  Of an OpenAI-compatible server there
 * is none to fall back to: NULL, which leaves the choice to the server. */
const char *llm_model_first(enum llm_provider);
const char *llm_model_next(enum llm_provider, const char *model);

/* Dollars for so many tokens (-1 unknown) of ${model}; NaN where one of the three is not known
 * (source: ai.google.dev price list, 2026-11). */
double llm_cost_usd(const char *model, int tokens_in, int tokens_out);

/* The address to POST to; ${override} (LLM_URL), where not NULL, is it as a whole, with the name of
 * the model where it says {model}.  No name can change the rest of it.  The caller frees it. */
char *llm_url(enum llm_provider, const char *override, const char *model);

/* The header line that carries the key ("x-goog-api-key: …"); to be wiped and freed after use.
 * NULL without a key, or with one of several lines, which would be several headers. */
char *llm_key_header(enum llm_provider, const char *key);

/* The body of the request, to go out as application/json; the caller frees it.  The same question
 * gives the same bytes. */
char *llm_request(enum llm_provider, const char *model, const struct llm_question *);

/* Make an answer of whatever came back.  ${key} (or NULL) never gets into it: where a server
 * repeats it, there are asterisks. */
void llm_read(enum llm_provider, const struct http_result *, const char *key,
	      struct llm_answer *ret);

#endif
