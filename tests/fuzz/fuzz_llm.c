/* Shell. Fuzz target: whatever body a server sends, with whatever status, both dialects make an
 * answer of it that is safe to act on and to print. */
#include "common/mem.h"
#include "planner/envelope.h"
#include "planner/llm.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

static const char key[] = "AQ.fuzz-key"; /* bodies of the corpus repeat it */
static const long statuses[] = {200, 204, 302, 400, 403, 404, 429, 503};

static void check_text(const char *text, size_t size)
{
	must(fuzz_is_text(text, size));
	must(strstr(text, key) == NULL);
}

static void check_failure(const struct llm_answer *a, long status)
{
	must(!(a->retry_sec <= 0) && !(a->retry_sec > 86400));
	must(a->day_spent + a->model_gone + a->hopeless <= 1);
	must(!a->day_spent || status == 429);
	must(!a->model_gone || status == 404);
	must(!a->hopeless || (status >= 300 && status < 500));
}

static void check_verdict(const struct llm_answer *a)
{
	const struct verdict *v = &a->verdict;

	must(v->action >= ACTION_NOOP && v->action <= ACTION_SCALE_DOWN);
	must(v->reason[0] != '\0');
	must(isnan(v->alpha_up) ||
	     (v->alpha_up >= ADVICE_ALPHA_MIN && v->alpha_up <= ADVICE_ALPHA_MAX));
	must(isnan(v->beta_down) ||
	     (v->beta_down >= ADVICE_BETA_MIN && v->beta_down <= ADVICE_BETA_MAX));
}

static void check_answer(const struct llm_answer *a, long status)
{
	check_text(a->cause, sizeof(a->cause));
	check_text(a->model, sizeof(a->model));
	check_text(a->verdict.reason, sizeof(a->verdict.reason));
	must(a->tokens_in >= -1 && a->tokens_out >= -1);
	must((a->outcome == OUTCOME_VERDICT) == (a->cause[0] == '\0'));
	must(status == 200 || a->outcome == OUTCOME_FAILED);
	if (a->outcome == OUTCOME_VERDICT)
		check_verdict(a);
	if (a->outcome == OUTCOME_FAILED)
		check_failure(a, status);
	else
		must(isnan(a->retry_sec) && !a->day_spent && !a->model_gone && !a->hopeless);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *body = fuzz_copy(data, size, true);
	struct http_result result = {
		.error = "", .body = body, .body_len = size, .retry_after_sec = NAN};

	mem_init();
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		for (int provider = LLM_GEMINI; provider <= LLM_OPENAI; provider++) {
			struct llm_answer answer;

			memset(&answer, 0xa5, sizeof(answer));
			result.status = statuses[i];
			llm_read((enum llm_provider)provider, &result, key, &answer);
			check_answer(&answer, result.status);
		}
	}
	free(body);
	return 0;
}
