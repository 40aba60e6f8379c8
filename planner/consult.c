/* Shell. Asking the advisor; see consult.h. */
#include "planner/consult.h"

#include "common/bus.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/service.h"
#include "planner/ask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct consult {
	const struct advisor_config *config;
	struct advisor *advisor;
	struct asker *asker;
	consult_publish *publish;
	void *cookie;
	struct message_advice about;     /* the question that is out */
	bool demoted;                    /* it was said */
	struct scorecard_totals counted; /* are in the metrics, or were there before this process */

	struct {
		struct metric *waits[ADVISOR_WAITS];    /* by enum advisor_wait */
		struct metric *outcomes[3], *judged[4]; /* by enum message_outcome, _judgement */
		struct metric *tokens_in, *tokens_out, *cost, *times;
		struct metric *bucket, *today, *open, *demoted;
	} metrics;
};

#define WAITS       "agentic_planner_advisor_windows_total"
#define WAITS_H     "Windows by whether the advisor was asked about them, and why not"
#define ADVICE      "agentic_planner_advice_total"
#define ADVICE_H    "Questions to the advisor that ended"
#define JUDGED      "agentic_planner_advice_judged_total"
#define JUDGED_H    "Verdicts judged by what happened after them"
#define TOKENS      "agentic_planner_advice_tokens_total"
#define TOKENS_H    "Tokens of questions and answers"
#define ROW(member) offsetof(struct consult, metrics.member)

static const struct metric_row rows[] = {
	{METRIC_COUNTER, WAITS, "wait=\"none\"", WAITS_H, ROW(waits[ASK_NOW])},
	{METRIC_COUNTER, WAITS, "wait=\"off\"", WAITS_H, ROW(waits[ASK_OFF])},
	{METRIC_COUNTER, WAITS, "wait=\"out\"", WAITS_H, ROW(waits[ASK_OUT])},
	{METRIC_COUNTER, WAITS, "wait=\"same_state\"", WAITS_H, ROW(waits[ASK_SAME_STATE])},
	{METRIC_COUNTER, WAITS, "wait=\"minute\"", WAITS_H, ROW(waits[ASK_MINUTE])},
	{METRIC_COUNTER, WAITS, "wait=\"day\"", WAITS_H, ROW(waits[ASK_DAY])},
	{METRIC_COUNTER, WAITS, "wait=\"backoff\"", WAITS_H, ROW(waits[ASK_BACKOFF])},
	{METRIC_COUNTER, WAITS, "wait=\"hopeless\"", WAITS_H, ROW(waits[ASK_HOPELESS])},
	{METRIC_COUNTER, ADVICE, "outcome=\"verdict\"", ADVICE_H, ROW(outcomes[OUTCOME_VERDICT])},
	{METRIC_COUNTER, ADVICE, "outcome=\"abstained\"", ADVICE_H,
	 ROW(outcomes[OUTCOME_ABSTAINED])},
	{METRIC_COUNTER, ADVICE, "outcome=\"failed\"", ADVICE_H, ROW(outcomes[OUTCOME_FAILED])},
	{METRIC_COUNTER, JUDGED, "judgement=\"agreed\"", JUDGED_H, ROW(judged[JUDGED_AGREED])},
	{METRIC_COUNTER, JUDGED, "judgement=\"helpful\"", JUDGED_H, ROW(judged[JUDGED_HELPFUL])},
	{METRIC_COUNTER, JUDGED, "judgement=\"harmful\"", JUDGED_H, ROW(judged[JUDGED_HARMFUL])},
	{METRIC_COUNTER, JUDGED, "judgement=\"neutral\"", JUDGED_H, ROW(judged[JUDGED_NEUTRAL])},
	{METRIC_COUNTER, TOKENS, "direction=\"in\"", TOKENS_H, ROW(tokens_in)},
	{METRIC_COUNTER, TOKENS, "direction=\"out\"", TOKENS_H, ROW(tokens_out)},
	{METRIC_COUNTER, "agentic_planner_advice_cost_dollars_total", NULL,
	 "Cost of questions to models whose price is known", ROW(cost)},
	{METRIC_HISTOGRAM_MS, "agentic_planner_advice_duration_seconds", NULL,
	 "Time that questions to the advisor took, whatever came of them", ROW(times)},
	{METRIC_GAUGE, "agentic_planner_advisor_questions_left", NULL,
	 "Questions left of LLM_RPM now", ROW(bucket)},
	{METRIC_GAUGE, "agentic_planner_advisor_asked_today", NULL,
	 "Questions since midnight Pacific time", ROW(today)},
	{METRIC_GAUGE, "agentic_planner_advisor_circuit_open", NULL,
	 "1 while it is not asked because of failures or limits", ROW(open)},
	{METRIC_GAUGE, "agentic_planner_advisor_demoted", NULL,
	 "1 after a run of harmful verdicts: recorded, no longer followed", ROW(demoted)},
	{0},
};

struct consult *consult_open(uv_loop_t *loop, const struct advisor_config *config,
			     struct metrics *metrics, consult_publish *publish, void *cookie)
{
	struct consult *c = xcalloc(1, sizeof(*c));

	c->config = config;
	c->advisor = advisor_new(config);
	c->publish = publish;
	c->cookie = cookie;
	metrics_add_table(metrics, rows, c);
	if (!advisor_enabled(c->advisor))
		return c;

	int err = asker_open(loop, config, &c->asker);
	if (err) {
		log_error("cannot set up calls to the advisor", F_ERR("error", err));
		exit(1);
	}
	log_info("the advisor will be asked",
		 F_STR("mode", config->mode == ADVISOR_SHADOW ? "shadow" : "advise"),
		 F_STR("model", advisor_model(c->advisor) ? advisor_model(c->advisor) : "any"));
	return c;
}

void consult_close(struct consult *c)
{
	if (!c)
		return;
	asker_close(c->asker);
	advisor_free(c->advisor);
	free(c);
}

/* What came to the record since the last look. */
static void count(struct consult *c, const struct scorecard_totals *t)
{
	const struct scorecard_totals *was = &c->counted;

	metric_add(c->metrics.outcomes[OUTCOME_VERDICT], t->verdicts - was->verdicts);
	metric_add(c->metrics.outcomes[OUTCOME_ABSTAINED], t->abstained - was->abstained);
	metric_add(c->metrics.outcomes[OUTCOME_FAILED], t->failed - was->failed);
	for (int i = 0; i < 4; i++)
		metric_add(c->metrics.judged[i], t->judged[i] - was->judged[i]);
	metric_add(c->metrics.tokens_in, (double)(t->tokens_in - was->tokens_in));
	metric_add(c->metrics.tokens_out, (double)(t->tokens_out - was->tokens_out));
	metric_add(c->metrics.cost, t->cost_usd - was->cost_usd);
}

static void show_record(struct consult *c, const struct brain *brain, bool replayed)
{
	const struct scorecard_totals *t = brain_scorecard(brain);
	struct advisor_status status;

	if (!replayed)
		count(c, t);
	c->counted = *t;
	metric_set(c->metrics.demoted, t->demoted);
	advisor_status(c->advisor, service_wall_ms(), &status);
	metric_set(c->metrics.bucket, status.tokens);
	metric_set(c->metrics.today, status.asked_today);
	metric_set(c->metrics.open, status.hopeless || status.retry_ms > 0);
	if (t->demoted && !c->demoted)
		log_warn(
			"the advisor's verdicts did harm several times in a row: they are recorded "
			"from now on, no longer followed");
	c->demoted = t->demoted;
}

static const char *provider_name(const struct consult *c)
{
	return c->config->provider == LLM_GEMINI ? "gemini" : "openai";
}

void consult_describe(struct consult *c, struct message_beat_advisor *ret)
{
	const char *model = advisor_model(c->advisor);
	bool shadow = c->config->mode == ADVISOR_SHADOW || c->demoted;
	struct advisor_status status;

	*ret = (struct message_beat_advisor){
		.present = true,
		.mode = MODE_OFF,
		.asked_today = -1,
		.day_budget = -1,
		.minute_left = NAN,
		.retry_ts = NAN,
		.failures = -1,
	};
	if (!advisor_enabled(c->advisor))
		return;
	advisor_status(c->advisor, service_wall_ms(), &status);
	ret->mode = shadow ? MODE_SHADOW : MODE_ADVISE;
	snprintf(ret->provider, sizeof(ret->provider), "%s", provider_name(c));
	snprintf(ret->model, sizeof(ret->model), "%s", model ? model : "");
	ret->asked_today = status.asked_today;
	if (c->config->rpd > 0)
		ret->day_budget = c->config->rpd;
	ret->minute_left = status.tokens;
	if (status.retry_ms > 0)
		ret->retry_ts = (double)status.retry_ms / 1000;
	ret->hopeless = status.hopeless;
	ret->failures = (int)status.failures;
}

/* What came of the question that was out, as the message about it. */
static void fill_in(struct message_advice *m, const struct llm_answer *answer, double latency_ms)
{
	m->ts = service_wall_sec();
	m->outcome = answer->outcome;
	m->latency_ms = latency_ms;
	m->tokens_in = answer->tokens_in;
	m->tokens_out = answer->tokens_out;
	if (answer->model[0])
		memcpy(m->model, answer->model, sizeof(m->model));
	m->cost_usd = llm_cost_usd(m->model, answer->tokens_in, answer->tokens_out);
	memcpy(m->cause, answer->cause, sizeof(m->cause));
	if (answer->outcome != OUTCOME_VERDICT)
		return;
	m->cause[0] = '\0';
	m->action = answer->verdict.action;
	memcpy(m->reason, answer->verdict.reason, sizeof(m->reason));
	m->alpha_up = answer->verdict.alpha_up;
	m->beta_down = answer->verdict.beta_down;
}

static void on_answer(const struct llm_answer *answer, double latency_ms, void *cookie)
{
	struct consult *c = cookie;
	struct message_advice *m = &c->about;
	struct advisor_status status;

	metric_observe(c->metrics.times, latency_ms / 1000);
	fill_in(m, answer, latency_ms);
	uint64_t retry_ms = advisor_ended(c->advisor, service_wall_ms(), answer, service_random());
	m->retry_ts = retry_ms ? (double)retry_ms / 1000 : NAN;
	advisor_status(c->advisor, service_wall_ms(), &status);
	if (status.hopeless)
		log_warn("the advisor is not asked any more; fix this and start the planner again",
			 F_STR("cause", m->cause));
	else if (answer->outcome != OUTCOME_VERDICT)
		log_info("no advice", F_STR("cause", m->cause));
	c->publish(message_advice_encode(m), c->cookie);
}

void consult_about(struct consult *c, const struct message_alert *alert, const struct brain *brain,
		   const struct brain_decided *decided)
{
	const struct policy_decision *d = &decided->decision;
	struct llm_question question;
	bool shadow = c->config->mode == ADVISOR_SHADOW || brain_scorecard(brain)->demoted;

	show_record(c, brain, false);
	enum advisor_wait wait =
		advisor_ask(c->advisor, service_wall_ms(), alert->p95_ms, d, service_random());
	metric_inc(c->metrics.waits[wait]);
	if (wait != ASK_NOW || !brain_question(brain, &question))
		return;

	const char *model = advisor_model(c->advisor);
	c->about = (struct message_advice){
		.asked_ts = (double)decided->now_ms / 1000,
		.mode = shadow ? MODE_SHADOW : MODE_ADVISE,
		.alpha_up = NAN,
		.beta_down = NAN,
		.heuristic = d->heuristic,
		.heuristic_replicas = d->heuristic_replicas,
	};
	bus_new_id(c->about.id);
	memcpy(c->about.target, alert->target, sizeof(c->about.target));
	memcpy(c->about.state, d->state, sizeof(c->about.state));
	snprintf(c->about.provider, sizeof(c->about.provider), "%s", provider_name(c));
	snprintf(c->about.model, sizeof(c->about.model), "%s", model ? model : "");
	asker_ask(c->asker, model, &question, on_answer, c);
}

void consult_heard(struct consult *c, const struct message_advice *advice,
		   const struct brain *brain, bool replayed)
{
	if (replayed)
		advisor_recall(c->advisor, advice);
	show_record(c, brain, replayed);
}

void consult_replayed(struct consult *c, const struct brain *brain)
{
	c->counted = *brain_scorecard(brain);
}
