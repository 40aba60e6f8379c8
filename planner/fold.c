/* Pure. The messages of a recording as the planner takes them. */
#include "planner/fold.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static int decode_alert(const struct recorded *r, const char *target, struct fold_message *ret,
			struct message_error *ret_error)
{
	ret->kind = FOLD_ALERT;
	return message_alert_decode(r->text, r->len, target, &ret->alert, ret_error);
}

static int decode_result(const struct recorded *r, const char *target, struct fold_message *ret,
			 struct message_error *ret_error)
{
	struct message_upstreams upstreams;
	int kind = message_results_decode(r->text, r->len, target, &ret->result, &upstreams,
					  ret_error);

	if (kind == RESULTS_UPSTREAMS)
		message_upstreams_done(&upstreams);
	ret->kind = kind == RESULTS_RESULT ? FOLD_RESULT : FOLD_NOTHING;
	return kind < 0 ? kind : 0;
}

static int decode_advice(const struct recorded *r, const char *target, struct fold_message *ret,
			 struct message_error *ret_error)
{
	struct message_judged judged;
	int kind = message_advice_decode(r->text, r->len, target, &ret->advice, &judged, ret_error);

	ret->kind = kind == ADVICE_ADVICE ? FOLD_ADVICE : FOLD_NOTHING;
	return kind < 0 ? kind : 0;
}

static int decode_plan(const struct recorded *r, const char *target, struct fold_message *ret,
		       struct message_error *ret_error)
{
	int err = message_plan_decode(r->text, r->len, target, &ret->plan, ret_error);

	ret->kind = err ? FOLD_NOTHING : FOLD_PLAN;
	return err == -ENOMSG ? 0 : err; /* an error in place of a plan */
}

int fold_decode(const struct recorded *recorded, const char *target, struct fold_message *ret,
		struct message_error *ret_error)
{
	static const struct {
		const char *channel;
		int (*decode)(const struct recorded *, const char *, struct fold_message *,
			      struct message_error *);
	} decoders[] = {
		{CHANNEL_ALERTS, decode_alert},
		{CHANNEL_RESULTS, decode_result},
		{CHANNEL_ADVICE, decode_advice},
		{CHANNEL_ACTIONS, decode_plan},
	};

	ret->kind = FOLD_NOTHING;
	for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++)
		if (strcmp(decoders[i].channel, recorded->channel) == 0)
			return decoders[i].decode(recorded, target, ret, ret_error);
	return 0;
}

void fold_done(struct fold_message *m)
{
	if (m->kind == FOLD_ALERT)
		message_alert_done(&m->alert);
	else if (m->kind == FOLD_PLAN)
		message_plan_done(&m->plan);
}

uint64_t fold_heard_ms(const struct message_alert *alert, uint64_t before_ms)
{
	double sec = isnan(alert->ts) ? (double)before_ms / 1000 + alert->window_sec : alert->ts;

	return sec > 0 ? (uint64_t)llround(sec * 1000) : before_ms;
}

void fold_apply(struct targets *targets, const char *target, const struct fold_message *m)
{
	struct brain *brain = NULL;

	if (m->kind == FOLD_RESULT)
		brain = targets_find(targets, m->result.target);
	else if (m->kind == FOLD_ADVICE && strcmp(m->advice.target, target) == 0)
		brain = targets_find(targets, m->advice.target);
	if (!brain)
		return;
	if (m->kind == FOLD_RESULT)
		brain_result(brain, &m->result);
	else
		brain_advice(brain, &m->advice);
}
