/* Pure. How good the advice was. */
#include "planner/scorecard.h"

#include "common/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVIDENCE_MIN   (SCORECARD_WINDOWS / 2) /* windows with good data; fewer tell nothing */
#define BREACH_WINDOWS 2 /* over the objective; one in twenty is what a p95 allows anyway */
#define FAILING_SHARE                                                                              \
	0.5 /* of the answers: an outage, of which replicas are neither cause nor cure */
#define STALE_WINDOWS 2 /* heard so much later, a window tells of another time */

/* Advice as seen from the heuristic. */
enum contrast {
	SAME,
	MORE,    /* scale_up, against whatever */
	KEEP,    /* noop, against a scale_down */
	FEWER,   /* scale_down, against whatever */
	VETO,    /* noop, against a scale_up */
	RESTART, /* against whatever */
	APART,   /* whatever, against a restart */
	CONTRASTS
};

/* What the windows since then showed, the first that holds. */
enum evidence {
	SCANT,  /* too few windows to tell */
	MIXED,  /* need, and the policy itself took replicas back as well */
	BREACH, /* p95 over the objective */
	GROWTH, /* the policy itself asked for more */
	SLACK,  /* it asked for fewer, or mostly held fewer to be safe */
	QUIET,  /* nothing of all that */
	EVIDENCES
};

struct verdict_open {
	char id[MESSAGE_ID_MAX];
	enum message_action action, heuristic;
	bool followed;
	int windows;                         /* seen, good or bad */
	int good, slo_windows, safe_windows; /* safe: fewer would have been */
	bool up, down;                       /* the policy itself asked for that */
	bool settled; /* the policy moved the count: from there on both courses are one */
	double apart; /* replicas between the two courses */
	double replica_sec;
};

struct scorecard {
	struct verdict_open open[SCORECARD_OPEN]; /* oldest first */
	size_t open_n;
	struct scorecard_totals totals;
};

/* --- the law --- */

static const enum contrast contrasts[4][4] = {
	/* [advised][heuristic] */
	[ACTION_NOOP] = {[ACTION_NOOP] = SAME,
			 [ACTION_RESTART] = APART,
			 [ACTION_SCALE_UP] = VETO,
			 [ACTION_SCALE_DOWN] = KEEP},
	[ACTION_RESTART] = {[ACTION_NOOP] = RESTART,
			    [ACTION_RESTART] = SAME,
			    [ACTION_SCALE_UP] = RESTART,
			    [ACTION_SCALE_DOWN] = RESTART},
	[ACTION_SCALE_UP] = {[ACTION_NOOP] = MORE,
			     [ACTION_RESTART] = APART,
			     [ACTION_SCALE_UP] = SAME,
			     [ACTION_SCALE_DOWN] = MORE},
	[ACTION_SCALE_DOWN] = {[ACTION_NOOP] = FEWER,
			       [ACTION_RESTART] = APART,
			       [ACTION_SCALE_UP] = FEWER,
			       [ACTION_SCALE_DOWN] = SAME},
};

#define EITHER_WAY 2

/* Every other combination is neutral: what happened could have happened on the other course too. */
static const struct {
	enum contrast contrast;
	int followed; /* 0, 1, EITHER_WAY */
	enum evidence evidence;
	enum message_judgement judgement;
	const char *why;
} rulings[] = {
	{MORE, EITHER_WAY, BREACH, JUDGED_HELPFUL, "more were needed"},
	{MORE, EITHER_WAY, GROWTH, JUDGED_HELPFUL, "the policy came to want more itself"},
	{MORE, EITHER_WAY, MIXED, JUDGED_HELPFUL, "more were needed for a while"},
	{MORE, EITHER_WAY, SLACK, JUDGED_HARMFUL, "even fewer were enough"},
	/* Followed, the quiet may be its merit. */
	{MORE, 0, QUIET, JUDGED_HARMFUL, "no more were needed"},

	/* A window's patience: the heuristic asks again in the next, so it can hardly do harm. */
	{KEEP, EITHER_WAY, BREACH, JUDGED_HELPFUL, "what it would have kept was needed"},
	{KEEP, EITHER_WAY, GROWTH, JUDGED_HELPFUL, "the policy came to want it back"},

	{FEWER, EITHER_WAY, BREACH, JUDGED_HARMFUL, "fewer were too few"},
	{FEWER, EITHER_WAY, GROWTH, JUDGED_HARMFUL, "the policy came to want more"},
	{FEWER, EITHER_WAY, SLACK, JUDGED_HELPFUL, "fewer were enough"},
	/* Not followed, nobody knows whether fewer would have been as quiet, or the need passed. */
	{FEWER, 1, QUIET, JUDGED_HELPFUL, "fewer were enough"},
	{FEWER, 1, MIXED, JUDGED_HARMFUL, "fewer were too few for a while"},

	{VETO, EITHER_WAY, BREACH, JUDGED_HARMFUL, "more were needed"},
	/* Followed, the heuristic only repeats itself in the next window. */
	{VETO, 0, GROWTH, JUDGED_HARMFUL, "the policy came to want even more"},
	{VETO, EITHER_WAY, SLACK, JUDGED_HELPFUL, "no more were needed"},
	/* Not followed, the quiet may be the merit of what was added. */
	{VETO, 1, QUIET, JUDGED_HELPFUL, "no more were needed"},

	/* It costs requests, and has to show for it. */
	{RESTART, 1, BREACH, JUDGED_HARMFUL, "it did not help"},
	{RESTART, 1, QUIET, JUDGED_HELPFUL, "it was quiet from then on"},
	{RESTART, 0, QUIET, JUDGED_HARMFUL, "it passed without one"},
	{RESTART, 0, SLACK, JUDGED_HARMFUL, "it passed without one"},
};

static enum message_judgement judge(enum contrast contrast, bool followed, enum evidence evidence,
				    const char **ret_why)
{
	if (contrast == SAME) {
		*ret_why = "both wanted the same";
		return JUDGED_AGREED;
	}
	for (size_t i = 0; i < sizeof(rulings) / sizeof(rulings[0]); i++) {
		if (rulings[i].contrast != contrast || rulings[i].evidence != evidence)
			continue;
		if (rulings[i].followed != EITHER_WAY && rulings[i].followed != followed)
			continue;
		*ret_why = rulings[i].why;
		return rulings[i].judgement;
	}
	*ret_why = evidence == SCANT ? "too little good data to tell" : "nobody can tell";
	return JUDGED_NEUTRAL;
}

static enum evidence evidence_of(const struct verdict_open *v)
{
	bool breach = v->slo_windows >= BREACH_WINDOWS;

	if (v->good < EVIDENCE_MIN)
		return SCANT;
	if ((breach || v->up) && v->down)
		return MIXED;
	if (breach)
		return BREACH;
	if (v->up)
		return GROWTH;
	return v->down || 2 * v->safe_windows > v->good ? SLACK : QUIET;
}

/* --- advice --- */

struct scorecard *scorecard_new(void)
{
	return xcalloc(1, sizeof(struct scorecard));
}

void scorecard_free(struct scorecard *s)
{
	free(s);
}

/* Steps that an action makes the count go up. */
static int steps(enum message_action action)
{
	return (action == ACTION_SCALE_UP) - (action == ACTION_SCALE_DOWN);
}

static void drop_oldest(struct scorecard *s)
{
	s->open_n--;
	memmove(s->open, s->open + 1, s->open_n * sizeof(s->open[0]));
}

static void open_verdict(struct scorecard *s, const struct message_advice *advice)
{
	if (s->open_n == SCORECARD_OPEN)
		drop_oldest(s);

	struct verdict_open *v = &s->open[s->open_n++];
	*v = (struct verdict_open){
		.action = advice->action,
		.heuristic = advice->heuristic,
		.apart = steps(advice->action) - steps(advice->heuristic),
	};
	memcpy(v->id, advice->id, sizeof(v->id));
}

static double known(double value)
{
	return isfinite(value) ? value : 0;
}

void scorecard_advice(struct scorecard *s, const struct message_advice *advice)
{
	struct scorecard_totals *t = &s->totals;
	unsigned *const counts[] = {
		[OUTCOME_VERDICT] = &t->verdicts,
		[OUTCOME_ABSTAINED] = &t->abstained,
		[OUTCOME_FAILED] = &t->failed,
	};

	++*counts[advice->outcome];
	t->cost_usd += known(advice->cost_usd);
	t->latency_ms += known(advice->latency_ms);
	t->tokens_in += advice->tokens_in > 0 ? (unsigned)advice->tokens_in : 0;
	t->tokens_out += advice->tokens_out > 0 ? (unsigned)advice->tokens_out : 0;
	if (advice->outcome == OUTCOME_VERDICT)
		open_verdict(s, advice);
}

/* --- windows --- */

/* Whether the window says anything of how many replicas are needed. */
static bool is_evidence(const struct policy_input *input)
{
	double failing = 1 - input->success_rate;

	if (input->traffic.present)
		failing = fmax(failing, input->traffic.error_rate);
	return failing < FAILING_SHARE && !(input->age_sec > STALE_WINDOWS * input->window_sec);
}

/* The window that heard the newest verdict followed it. */
static void mark_followed(struct scorecard *s, const struct policy_decision *d)
{
	struct verdict_open *newest = s->open_n > 0 ? &s->open[s->open_n - 1] : NULL;

	if (!d->advised || !newest || newest->windows > 0)
		return;
	newest->followed = true;
	newest->apart = d->replicas - d->heuristic_replicas;
}

static void observe(struct verdict_open *v, const struct policy_input *input,
		    const struct policy_decision *d)
{
	bool tried = v->followed && v->windows == 0; /* the heuristic was heard, not obeyed */

	v->windows++;
	if (d->heuristic != ACTION_NOOP && !tried)
		v->settled = true;
	if (!v->settled)
		v->replica_sec += v->apart * known(input->window_sec);
	if (!is_evidence(input) || tried)
		return;
	v->good++;
	v->slo_windows += d->over_slo;
	v->safe_windows += d->envelope.lo < d->heuristic_replicas;
	v->up |= d->heuristic == ACTION_SCALE_UP;
	v->down |= d->heuristic == ACTION_SCALE_DOWN;
}

static void count(struct scorecard_totals *t, enum message_judgement judgement)
{
	t->judged[judgement]++;
	if (judgement == JUDGED_HELPFUL)
		t->harmful_in_a_row = 0;
	if (judgement == JUDGED_HARMFUL && ++t->harmful_in_a_row >= SCORECARD_DEMOTE)
		t->demoted = true;
}

static void close_verdict(struct scorecard *s, struct message_judged *ret)
{
	const struct verdict_open *v = &s->open[0];
	const char *why;

	*ret = (struct message_judged){
		.judgement = judge(contrasts[v->action][v->heuristic], v->followed, evidence_of(v),
				   &why),
		.windows = v->good,
		.slo_windows = v->slo_windows,
		.replica_sec = v->replica_sec,
	};
	memcpy(ret->advice, v->id, sizeof(ret->advice));
	snprintf(ret->reason, sizeof(ret->reason),
		 "%s against %s, %s; %d of %d windows over the objective: %s",
		 message_action_name(v->action), message_action_name(v->heuristic),
		 v->followed ? "followed" : "not followed", v->slo_windows, v->good, why);
	count(&s->totals, ret->judgement);
	drop_oldest(s);
}

size_t scorecard_window(struct scorecard *s, const struct policy_input *input,
			const struct policy_decision *d, struct message_judged *ret, size_t cap)
{
	size_t n = 0;

	mark_followed(s, d);
	for (size_t i = 0; i < s->open_n; i++)
		if (s->open[i].windows < SCORECARD_WINDOWS)
			observe(&s->open[i], input, d);
	while (n < cap && s->open_n > 0 && s->open[0].windows == SCORECARD_WINDOWS)
		close_verdict(s, &ret[n++]);
	return n;
}

const struct scorecard_totals *scorecard_totals(const struct scorecard *s)
{
	return &s->totals;
}
