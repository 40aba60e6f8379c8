/* Pure. The codec of the channel "advice": two kinds of message. */
#include "common/message_internal.h"

#include "common/json.h"

#include <string.h>

static const char *const advice_kind[] = {"advice", NULL};
static const char *const judged_kind[] = {"judgement", NULL};
static const char *const outcome_words[] = {"verdict", "abstained", "failed", NULL};
static const char *const mode_words[] = {"advise", "shadow", NULL};
static const char *const judgement_words[] = {"agreed", "helpful", "harmful", "neutral", NULL};

#define ADVICE(member) FIELD_AT(message_advice, member)
#define JUDGED(member) FIELD_AT(message_judged, member)

#define FACTOR .max = 1e6, .absent = NAN, .digits = 3 /* of the baseline */
#define TOKENS .max = 1e9, .absent = -1
#define COST   .max = 1e6, .absent = NAN, .digits = 9 /* a token is some 1e-7 dollars */

static const struct field heuristic_fields[] = {
	{"action", FIELD_WORD, true, ADVICE(heuristic), .words = message_action_words},
	{"replicas", FIELD_INT, false, ADVICE(heuristic_replicas), COUNT},
	{0},
};

static const struct field tokens_fields[] = {
	{"in", FIELD_INT, false, ADVICE(tokens_in), TOKENS},
	{"out", FIELD_INT, false, ADVICE(tokens_out), TOKENS},
	{0},
};

static const struct field advice_fields[] = {
	{"ts", FIELD_NUM, false, ADVICE(ts), TIME},
	{"kind", FIELD_KIND, true, .words = advice_kind},
	{"id", FIELD_STR, false, ADVICE(id)},
	{"target", FIELD_NAME, false, ADVICE(target)},
	{"asked_ts", FIELD_NUM, false, ADVICE(asked_ts), TIME},
	{"state", FIELD_STR, false, ADVICE(state)},
	{"mode", FIELD_WORD, true, ADVICE(mode), .words = mode_words},
	{"provider", FIELD_STR, false, ADVICE(provider)},
	{"model", FIELD_STR, false, ADVICE(model)},
	{"outcome", FIELD_WORD, true, ADVICE(outcome), .words = outcome_words},
	{"heuristic", FIELD_OBJECT, true, .fields = heuristic_fields},
	{"latency_ms", FIELD_NUM, false, ADVICE(latency_ms), MS},
	{"tokens", FIELD_OBJECT, false, .fields = tokens_fields},
	{"cost_usd", FIELD_NUM, false, ADVICE(cost_usd), COST},
	{"retry_ts", FIELD_NUM, false, ADVICE(retry_ts), TIME},
	{0},
};

static const struct field decision_fields[] = {
	{"action", FIELD_WORD, true, ADVICE(action), .words = message_action_words},
	{"reason", FIELD_TEXT, false, ADVICE(reason)},
	{"alpha_up", FIELD_NUM, false, ADVICE(alpha_up), FACTOR},
	{"beta_down", FIELD_NUM, false, ADVICE(beta_down), FACTOR},
	{0},
};

/* What else an advice has depends on its outcome. */
static const struct field verdict_fields[] = {
	{"decision", FIELD_OBJECT, true, .fields = decision_fields},
	{0},
};

static const struct field silence_fields[] = {
	{"cause", FIELD_TEXT, false, ADVICE(cause)},
	{0},
};

static const struct field judged_fields[] = {
	{"ts", FIELD_NUM, false, JUDGED(ts), TIME},
	{"kind", FIELD_KIND, true, .words = judged_kind},
	{"id", FIELD_STR, false, JUDGED(id)},
	{"target", FIELD_NAME, false, JUDGED(target)},
	{"advice", FIELD_STR, true, JUDGED(advice), .min = 1},
	{"judgement", FIELD_WORD, true, JUDGED(judgement), .words = judgement_words},
	{"windows", FIELD_INT, false, JUDGED(windows), .max = 1e9},
	{"slo_windows", FIELD_INT, false, JUDGED(slo_windows), .max = 1e9},
	{"replica_sec", FIELD_NUM, false, JUDGED(replica_sec), .min = -1e9, .max = 1e9,
	 .absent = NAN, .digits = 3},
	{"reason", FIELD_TEXT, false, JUDGED(reason)},
	{0},
};

static const struct field *outcome_fields(enum message_outcome outcome)
{
	return outcome == OUTCOME_VERDICT ? verdict_fields : silence_fields;
}

static int decode_advice(const cJSON *root, const char *default_target, struct message_advice *ret,
			 struct message_error *ret_error)
{
	struct message_advice advice = {.alpha_up = NAN, .beta_down = NAN};

	message_set_target(advice.target, default_target);
	int err = message_fields(advice_fields, root, NULL, &advice, ret_error);
	if (!err)
		err = message_fields(outcome_fields(advice.outcome), root, NULL, &advice,
				     ret_error);
	if (err)
		return err;
	*ret = advice;
	return ADVICE_ADVICE;
}

static int decode_judged(const cJSON *root, const char *default_target, struct message_judged *ret,
			 struct message_error *ret_error)
{
	struct message_judged judged = {0};

	message_set_target(judged.target, default_target);
	int err = message_fields(judged_fields, root, NULL, &judged, ret_error);
	if (err)
		return err;
	*ret = judged;
	return ADVICE_JUDGED;
}

int message_advice_decode(const char *text, size_t len, const char *default_target,
			  struct message_advice *ret_advice, struct message_judged *ret_judged,
			  struct message_error *ret_error)
{
	cJSON *root;
	int kind = message_parse(text, len, &root, ret_error);

	if (kind)
		return kind;
	const char *word = json_str(root, "kind");
	if (word && !strcmp(word, judged_kind[0]))
		kind = decode_judged(root, default_target, ret_judged, ret_error);
	else
		kind = decode_advice(root, default_target, ret_advice, ret_error);
	cJSON_Delete(root);
	return kind;
}

char *message_advice_encode(const struct message_advice *advice)
{
	cJSON *root = cJSON_CreateObject();

	fields_encode(advice_fields, advice, root);
	fields_encode(outcome_fields(advice->outcome), advice, root);
	return message_finish(root);
}

char *message_judged_encode(const struct message_judged *judged)
{
	cJSON *root = cJSON_CreateObject();

	fields_encode(judged_fields, judged, root);
	return message_finish(root);
}

const char *message_outcome_name(enum message_outcome outcome)
{
	return outcome_words[outcome];
}

const char *message_judgement_name(enum message_judgement judgement)
{
	return judgement_words[judgement];
}
