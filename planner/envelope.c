/* Pure. What becomes of advice. */
#include "planner/envelope.h"

#include "planner/policy_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define REASON_MAX 240 /* bytes of the advisor's, so that the policy's own has room beside it */

/* Where an action moves the count. */
static int direction(enum message_action action)
{
	return (action == ACTION_SCALE_UP) - (action == ACTION_SCALE_DOWN);
}

/* As many bytes of ${text} as fit in ${max} without cutting a UTF-8 character in two. */
static int cut(const char *text, int max)
{
	int len = (int)strnlen(text, (size_t)max + 1);

	if (len <= max)
		return len;
	do
		len--;
	while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80);
	return len;
}

static void change(const struct policy_advice *advice, enum message_action action, int replicas,
		   struct policy_decision *d)
{
	char own[MESSAGE_TEXT_MAX];
	const char *why = advice->reason[0] ? advice->reason : message_action_name(advice->action);

	memcpy(own, d->reason, sizeof(own));
	snprintf(d->reason, sizeof(d->reason), "advisor: %.*s (heuristic: %.*s)",
		 cut(why, REASON_MAX), why, cut(own, REASON_MAX), own);
	d->action = action;
	d->replicas = replicas;
	d->decided_by = "advice";
	d->advised = true;
}

static bool may_restart(int wanted, const struct policy_envelope *e)
{
	return e->restart && wanted >= e->lo && wanted <= e->hi;
}

/* ${pick} brought into ${e}.  Where the policy's ${own} count lies outside, advice can lead back
 * into it, but no further away. */
static int bring_in(int pick, int own, const struct policy_envelope *e)
{
	if ((own > e->hi && pick >= own) || (own < e->lo && pick <= own))
		return own;
	if (pick < e->lo)
		return e->lo;
	return pick > e->hi ? e->hi : pick;
}

static void choose_count(const struct policy_advice *advice, int wanted, struct policy_decision *d)
{
	int own = d->replicas;
	int pick = wanted + direction(advice->action);
	int count = bring_in(pick, own, &d->envelope);

	policy_gate(d, "advice", count == pick, pick, count);
	if (count > wanted && count != own)
		change(advice, ACTION_SCALE_UP, count, d);
	else if (count < wanted && count != own)
		change(advice, ACTION_SCALE_DOWN, count, d);
	else if (count != own)
		change(advice, ACTION_NOOP, wanted, d);
}

void envelope_apply(const struct policy_advice *advice, int wanted, struct policy_decision *d)
{
	bool stale = strcmp(advice->state, d->state) != 0;

	if (stale || d->action == ACTION_RESTART) {
		policy_gate(d, "advice", !stale && advice->action == ACTION_RESTART, NAN, NAN);
	} else if (advice->action == d->action) {
		policy_gate(d, "advice", true, d->replicas, d->replicas);
	} else if (advice->action != ACTION_RESTART) {
		choose_count(advice, wanted, d);
	} else {
		bool granted = may_restart(wanted, &d->envelope);

		policy_gate(d, "advice", granted, NAN, NAN);
		if (granted)
			change(advice, ACTION_RESTART, wanted, d);
	}
}
