/* Pure. Plans are judged by what is known now, never by what they claim was known then. */
#include "executor/plans.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WINDOW_DEFAULT_SEC 3.0
#define STALE_MIN_SEC      5.0

double plan_decided_sec(const struct message_plan *p, double heard_sec)
{
	return isnan(p->ts) ? heard_sec : p->ts;
}

static double good_for_sec(const struct message_plan *p)
{
	double window_sec = isnan(p->window_sec) ? WINDOW_DEFAULT_SEC : p->window_sec;

	return fmax(2 * window_sec, STALE_MIN_SEC);
}

bool plan_is_stale(const struct message_plan *p, double now_sec, double heard_sec)
{
	return fabs(now_sec - plan_decided_sec(p, heard_sec)) > good_for_sec(p);
}

/* Where the newest plan is not of these seconds, a clock was set, and says nothing of the order. */
static bool is_overtaken(const struct message_plan *p, const struct plan_context *c)
{
	return plan_decided_sec(p, c->heard_sec) < c->newest_sec &&
	       fabs(c->now_sec - c->newest_sec) <= good_for_sec(p);
}

static enum plan_verdict skip(struct plan_judgement *ret, const char *why)
{
	snprintf(ret->message, sizeof(ret->message), "%s", why);
	return PLAN_SKIP;
}

static enum plan_verdict scale(const struct message_plan *p, const struct plan_context *c,
			       struct plan_judgement *ret)
{
	int base = c->wanted >= 0 ? c->wanted : c->running;
	int step = p->action == ACTION_SCALE_UP ? 1 : -1;
	int asked = p->replicas >= 0 ? p->replicas : base + step;

	ret->wanted = asked;
	if (asked > c->max_replicas) {
		ret->wanted = c->max_replicas;
		snprintf(ret->message, sizeof(ret->message), "asked for %d, MAX_REPLICAS is %d",
			 asked, c->max_replicas);
	} else if (asked < c->min_replicas) {
		ret->wanted = c->min_replicas;
		snprintf(ret->message, sizeof(ret->message), "asked for %d, MIN_REPLICAS is %d",
			 asked, c->min_replicas);
	}
	return PLAN_SCALE;
}

static enum plan_verdict judge(const struct message_plan *p, const struct plan_context *c,
			       struct plan_judgement *ret)
{
	char why[128];

	if (p->action == ACTION_NOOP)
		return PLAN_IGNORE;
	if (strcmp(p->target, c->target) != 0) {
		snprintf(why, sizeof(why), "not my target, which is %s", c->target);
		return skip(ret, why);
	}
	if (plan_is_stale(p, c->now_sec, c->heard_sec)) {
		snprintf(why, sizeof(why), "stale: decided %.1f s ago",
			 c->now_sec - plan_decided_sec(p, c->heard_sec));
		return skip(ret, why);
	}
	if (is_overtaken(p, c))
		return skip(ret, "overtaken by a plan that was decided later");
	if (c->problem[0] != '\0')
		return skip(ret, c->problem);
	if (p->action != ACTION_RESTART)
		return scale(p, c, ret);
	if (c->restarting)
		return skip(ret, "a restart is under way already");
	if (c->max_replicas < 2)
		return skip(ret, "MAX_REPLICAS is 1, so nobody would serve meanwhile: raise it to "
				 "2 or restart the container by hand");
	return PLAN_RESTART;
}

void plan_judge(const struct message_plan *p, const struct plan_context *c,
		struct plan_judgement *ret)
{
	*ret = (struct plan_judgement){.wanted = c->wanted};
	ret->verdict = judge(p, c, ret);
}
