/* Shell. An advisor with a clock and a settings table, for the unit tests of planner/advisor. */
#ifndef TESTS_ADVISOR_FIXTURE_H
#define TESTS_ADVISOR_FIXTURE_H

#include "tests/unit/unit.h"

#include "planner/advisor.h"
#include "planner/pacific.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0      1795464000000ULL /* noon in California, 2026-11-23 */
#define SEC     1000ULL
#define MINUTE  (60 * SEC)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)
#define MIDDLE  (UINT32_MAX / 2) /* the draw of a heartbeat of its plain length */
#define FOREVER (400 * DAY)

static char key[] = "AQ.key";

static inline struct advisor_config defaults(void)
{
	return (struct advisor_config){
		.mode = ADVISOR_ADVISE,
		.provider = LLM_GEMINI,
		.key = key,
		.rpm = 2,
		.heartbeat_sec = 300,
		.deadband_ms = 50,
		.backoff_base_sec = 10,
		.backoff_max_sec = 300,
		.timeout_sec = 8,
	};
}

/* An advisor, its clock, and what it is asked about. */
struct fixture {
	struct advisor_config config;
	struct advisor *a;
	uint64_t now_ms;
	double p95_ms;
	struct policy_decision d;
};

static inline void start(struct fixture *f, struct advisor_config config)
{
	*f = (struct fixture){.config = config, .now_ms = T0, .p95_ms = 100};
	snprintf(f->d.state, sizeof(f->d.state), "near/2");
	f->a = advisor_new(&f->config);
}

static inline void stop(struct fixture *f)
{
	advisor_free(f->a);
}

static inline enum advisor_wait ask(struct fixture *f)
{
	return advisor_ask(f->a, f->now_ms, f->p95_ms, &f->d, MIDDLE);
}

/* Something new to ask about. */
static inline enum advisor_wait ask_anew(struct fixture *f)
{
	static int n;

	snprintf(f->d.state, sizeof(f->d.state), "new/%d", n++);
	f->p95_ms += 1000;
	return ask(f);
}

static inline uint64_t end(struct fixture *f, struct llm_answer answer)
{
	return advisor_ended(f->a, f->now_ms, &answer, 0);
}

static const struct llm_answer verdict = {.outcome = OUTCOME_VERDICT, .retry_sec = NAN};
static const struct llm_answer abstention = {.outcome = OUTCOME_ABSTAINED, .retry_sec = NAN};
static const struct llm_answer failure = {.outcome = OUTCOME_FAILED, .retry_sec = NAN};
static const struct llm_answer gone = {
	.outcome = OUTCOME_FAILED, .retry_sec = NAN, .model_gone = true};
static const struct llm_answer bad_key = {
	.outcome = OUTCOME_FAILED, .retry_sec = NAN, .hopeless = true};
static const struct llm_answer day_spent = {
	.outcome = OUTCOME_FAILED, .retry_sec = 36, .day_spent = true};

static inline struct llm_answer retry_after(double sec)
{
	return (struct llm_answer){.outcome = OUTCOME_FAILED, .retry_sec = sec};
}

static inline struct advisor_status status(struct fixture *f)
{
	struct advisor_status s;

	advisor_status(f->a, f->now_ms, &s);
	return s;
}

#endif
