/* Pure. What a reply means that is an error: whether to wait, for how long, or to give up. */
#include "common/json.h"
#include "planner/llm_internal.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MAX_SEC 86400 /* no limit is counted in longer terms than a day */
#define MESSAGE_MAX   240   /* bytes of a server's message that are passed on */
#define ALL_STATUS    999

enum fate {
	WAIT,     /* and try again */
	WAIT_DAY, /* until the quota of the next day */
	NO_MODEL,
	GIVE_UP
};

/* The first row that fits decides; the last fits always. */
static const struct rule {
	int lowest, highest; /* status */
	const char *mark;    /* see has_mark; NULL: none needed */
	enum fate fate;
	const char *what; /* behind the server's name */
} rules[] = {
	{300, 399, NULL, GIVE_UP, "redirects: set LLM_URL to the address it leads to"},
	{400, 400, "API_KEY_INVALID", GIVE_UP, "refuses the key: check LLM_API_KEY"},
	{400, 400, "FAILED_PRECONDITION", GIVE_UP,
	 "does not serve this account or region: enable billing, or use another account"},
	{400, 400, NULL, GIVE_UP, "refuses the request: check LLM_MODEL and LLM_API_KEY"},
	{401, 401, NULL, GIVE_UP, "refuses the key: check LLM_API_KEY"},
	{402, 402, NULL, GIVE_UP, "asks for payment: check the account"},
	{403, 403, NULL, GIVE_UP, "does not let this key use the model: check LLM_API_KEY"},
	{404, 404, NULL, NO_MODEL, "knows no such model or address: check LLM_MODEL and LLM_URL"},
	{408, 408, NULL, WAIT, "gave up waiting"},
	{429, 429, "PerDay", WAIT_DAY, "has no quota left for this day"},
	{429, 429, "insufficient_quota", GIVE_UP, "has no credit left: check the account"},
	{429, 429, NULL, WAIT, "is asked too often"},
	{400, 499, NULL, GIVE_UP, "refuses the request: check LLM_URL"},
	{500, 599, NULL, WAIT, "cannot answer now"},
	{0, ALL_STATUS, NULL, WAIT, "answered with an error"},
};

/* ---- the body ---- */

/* {"error":{…}}, for some servers inside of an array, for others without the outer object. */
static const cJSON *find_error(const cJSON *root)
{
	const cJSON *reply = cJSON_IsArray(root) ? root->child : root;
	const cJSON *error = json_get(reply, "error");

	return cJSON_IsObject(error) ? error : reply;
}

/* Which of its members is the message: {"error":"…"} is enough for some. */
static const char *message_name(const cJSON *error)
{
	return json_str(error, "message") ? "message" : "error";
}

static bool is_marked(const cJSON *o, const char *name, const char *mark)
{
	const char *text = json_str(o, name);

	return text && strstr(text, mark);
}

/* Whether ${mark} is in what the error says for programs: its status or code, the reason in a
 * detail, the name of a quota that was exceeded. */
static bool has_mark(const cJSON *error, const char *mark)
{
	const cJSON *detail, *violation;

	if (is_marked(error, "status", mark) || is_marked(error, "code", mark))
		return true;
	cJSON_ArrayForEach (detail, json_get(error, "details")) {
		if (is_marked(detail, "reason", mark))
			return true;
		cJSON_ArrayForEach (violation, json_get(detail, "violations")) {
			if (is_marked(violation, "quotaId", mark))
				return true;
		}
	}
	return false;
}

static const struct rule *find_rule(long status, const cJSON *error)
{
	const struct rule *rule = rules;

	while (rule->highest < ALL_STATUS && (status < rule->lowest || status > rule->highest ||
					      (rule->mark && !has_mark(error, rule->mark))))
		rule++;
	return rule;
}

/* ---- how long to wait ---- */

/* The seconds that ${text} begins with: "36s", "45.837906927s", "373.8ms", "6m0s"; 0 where it is no
 * duration. */
static double duration_sec(const char *text)
{
	static const struct {
		const char *name;
		double sec;
	} units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
	double sum_sec = 0;

	while (text && isdigit((unsigned char)*text)) {
		char *rest;
		double value = strtod(text, &rest);

		text = NULL;
		for (size_t i = 0; !text && i < sizeof(units) / sizeof(units[0]); i++) {
			if (strncmp(rest, units[i].name, strlen(units[i].name)) != 0)
				continue;
			sum_sec += value * units[i].sec;
			text = rest + strlen(units[i].name);
		}
	}
	return sum_sec;
}

/* The longest that the details ask for; 0: nothing. */
static double details_sec(const cJSON *error)
{
	const cJSON *detail;
	double longest_sec = 0;

	cJSON_ArrayForEach (detail, json_get(error, "details")) {
		const cJSON *metadata = json_get(detail, "metadata");

		longest_sec = fmax(longest_sec, duration_sec(json_str(detail, "retryDelay")));
		longest_sec =
			fmax(longest_sec, duration_sec(json_str(metadata, "quotaResetDelay")));
	}
	return longest_sec;
}

/* What a sentence such as "Please retry in 36.43s." asks for; 0: nothing. */
static double sentence_sec(const char *message)
{
	static const char *const phrases[] = {"retry in ", "try again in "};
	double sec = 0;

	for (size_t i = 0; message && i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		const char *found = strstr(message, phrases[i]);

		if (found)
			sec = fmax(sec, duration_sec(found + strlen(phrases[i])));
	}
	return sec;
}

static double retry_sec(const struct http_result *result, const cJSON *error)
{
	double sec = details_sec(error);

	if (!(sec > 0))
		sec = sentence_sec(json_str(error, message_name(error)));
	if (!(sec > 0))
		sec = result->retry_after_sec;
	return sec > 0 ? fmin(sec, RETRY_MAX_SEC) : NAN;
}

/* ---- the answer ---- */

static void meet(const struct llm_dialect *dialect, enum fate fate,
		 const struct http_result *result, const cJSON *error, struct llm_answer *ret)
{
	switch (fate) {
	case WAIT:
		ret->retry_sec = retry_sec(result, error);
		return;
	case WAIT_DAY: /* what the reply says of waiting is then about another limit */
		ret->day_spent = true;
		return;
	case NO_MODEL:
		ret->model_gone = dialect->models[0] != NULL;
		ret->hopeless = !ret->model_gone;
		return;
	case GIVE_UP:
		ret->hopeless = true;
		return;
	}
}

void llm_read_error(const struct llm_dialect *dialect, const struct http_result *result,
		    const cJSON *root, struct llm_answer *ret)
{
	const cJSON *error = find_error(root);
	char message[MESSAGE_MAX] = "";
	const struct rule *rule = find_rule(result->status, error);

	json_get_text(error, message_name(error), message, sizeof(message));
	llm_fail(ret, "%s %s (%ld%s%s)", dialect->name, rule->what, result->status,
		 message[0] ? ": " : "", message);
	meet(dialect, rule->fate, result, error, ret);
}
