/* Pure. The messages of a recording as the planner takes them. */
#include "planner/fold.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static int decode_alert(const char *text, size_t len, const char *target, struct fold_message *ret,
			struct message_error *ret_error)
{
	ret->kind = FOLD_ALERT;
	return message_alert_decode(text, len, target, &ret->alert, ret_error);
}

static int decode_result(const char *text, size_t len, const char *target, struct fold_message *ret,
			 struct message_error *ret_error)
{
	struct message_upstreams upstreams;
	int kind = message_results_decode(text, len, target, &ret->result, &upstreams, NULL,
					  ret_error);

	if (kind == RESULTS_UPSTREAMS)
		message_upstreams_done(&upstreams);
	ret->kind = kind == RESULTS_RESULT ? FOLD_RESULT : FOLD_NOTHING;
	return kind < 0 ? kind : 0;
}

static int decode_advice(const char *text, size_t len, const char *target, struct fold_message *ret,
			 struct message_error *ret_error)
{
	struct message_judged judged;
	int kind = message_advice_decode(text, len, target, &ret->advice, &judged, ret_error);

	ret->kind = kind == ADVICE_ADVICE ? FOLD_ADVICE : FOLD_NOTHING;
	return kind < 0 ? kind : 0;
}

static int decode_plan(const char *text, size_t len, const char *target, struct fold_message *ret,
		       struct message_error *ret_error)
{
	int err = message_plan_decode(text, len, target, &ret->plan, ret_error);

	ret->kind = err ? FOLD_NOTHING : FOLD_PLAN;
	return err == -ENOMSG ? 0 : err; /* an error in place of a plan */
}

int fold_decode(const char *channel, const char *text, size_t len, const char *target,
		struct fold_message *ret, struct message_error *ret_error)
{
	static const struct {
		const char *channel;
		int (*decode)(const char *, size_t, const char *, struct fold_message *,
			      struct message_error *);
	} decoders[] = {
		{CHANNEL_ALERTS, decode_alert},
		{CHANNEL_RESULTS, decode_result},
		{CHANNEL_ADVICE, decode_advice},
		{CHANNEL_ACTIONS, decode_plan},
	};

	ret->kind = FOLD_NOTHING;
	for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++)
		if (strcmp(decoders[i].channel, channel) == 0)
			return decoders[i].decode(text, len, target, ret, ret_error);
	return 0;
}

void fold_done(struct fold_message *m)
{
	if (m->kind == FOLD_ALERT)
		message_alert_done(&m->alert);
	else if (m->kind == FOLD_PLAN)
		message_plan_done(&m->plan);
}

uint64_t fold_heard_ms(const struct message_alert *alert, uint64_t heard_ms, uint64_t before_ms)
{
	if (heard_ms)
		return heard_ms;

	double sec = isnan(alert->ts) ? (double)before_ms / 1000 + alert->window_sec : alert->ts;

	return sec > 0 ? (uint64_t)llround(sec * 1000) : before_ms;
}

void fold_apply(struct targets *targets, const char *target, const struct fold_message *m)
{
	const char *name = m->kind == FOLD_RESULT   ? m->result.target
			   : m->kind == FOLD_ADVICE ? m->advice.target
			   : m->kind == FOLD_PLAN   ? m->plan.target
						    : "";
	struct brain *brain = targets_find(targets, name);

	if (!brain)
		return;
	if (m->kind == FOLD_RESULT)
		brain_result(brain, &m->result);
	else if (m->kind == FOLD_PLAN)
		brain_plan(brain, &m->plan);
	else if (strcmp(name, target) == 0)
		brain_advice(brain, &m->advice);
}
