/* Shell. Fuzz target: whatever a model says, verdict_parse gives a verdict within its ranges or
 * leaves everything as it was. */
#include "common/mem.h"
#include "planner/envelope.h"
#include "planner/verdict.h"
#include "tests/fuzz/fuzz.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>

static bool within(double value, double min, double max)
{
	return isnan(value) || (value >= min && value <= max);
}

static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static void check_verdict(const struct verdict *v)
{
	must(v->action >= ACTION_NOOP && v->action <= ACTION_SCALE_DOWN);
	must(fuzz_is_text(v->reason, sizeof(v->reason)));
	must(v->reason[strspn(v->reason, " ")] != '\0');
	must(within(v->alpha_up, ADVICE_ALPHA_MIN, ADVICE_ALPHA_MAX));
	must(within(v->beta_down, ADVICE_BETA_MIN, ADVICE_BETA_MAX));
	must(!(v->beta_down >= v->alpha_up));
}

/* With all digits, of which cJSON prints only most. */
static void add_threshold(cJSON *o, const char *name, double value)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%.17g", value);
	cJSON_AddRawToObject(o, name, isnan(value) ? "null" : digits);
}

/* What is read and written again means the same. */
static void check_again(const struct verdict *v)
{
	cJSON *o = cJSON_CreateObject();
	struct verdict again;
	char error[160];

	cJSON_AddStringToObject(o, "action", message_action_name(v->action));
	cJSON_AddStringToObject(o, "reason", v->reason);
	add_threshold(o, "alpha_up", v->alpha_up);
	add_threshold(o, "beta_down", v->beta_down);
	char *text = cJSON_PrintUnformatted(o);
	must(verdict_parse(text, strlen(text), &again, error, sizeof(error)) == 0);
	must(again.action == v->action);
	must(strcmp(again.reason, v->reason) == 0);
	must(same(again.alpha_up, v->alpha_up) && same(again.beta_down, v->beta_down));
	free(text);
	cJSON_Delete(o);
}

/* Nor does it matter what stands around an object that is whole. */
static void check_fenced(const char *text, size_t len, const struct verdict *v)
{
	static const char before[] = "```json\n", after[] = "\n``` } \"";
	char *fenced = calloc(1, sizeof(before) + len + sizeof(after));
	struct verdict again;
	char error[160];

	must(fenced != NULL);
	memcpy(fenced, before, strlen(before));
	memcpy(fenced + strlen(before), text, len);
	memcpy(fenced + strlen(before) + len, after, strlen(after));
	must(verdict_parse(fenced, strlen(before) + len + strlen(after), &again, error,
			   sizeof(error)) == 0);
	must(again.action == v->action && strcmp(again.reason, v->reason) == 0);
	free(fenced);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, false), error[160];
	struct verdict v, untouched;

	mem_init();
	memset(&v, 0xa5, sizeof(v));
	untouched = v;
	memset(error, 0xa5, sizeof(error));
	int err = verdict_parse(text, size, &v, error, sizeof(error));
	if (err) {
		must(err == -EBADMSG);
		must(memcmp(&v, &untouched, sizeof(v)) == 0);
		must(fuzz_is_text(error, sizeof(error)) && error[0] != '\0');
	} else {
		check_verdict(&v);
		check_again(&v);
		check_fenced(text, size, &v);
	}
	free(text);
	return 0;
}
