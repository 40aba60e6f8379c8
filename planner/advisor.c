/* Pure. When to ask the advisor, and when not to. */
#include "planner/advisor.h"

#include "common/backoff.h"
#include "common/bucket.h"
#include "common/mem.h"
#include "planner/pacific.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS        60000.0
#define HEARTBEAT_SPREAD 0.1 /* of its length: planners started together drift apart */

struct advisor {
	const struct advisor_config *config;
	const char *model; /* NULL: the server has but one */
	bool out, hopeless;

	/* The last question, as long as it needs no other. */
	char asked_state[sizeof(((struct policy_decision *)NULL)->state)];
	double asked_p95_ms;   /* NaN: not remembered */
	uint64_t heartbeat_ms; /* when to ask again all the same; 0: at once */

	struct bucket minute;
	int asked_today;
	uint64_t day_end_ms;

	struct backoff backoff;
	uint64_t retry_ms, wait_ms; /* closed until (0: open); how long from the failure */
};

static uint64_t to_ms(double sec)
{
	return (uint64_t)(sec * 1000);
}

struct advisor *advisor_new(const struct advisor_config *config)
{
	struct advisor *a = xcalloc(1, sizeof(*a));

	a->config = config;
	a->model = config->model ? config->model : llm_model_first(config->provider);
	a->asked_p95_ms = NAN;
	bucket_init(&a->minute, fmax(1, config->rpm), (uint64_t)(MINUTE_MS / config->rpm));
	a->backoff = (struct backoff){
		.base_ms = to_ms(config->backoff_base_sec),
		.max_ms = to_ms(config->backoff_max_sec),
	};
	return a;
}

void advisor_free(struct advisor *a)
{
	free(a);
}

bool advisor_enabled(const struct advisor *a)
{
	return a->config->mode != ADVISOR_OFF &&
	       (a->config->key || a->config->provider != LLM_GEMINI);
}

const char *advisor_model(const struct advisor *a)
{
	return a->model;
}

/* --- time --- */

/* ${then_ms}, which was at most ${most_ms} ahead when it was set: if it now is further, the clock
 * stepped back. */
static uint64_t within(uint64_t then_ms, uint64_t now_ms, uint64_t most_ms)
{
	return then_ms > now_ms && then_ms - now_ms > most_ms ? now_ms + most_ms : then_ms;
}

/* ${random} picks the length: of LLM_HEARTBEAT_SEC 90 to 110 %. */
static uint64_t heartbeat_length_ms(const struct advisor *a, uint32_t random)
{
	double spread = HEARTBEAT_SPREAD * (2.0 * random / UINT32_MAX - 1);

	return to_ms(a->config->heartbeat_sec * (1 + spread));
}

static void set_clock(struct advisor *a, uint64_t now_ms)
{
	a->heartbeat_ms = within(a->heartbeat_ms, now_ms, heartbeat_length_ms(a, UINT32_MAX));
	a->retry_ms = now_ms < a->retry_ms ? within(a->retry_ms, now_ms, a->wait_ms) : 0;
	a->day_end_ms = within(a->day_end_ms, now_ms, PACIFIC_DAY_MAX_MS);
	if (now_ms >= a->day_end_ms) {
		a->day_end_ms = pacific_midnight_ms(now_ms);
		a->asked_today = 0;
	}
}

static uint64_t close_for(struct advisor *a, uint64_t now_ms, uint64_t wait_ms)
{
	a->wait_ms = wait_ms;
	a->retry_ms = now_ms + wait_ms;
	return a->retry_ms;
}

/* --- asking --- */

/* A question about ${state} leaves, and the next has to wait. */
static void count_question(struct advisor *a, uint64_t now_ms, const char *state, double p95_ms,
			   uint32_t random)
{
	snprintf(a->asked_state, sizeof(a->asked_state), "%s", state);
	a->asked_p95_ms = p95_ms;
	a->heartbeat_ms = now_ms + heartbeat_length_ms(a, random);
	a->asked_today++;
}

/* A question without an answer is still open: it is due again as soon as the limits let it. */
static void reopen_question(struct advisor *a)
{
	a->heartbeat_ms = 0;
}

static bool is_due(const struct advisor *a, uint64_t now_ms, double p95_ms, const char *state)
{
	bool still = fabs(p95_ms - a->asked_p95_ms) < a->config->deadband_ms;

	return now_ms >= a->heartbeat_ms || (strcmp(state, a->asked_state) != 0 && !still);
}

enum advisor_wait advisor_ask(struct advisor *a, uint64_t now_ms, double p95_ms,
			      const struct policy_decision *decision, uint32_t random)
{
	if (!advisor_enabled(a))
		return ASK_OFF;
	if (a->hopeless)
		return ASK_HOPELESS;
	if (a->out)
		return ASK_OUT;

	set_clock(a, now_ms);
	if (!is_due(a, now_ms, p95_ms, decision->state))
		return ASK_SAME_STATE;
	if (a->retry_ms > 0)
		return ASK_BACKOFF;
	if (a->config->rpd > 0 && a->asked_today >= a->config->rpd)
		return ASK_DAY;
	if (!bucket_take(&a->minute, now_ms))
		return ASK_MINUTE;

	count_question(a, now_ms, decision->state, p95_ms, random);
	a->out = true;
	return ASK_NOW;
}

/* --- what came of it --- */

/* A model that is gone says nothing about the next: it may be asked at once. */
static void next_model(struct advisor *a)
{
	const char *next = llm_model_next(a->config->provider, a->model);

	if (next)
		a->model = next;
	else
		a->hopeless = true;
}

static uint64_t wait_after(struct advisor *a, uint64_t now_ms, const struct llm_answer *answer,
			   uint32_t random)
{
	uint64_t wait_ms = backoff_next_ms(&a->backoff, random); /* counts the failure */

	if (answer->day_spent)
		return pacific_midnight_ms(now_ms) - now_ms;
	if (isnan(answer->retry_sec))
		return wait_ms;
	return to_ms(fmin(fmax(answer->retry_sec, 0), ADVISOR_RETRY_MAX_SEC));
}

uint64_t advisor_ended(struct advisor *a, uint64_t now_ms, const struct llm_answer *answer,
		       uint32_t random)
{
	a->out = false;
	set_clock(a, now_ms);
	if (answer->outcome != OUTCOME_FAILED) {
		backoff_reset(&a->backoff);
		return 0;
	}
	reopen_question(a);
	if (answer->hopeless)
		a->hopeless = true;
	else if (answer->model_gone)
		next_model(a);
	else
		return close_for(a, now_ms, wait_after(a, now_ms, answer, random));
	return 0;
}

/* --- memory --- */

/* The failure that ${advice} tells of, if it had a wait to it: what had none is tried again. */
static void recall_failure(struct advisor *a, double ended_ms, const struct message_advice *advice)
{
	double wait_ms = advice->retry_ts * 1000 - ended_ms;

	reopen_question(a);
	if (!(wait_ms > 0))
		return;
	backoff_next_ms(&a->backoff, 0);
	close_for(a, (uint64_t)ended_ms, (uint64_t)fmin(wait_ms, PACIFIC_DAY_MAX_MS));
}

void advisor_recall(struct advisor *a, const struct message_advice *advice)
{
	double ended_ms = advice->ts * 1000;
	double asked_ms = ended_ms - fmax(advice->latency_ms, 0); /* fmax: or NaN */

	if (!(asked_ms >= 0))
		return; /* no time, no place in the fold */
	set_clock(a, (uint64_t)asked_ms);
	bucket_spend(&a->minute, (uint64_t)asked_ms);
	count_question(a, (uint64_t)asked_ms, advice->state, NAN, UINT32_MAX / 2);
	if (advice->outcome == OUTCOME_FAILED)
		recall_failure(a, ended_ms, advice);
	else
		backoff_reset(&a->backoff);
}

void advisor_status(const struct advisor *a, uint64_t now_ms, struct advisor_status *ret)
{
	struct advisor now = *a;

	set_clock(&now, now_ms);
	*ret = (struct advisor_status){
		.tokens = bucket_level(&now.minute, now_ms),
		.asked_today = now.asked_today,
		.retry_ms = now.retry_ms,
		.hopeless = now.hopeless,
		.failures = now.backoff.failures,
	};
}
