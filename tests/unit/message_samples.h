/* Shell. One full sample of each message, decoders that print again what they understood, and ways
 * to spoil a sample; for the unit tests of common/message. */
#ifndef TESTS_UNIT_MESSAGE_SAMPLES_H
#define TESTS_UNIT_MESSAGE_SAMPLES_H

#include "common/message.h"

#include "common/json.h"
#include "common/mem.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

static inline int setup(void **state)
{
	(void)state;
	mem_init();
	return 0;
}

static const char full_alert[] =
	"{\"kind\":\"latency_metrics\",\"id\":\"a1\",\"target\":\"app\",\"endpoint\":\"http://lb/"
	"\","
	"\"window_sec\":4,\"requests\":20,\"success_rate\":0.95,\"avg_ms\":123.5,\"p50_ms\":123.1,"
	"\"p95_ms\":124.2,\"p99_ms\":124.3,\"replicas\":2,\"ready\":1,\"ts\":1795458155.613,"
	"\"traffic\":{\"rps\":148.2,\"completed_rps\":147.5,\"in_flight\":9,\"p50_ms\":121,"
	"\"p95_ms\":131,\"p99_ms\":140.5,\"error_rate\":0.002,\"upstream_ms\":122.25,\"replicas\":["
	"{\"name\":\"app\",\"address\":\"10.0.0.2:8080\",\"completed_rps\":80,\"p50_ms\":120,"
	"\"p95_ms\":130,\"p99_ms\":139.5,\"error_rate\":0.001,\"upstream_ms\":119.75},"
	"{\"address\":\"10.0.0.3:8080\"}]},"
	"\"containers\":[{\"name\":\"app\",\"state\":\"ready\",\"created_ts\":1795450000},"
	"{\"name\":\"app-dup-1\",\"state\":\"starting\"}]}";

static const char full_plan[] =
	"{\"ts\":1795458156.001,\"kind\":\"plan\",\"id\":\"a1\",\"container\":\"app\","
	"\"decision\":{\"action\":\"scale_up\",\"target\":\"app\",\"reason\":\"8.3x baseline\","
	"\"replicas\":4},"
	"\"telemetry\":{\"p95_ms\":990.5,\"baseline_ms\":119.3,\"sigma_ms\":2.25,\"replicas\":2,"
	"\"window_sec\":3,\"alert\":\"a1\",\"heard_ts\":1795458155.618,"
	"\"low_windows\":[true,false,true]},"
	"\"explain\":{\"ratio\":8.3},\"advisor\":{\"followed\":true}}";

static const char full_result[] =
	"{\"ts\":1795458157.5,\"id\":\"a1\",\"action\":\"scale_up\",\"target\":\"app\","
	"\"reason\":\"8.3x baseline\","
	"\"result\":{\"status\":\"ok\",\"message\":\"started app-dup-3\"},"
	"\"replicas_before\":2,\"replicas_after\":4,\"wanted\":4,\"lease\":7,"
	"\"duration_ms\":412.5}";

static const char full_upstreams[] =
	"{\"ts\":1795458158,\"kind\":\"upstreams\",\"id\":\"w1\",\"target\":\"app\","
	"\"generation\":17,\"result\":{\"status\":\"ok\",\"message\":\"reloaded\"},"
	"\"servers\":[{\"name\":\"app\",\"address\":\"10.0.0.2:8080\",\"id\":\"c1\"},"
	"{\"name\":\"app-dup-1\",\"address\":\"10.0.0.3:8080\"}],"
	"\"drained\":[\"app-dup-3\",\"app-dup-4\"],\"drained_ids\":[\"c3\",\"\"]}";

static const char full_receipt[] =
	"{\"ts\":1795458161,\"kind\":\"receipt\",\"id\":\"r1\",\"plan\":\"a1\",\"target\":\"app\","
	"\"action\":\"scale_up\",\"replicas_before\":2,\"replicas_after\":4,"
	"\"from_ts\":1795458157.1,\"to_ts\":1795458160.7,\"unseen_ms\":200,\"requests\":152,"
	"\"failed\":2,\"given_up\":1,\"longest_gap_ms\":41.5,\"slowest_ms\":1204,"
	"\"lost_lines\":0}";

static const char full_advice[] =
	"{\"ts\":1795458159.25,\"kind\":\"advice\",\"id\":\"v1\",\"target\":\"app\","
	"\"asked_ts\":1795458155.613,\"state\":\"high/2\",\"mode\":\"shadow\","
	"\"provider\":\"gemini\",\"model\":\"some-model-1\",\"outcome\":\"verdict\","
	"\"heuristic\":{\"action\":\"restart\",\"replicas\":2},\"latency_ms\":812.5,"
	"\"tokens\":{\"in\":640,\"out\":85},\"cost_usd\":0.0001985,\"retry_ts\":1795458200,"
	"\"decision\":{\"action\":\"scale_up\",\"reason\":\"rising\",\"alpha_up\":1.6,"
	"\"beta_down\":0.8}}";

static const char full_abstention[] =
	"{\"ts\":1795458159.25,\"kind\":\"advice\",\"id\":\"v2\",\"target\":\"app\","
	"\"asked_ts\":1795458155.613,\"state\":\"high/2\",\"mode\":\"advise\","
	"\"provider\":\"openai\",\"model\":\"some-model-1\",\"outcome\":\"abstained\","
	"\"heuristic\":{\"action\":\"noop\",\"replicas\":2},\"latency_ms\":812.5,"
	"\"cause\":\"MAX_TOKENS without parts\"}";

static const char full_judged[] =
	"{\"ts\":1795458240,\"kind\":\"judgement\",\"id\":\"j1\",\"target\":\"app\","
	"\"advice\":\"v1\",\"judgement\":\"harmful\",\"windows\":20,\"slo_windows\":3,"
	"\"replica_sec\":-80.5,\"reason\":\"fewer replicas, and slow\"}";

static const char full_heartbeat[] =
	"{\"ts\":1795458241.5,\"kind\":\"heartbeat\",\"id\":\"h1\",\"daemon\":\"planner\","
	"\"target\":\"app\",\"version\":\"0.1.0\",\"uptime_sec\":12.3,\"every_sec\":2,"
	"\"status\":\"degraded\","
	"\"advisor\":{\"mode\":\"shadow\",\"provider\":\"gemini\",\"model\":\"some-model-1\","
	"\"asked_today\":3,\"day_budget\":1000,\"minute_left\":4.2,\"retry_ts\":1795458300,"
	"\"hopeless\":true,\"failures\":2},"
	"\"dependencies\":[{\"name\":\"redis\",\"up\":true,\"since_ts\":1795458229.2,"
	"\"detail\":\"\"},{\"name\":\"docker\",\"up\":false,\"detail\":\"no answer\"}]}";

typedef int recoder(const char *text, size_t len, char **ret_text, struct message_error *ret_error);

static inline int recode_alert(const char *text, size_t len, char **ret_text,
			       struct message_error *ret_error)
{
	struct message_alert alert;
	int err = message_alert_decode(text, len, "fallback", &alert, ret_error);

	if (err)
		return err;
	*ret_text = message_alert_encode(&alert);
	message_alert_done(&alert);
	return 0;
}

static inline int recode_plan(const char *text, size_t len, char **ret_text,
			      struct message_error *ret_error)
{
	struct message_plan plan;
	int err = message_plan_decode(text, len, "fallback", &plan, ret_error);

	if (err)
		return err;
	*ret_text = message_plan_encode(&plan);
	message_plan_done(&plan);
	return 0;
}

static inline int recode_results(const char *text, size_t len, char **ret_text,
				 struct message_error *ret_error)
{
	struct message_result result;
	struct message_upstreams up;
	struct message_receipt receipt;
	int kind = message_results_decode(text, len, "fallback", &result, &up, &receipt, ret_error);

	if (kind == RESULTS_RESULT)
		*ret_text = message_result_encode(&result);
	if (kind == RESULTS_RECEIPT)
		*ret_text = message_receipt_encode(&receipt);
	if (kind == RESULTS_UPSTREAMS) {
		*ret_text = message_upstreams_encode(&up);
		message_upstreams_done(&up);
	}
	return kind < 0 ? kind : 0;
}

static inline int recode_advice(const char *text, size_t len, char **ret_text,
				struct message_error *ret_error)
{
	struct message_advice advice;
	struct message_judged judged;
	int kind = message_advice_decode(text, len, "fallback", &advice, &judged, ret_error);

	if (kind == ADVICE_ADVICE)
		*ret_text = message_advice_encode(&advice);
	if (kind == ADVICE_JUDGED)
		*ret_text = message_judged_encode(&judged);
	return kind < 0 ? kind : 0;
}

static inline int recode_heartbeat(const char *text, size_t len, char **ret_text,
				   struct message_error *ret_error)
{
	struct message_heartbeat beat;
	int err = message_heartbeat_decode(text, len, "fallback", &beat, ret_error);

	if (err)
		return err;
	*ret_text = message_heartbeat_encode(&beat);
	message_heartbeat_done(&beat);
	return 0;
}

/* The tests of malformed fields go by these places. */
enum { ALERT, PLAN, RESULT, UPSTREAMS, RECEIPT, ADVICE, ABSTENTION, JUDGED, HEARTBEAT };

static const struct {
	const char *text;
	recoder *recode;
} full[] = {
	[ALERT] = {full_alert, recode_alert},
	[PLAN] = {full_plan, recode_plan},
	[RESULT] = {full_result, recode_results},
	[UPSTREAMS] = {full_upstreams, recode_results},
	[RECEIPT] = {full_receipt, recode_results},
	[ADVICE] = {full_advice, recode_advice},
	[ABSTENTION] = {full_abstention, recode_advice},
	[JUDGED] = {full_judged, recode_advice},
	[HEARTBEAT] = {full_heartbeat, recode_heartbeat},
};

/* The item that ${path} ("servers.1.name") names below ${root}, its parent and its own name. */
static inline void find(cJSON *root, char *path, cJSON **ret_parent, const char **ret_name)
{
	char *rest;
	char *name = strtok_r(path, ".", &rest);
	char *next;

	while ((next = strtok_r(NULL, ".", &rest))) {
		root = cJSON_IsArray(root) ? cJSON_GetArrayItem(root, atoi(name))
					   : cJSON_GetObjectItemCaseSensitive(root, name);
		assert_non_null(root);
		name = next;
	}
	*ret_parent = root;
	*ret_name = name;
}

/* ${text} with ${value} at ${path}; without it where ${value} is NULL. */
static inline char *changed(const char *text, const char *path, const char *value)
{
	char *steps = xstrdup(path);
	cJSON *root, *parent;
	const char *name;

	assert_int_equal(json_parse(text, strlen(text), &root), 0);
	find(root, steps, &parent, &name);
	if (cJSON_IsArray(parent)) {
		cJSON_ReplaceItemInArray(parent, atoi(name), cJSON_CreateRaw(value));
	} else {
		cJSON_DeleteItemFromObjectCaseSensitive(parent, name);
		if (value)
			cJSON_AddItemToObject(parent, name, cJSON_CreateRaw(value));
	}

	char *result = json_print(root);
	cJSON_Delete(root);
	free(steps);
	return result;
}

static inline void assert_refused(recoder *recode, const char *text, const char *name)
{
	struct message_error error = {""};
	char *again;

	if (recode(text, strlen(text), &again, &error) != -EBADMSG)
		fail_msg("not refused: %s", text);
	if (!strstr(error.text, name))
		fail_msg("\"%s\" does not name %s", error.text, name);
}

#endif
