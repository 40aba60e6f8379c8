/* Pure. When to ask the advisor about one target, and when not to: states that differ, a heartbeat,
 * a budget by the minute and the day, one call at a time, backoff, circuit, model fallback.
 *
 * Its memory is a fold over the advice it published, so a restart neither forgets a limit nor
 * doubles a budget; only what is worth another try, a key or a model, is tried again.  Times are
 * milliseconds since 1970.  A clock that steps back opens nothing, and no wait grows beyond its own
 * length from then. */
#ifndef PLANNER_ADVISOR_H
#define PLANNER_ADVISOR_H

#include "planner/llm.h"
#include "planner/policy.h"

#include <stdint.h>

enum advisor_mode { ADVISOR_ADVISE, ADVISOR_SHADOW, ADVISOR_OFF }; /* the choices of LLM_MODE */
#define ADVISOR_MODES "advise|shadow|off"

struct advisor_config {
	int mode, provider; /* enum advisor_mode, enum llm_provider */
	char *key;          /* NULL: none; without one gemini is not asked at all */
	char *model, *url;  /* NULL: default */
	double rpm;         /* tokens a minute that the bucket gains, and its size (at least 1) */
	int rpd;            /* calls a day (Pacific), 0: no limit */
	double heartbeat_sec, deadband_ms;
	double backoff_base_sec, backoff_max_sec;
	double timeout_sec;
};

struct advisor;

struct advisor *advisor_new(const struct advisor_config *); /* config must stay valid */
void advisor_free(struct advisor *);

/* Whether this configuration asks at all; and the model to ask now, NULL where none has to be
 * named. */
bool advisor_enabled(const struct advisor *);
const char *advisor_model(const struct advisor *);

/* Why it is not asked now, for metrics; ASK_NOW: it is. */
enum advisor_wait {
	ASK_NOW,
	ASK_OFF,        /* by the settings */
	ASK_OUT,        /* a call is out */
	ASK_SAME_STATE, /* as the last time, and no heartbeat is due */
	ASK_MINUTE,     /* LLM_RPM is used up */
	ASK_DAY,        /* LLM_RPD is */
	ASK_BACKOFF,    /* a failure is too recent, or the provider's own limit used up */
	ASK_HOPELESS    /* until it is started with other settings */
};
#define ADVISOR_WAITS (ASK_HOPELESS + 1)

/* A decision was taken at ${now_ms}: is it to be asked about?  ASK_NOW takes a token and counts the
 * call as out until advisor_ended.  It is due when the state differs from the one last asked about
 * while p95 moved by at least LLM_DEADBAND_MS since, when LLM_HEARTBEAT_SEC (+-10 % by ${random})
 * passed, or when the last question got no answer. */
enum advisor_wait advisor_ask(struct advisor *, uint64_t now_ms, double p95_ms,
			      const struct policy_decision *, uint32_t random);

/* Waits that replies ask for are believed up to here: a wrong figure must not switch the advisor
 * off for days, and one more question an hour is no burden on whoever meant it. */
#define ADVISOR_RETRY_MAX_SEC 3600

/* The call ended with ${answer}.  Returns when it may be asked again at the earliest, 0: no limit
 * (or never: see advisor_status).  After a failure that is what the reply asks for, else a growing
 * wait between LLM_BACKOFF_BASE_SEC and LLM_BACKOFF_MAX_SEC; for a quota of the day the next
 * midnight in US Pacific time. */
uint64_t advisor_ended(struct advisor *, uint64_t now_ms, const struct llm_answer *answer,
		       uint32_t random);

/* Advice found in the stream at the start, in its order. */
void advisor_recall(struct advisor *, const struct message_advice *);

/* What is left now, for metrics and the dashboard.  Looking changes nothing: it is done while the
 * past is recalled, too, to which now is far ahead. */
struct advisor_status {
	double tokens;     /* in the bucket */
	int asked_today;   /* since midnight Pacific */
	uint64_t retry_ms; /* closed until; 0: open */
	bool hopeless;
	unsigned failures; /* in a row */
};
void advisor_status(const struct advisor *, uint64_t now_ms, struct advisor_status *ret);

#endif
