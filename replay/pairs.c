/* Pure. Recorded alerts, each beside the plan that answered it.  The planner answers in the
 * order of the alerts: those before one that was answered never will be. */
#include "replay/pairs.h"

#include "common/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define SAME_MS 0.001 /* figures of a plan are rounded */

struct early {
	struct early *prev, *next;
	struct message_plan plan;
	char *text;
};

struct entry {
	struct entry *prev, *next;
	struct pair pair;
	bool waits;
};

struct pairs {
	struct entry *entries; /* oldest first, as all lists here */
	size_t n;
	struct early *early;
	size_t early_n;
};

struct pairs *pairs_new(void)
{
	return xcalloc(1, sizeof(struct pairs));
}

void pair_done(struct pair *pair)
{
	fold_done(&pair->message);
	if (pair->answered)
		message_plan_done(&pair->live);
	free(pair->live_text);
}

/* What it owns is left alone. */
static void drop_early(struct pairs *p, struct early *early)
{
	DL_DELETE(p->early, early);
	p->early_n--;
	free(early);
}

static void forget_early(struct pairs *p)
{
	message_plan_done(&p->early->plan);
	free(p->early->text);
	drop_early(p, p->early);
}

void pairs_free(struct pairs *p)
{
	struct pair pair;

	if (!p)
		return;
	while (pairs_next(p, true, &pair))
		pair_done(&pair);
	while (p->early)
		forget_early(p);
	free(p);
}

/* By the id that the plan names; where the alert had none, by the figures it repeats. */
static bool is_answer(const struct message_alert *alert, const struct message_plan *plan)
{
	if (strcmp(alert->target, plan->target) != 0)
		return false;
	if (plan->alert[0] || alert->id[0])
		return strcmp(alert->id, plan->alert) == 0;
	return !(fabs(alert->p95_ms - plan->p95_ms) > SAME_MS) &&
	       (plan->telemetry_replicas < 0 || plan->telemetry_replicas == alert->replicas);
}

/* ${alert} is answered; those before it never will be. */
static void answer(struct pairs *p, struct entry *alert, const struct message_plan *plan,
		   char *text)
{
	alert->pair.answered = true;
	alert->pair.live = *plan;
	alert->pair.live_text = text;
	for (struct entry *each = p->entries; each != alert->next; each = each->next)
		each->waits = false;
}

static void add_plan(struct pairs *p, const struct message_plan *plan, const char *text)
{
	struct entry *each;

	DL_FOREACH(p->entries, each)
	{
		if (each->waits && is_answer(&each->pair.message.alert, plan)) {
			answer(p, each, plan, xstrdup(text));
			return;
		}
	}
	if (p->early_n == PAIRS_EARLY_MAX)
		forget_early(p);

	struct early *early = xcalloc(1, sizeof(*early));
	*early = (struct early){.plan = *plan, .text = xstrdup(text)};
	DL_APPEND(p->early, early);
	p->early_n++;
}

static void add_alert(struct pairs *p, struct entry *alert)
{
	struct message_alert *a = &alert->pair.message.alert;
	struct early *each;

	message_alert_done(a); /* what single replicas did */
	alert->waits = true;
	DL_FOREACH(p->early, each)
	{
		if (is_answer(a, &each->plan)) {
			answer(p, alert, &each->plan, each->text);
			drop_early(p, each);
			return;
		}
	}
}

void pairs_add(struct pairs *p, struct fold_message *message, uint64_t heard_ms, const char *text)
{
	if (message->kind == FOLD_NOTHING)
		return;
	if (message->kind == FOLD_PLAN) {
		add_plan(p, &message->plan, text);
		return;
	}
	struct entry *entry = xcalloc(1, sizeof(*entry));

	entry->pair = (struct pair){.message = *message, .heard_ms = heard_ms};
	DL_APPEND(p->entries, entry);
	p->n++;
	if (message->kind == FOLD_ALERT)
		add_alert(p, entry);
}

bool pairs_next(struct pairs *p, bool all, struct pair *ret)
{
	struct entry *first = p->entries;

	if (!first || (first->waits && !all && p->n < PAIRS_MAX))
		return false;
	DL_DELETE(p->entries, first);
	p->n--;
	*ret = first->pair;
	free(first);
	return true;
}
