/* Shell. What the unit tests of both dialects of planner/llm share: what a reply must mean. */
#ifndef TESTS_LLM_REPLIES_H
#define TESTS_LLM_REPLIES_H

#include "planner/llm.h"

#include "common/mem.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))
#define KEY      "AQ.k3y-that-nobody-may-see"

/* A verdict as it stands in a string of a reply. */
#define VERDICT_TEXT                                                                               \
	"{\\\"reason\\\":\\\"4x\\\",\\\"action\\\":\\\"scale_up\\\",\\\"alpha_up\\\":3}"

struct abstention_case {
	const char *body, *cause;
};

enum { PLAIN, DAY_SPENT, MODEL_GONE, HOPELESS };

struct failure_case {
	long status;
	const char *body, *cause;
	int fate;
	double retry_sec; /* 0: none asked for */
};

static inline struct llm_answer read_body(enum llm_provider provider, long status, const char *body)
{
	const struct http_result result = {.error = "",
					   .status = status,
					   .body = body,
					   .body_len = strlen(body),
					   .retry_after_sec = NAN};
	struct llm_answer a;

	memset(&a, 0x5a, sizeof(a));
	llm_read(provider, &result, KEY, &a);
	return a;
}

static inline void assert_fate(const struct llm_answer *a, int fate, double retry_sec)
{
	assert_int_equal(a->day_spent, fate == DAY_SPENT);
	assert_int_equal(a->model_gone, fate == MODEL_GONE);
	assert_int_equal(a->hopeless, fate == HOPELESS);
	if (retry_sec > 0)
		assert_double_near(a->retry_sec, retry_sec);
	else
		assert_true(isnan(a->retry_sec));
}

static inline void assert_verdict(const struct llm_answer *a)
{
	assert_string_equal(a->cause, "");
	assert_int_equal(a->outcome, OUTCOME_VERDICT);
	assert_int_equal(a->verdict.action, ACTION_SCALE_UP);
	assert_string_equal(a->verdict.reason, "4x");
	assert_double_near(a->verdict.alpha_up, 3);
	assert_true(isnan(a->verdict.beta_down));
	assert_fate(a, PLAIN, 0);
}

static inline void assert_abstentions(enum llm_provider provider,
				      const struct abstention_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct llm_answer a = read_body(provider, 200, cases[i].body);

		assert_string_equal(a.cause, cases[i].cause);
		assert_int_equal(a.outcome, OUTCOME_ABSTAINED);
		assert_fate(&a, PLAIN, 0);
	}
}

static inline void assert_failures(enum llm_provider provider, const struct failure_case *cases,
				   size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct llm_answer a = read_body(provider, cases[i].status, cases[i].body);

		assert_string_equal(a.cause, cases[i].cause);
		assert_int_equal(a.outcome, OUTCOME_FAILED);
		assert_fate(&a, cases[i].fate, cases[i].retry_sec);
	}
}

#endif
