/* A decision as a plan. */
#include "tests/unit/unit.h"

#include "common/json.h"
#include "planner/plan.h"
#include "tests/unit/default_policy.h"

#include <stdlib.h>
#include <string.h>

static const struct message_alert alert = {
	.id = "a1",
	.target = "web",
	.window_sec = 4,
	.p95_ms = 412.5,
	.replicas = 3,
	.ready = 2,
	.ts = 1795458155.613,
};

static const struct policy_decision scaled = {
	.action = ACTION_SCALE_UP,
	.replicas = 5,
	.reason = "148 rps arriving",
	.decided_by = "feed_forward",
	.baseline_ms = 120,
	.sigma_ms = 5,
	.low_windows = {true, false, true},
	.low_windows_n = 3,
	.heuristic = ACTION_SCALE_UP,
	.heuristic_replicas = 5,
	.facts = {{.name = "capacity_rps", .kind = FACT_ESTIMATE, .value = 66, .bound = NAN}},
	.facts_n = 1,
};

static const struct message_advice advice = {
	.id = "v1",
	.model = "gemini",
	.state = "high/3",
	.action = ACTION_NOOP,
	.reason = "wait",
};

static struct message_plan plan_of(const struct brain_decided *decided)
{
	struct policy_config config = default_policy("adaptive");
	struct message_plan plan;

	plan_make(&config, &alert, decided, &plan);
	return plan;
}

static const char *text(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(json_get(o, name));
}

static void it_says_what_was_decided_about_what(void **state)
{
	(void)state;
	const struct brain_decided decided = {.heard_ms = 1795458155618, .decision = scaled};
	struct message_plan p = plan_of(&decided);

	assert_string_equal(p.target, "web");
	assert_int_equal(p.action, ACTION_SCALE_UP);
	assert_int_equal(p.replicas, 5);
	assert_string_equal(p.reason, "148 rps arriving");
	assert_true(p.window_sec == 4 && p.p95_ms == 412.5);
	assert_true(p.baseline_ms == 120 && p.sigma_ms == 5);
	assert_int_equal(p.telemetry_replicas, 3);
	assert_string_equal(p.alert, "a1");
	assert_true(p.heard_ts == 1795458155.618);
	assert_int_equal(p.low_windows_n, 3);
	assert_true(p.low_windows[0] && !p.low_windows[1] && p.low_windows[2]);
	assert_string_equal(p.id, "");
	assert_null(p.advisor);
	message_plan_done(&p);
}

static void it_says_why(void **state)
{
	(void)state;
	const struct brain_decided decided = {
		.decision = scaled,
		.would = {{.action = ACTION_NOOP,
			   .quantity = "arrivals_rps",
			   .bound = 120,
			   .windows = 1}},
		.would_n = 1,
	};
	struct message_plan p = plan_of(&decided);

	assert_string_equal(text(p.explain, "policy"), "adaptive");
	assert_string_equal(text(p.explain, "decided_by"), "feed_forward");
	const cJSON *estimates = json_get(p.explain, "estimates");
	assert_true(cJSON_GetNumberValue(json_get(estimates, "capacity_rps")) == 66);
	assert_int_equal(cJSON_GetArraySize(json_get(p.explain, "would")), 1);
	message_plan_done(&p);
}

static void it_says_what_was_advised_and_what_without(void **state)
{
	(void)state;
	struct brain_decided decided = {.decision = scaled, .advice = &advice};
	struct message_plan p = plan_of(&decided);

	assert_string_equal(text(p.advisor, "id"), "v1");
	assert_string_equal(text(p.advisor, "mode"), "advise");
	assert_string_equal(text(p.advisor, "model"), "gemini");
	assert_string_equal(text(p.advisor, "state"), "high/3");
	assert_string_equal(text(p.advisor, "action"), "noop");
	assert_string_equal(text(p.advisor, "reason"), "wait");
	assert_true(cJSON_IsFalse(json_get(p.advisor, "followed")));
	const cJSON *heuristic = json_get(p.advisor, "heuristic");
	assert_string_equal(text(heuristic, "action"), "scale_up");
	assert_true(cJSON_GetNumberValue(json_get(heuristic, "replicas")) == 5);
	message_plan_done(&p);

	decided.shadowed = true;
	p = plan_of(&decided);
	assert_string_equal(text(p.advisor, "mode"), "shadow");
	message_plan_done(&p);
}

static void it_says_whether_advice_was_followed(void **state)
{
	(void)state;
	struct brain_decided decided = {.decision = scaled, .advice = &advice};

	decided.decision.advised = true;
	decided.decision.action = ACTION_NOOP;
	decided.decision.replicas = 3;
	struct message_plan p = plan_of(&decided);
	assert_int_equal(p.action, ACTION_NOOP);
	assert_int_equal(p.replicas, 3);
	assert_true(cJSON_IsTrue(json_get(p.advisor, "followed")));
	message_plan_done(&p);
}

static void it_says_how_advice_turned_out_once_there_was_some(void **state)
{
	(void)state;
	struct brain_decided decided = {.decision = scaled};
	struct message_plan p = plan_of(&decided);

	assert_null(json_get(p.explain, "record"));
	message_plan_done(&p);

	decided.record = (struct scorecard_totals){
		.verdicts = 6,
		.judged = {[JUDGED_AGREED] = 3, [JUDGED_HARMFUL] = 2, [JUDGED_NEUTRAL] = 1},
		.cost_usd = 0.0012345678,
		.demoted = true,
	};
	p = plan_of(&decided);
	char *record = json_print(json_get(p.explain, "record"));
	assert_string_equal(record, "{\"verdicts\":6,\"agreed\":3,\"helpful\":0,\"harmful\":2,"
				    "\"neutral\":1,\"cost_usd\":0.001235,\"demoted\":true}");
	free(record);
	message_plan_done(&p);
}

/* Whatever is decided can be said, and is understood by who hears it. */
static void it_passes_the_codec(void **state)
{
	(void)state;
	struct brain_decided decided = {.decision = scaled, .advice = &advice};
	struct message_error error;
	struct message_plan heard;

	decided.decision.baseline_ms = decided.decision.sigma_ms = NAN;
	decided.decision.facts[0].value = INFINITY;
	memset(decided.decision.reason, 'x', MESSAGE_TEXT_MAX - 1);
	struct message_plan p = plan_of(&decided);
	strcpy(p.id, "a1");
	p.ts = alert.ts;
	char *wire = message_plan_encode(&p);
	assert_int_equal(message_plan_decode(wire, strlen(wire), "app", &heard, &error), 0);
	assert_int_equal(heard.replicas, 5);
	assert_int_equal(strlen(heard.reason), MESSAGE_TEXT_MAX - 1);
	assert_true(isnan(heard.baseline_ms));
	free(wire);
	message_plan_done(&heard);
	message_plan_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_was_decided_about_what),
		cmocka_unit_test(it_says_why),
		cmocka_unit_test(it_says_what_was_advised_and_what_without),
		cmocka_unit_test(it_says_whether_advice_was_followed),
		cmocka_unit_test(it_says_how_advice_turned_out_once_there_was_some),
		cmocka_unit_test(it_passes_the_codec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
