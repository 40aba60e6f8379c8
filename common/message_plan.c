/* Pure. The codec of the channel "actions". */
#include "common/message_internal.h"

#include "common/json.h"
#include "common/mem.h"

#include <stdlib.h>
#include <string.h>

enum { RAW_MAX = 200 }; /* bytes of a message that could not be planned on, in the error about it */

static const char *const plan_kind[] = {"plan", NULL};

static const struct field decision_fields[] = {
	{"action", FIELD_WORD, true, FIELD_AT(message_plan, action), .words = message_action_words},
	{"target", FIELD_NAME, false, FIELD_AT(message_plan, target)},
	{"reason", FIELD_TEXT, false, FIELD_AT(message_plan, reason)},
	{"replicas", FIELD_INT, false, FIELD_AT(message_plan, replicas), COUNT},
	{0},
};

static const struct field telemetry_fields[] = {
	{"p95_ms", FIELD_NUM, false, FIELD_AT(message_plan, p95_ms), MS},
	{"baseline_ms", FIELD_NUM, false, FIELD_AT(message_plan, baseline_ms), MS},
	{"sigma_ms", FIELD_NUM, false, FIELD_AT(message_plan, sigma_ms), MS},
	{"replicas", FIELD_INT, false, FIELD_AT(message_plan, telemetry_replicas), COUNT},
	{"window_sec", FIELD_NUM, false, FIELD_AT(message_plan, window_sec), SPAN},
	{"alert", FIELD_STR, false, FIELD_AT(message_plan, alert)},
	{"heard_ts", FIELD_NUM, false, FIELD_AT(message_plan, heard_ts), TIME},
	{0},
};

/* "container" comes first: it is the target where the decision names none. */
static const struct field plan_fields[] = {
	{"ts", FIELD_NUM, false, FIELD_AT(message_plan, ts), TIME},
	{"kind", FIELD_KIND, true, .words = plan_kind},
	{"id", FIELD_STR, false, FIELD_AT(message_plan, id)},
	{"container", FIELD_NAME, false, FIELD_AT(message_plan, target)},
	{"decision", FIELD_OBJECT, true, .fields = decision_fields},
	{"telemetry", FIELD_OBJECT, false, .fields = telemetry_fields},
	{0},
};

static int decode_low_windows(const cJSON *telemetry, struct message_plan *plan,
			      struct message_error *ret_error)
{
	const cJSON *flags, *flag;
	int err = message_array(telemetry, "telemetry.low_windows", MESSAGE_LOW_MAX, &flags,
				ret_error);

	if (err)
		return err;
	plan->low_windows_n = 0;
	cJSON_ArrayForEach (flag, flags) {
		if (!cJSON_IsBool(flag))
			return message_refuse(ret_error,
					      "telemetry.low_windows: must be true and false only");
		plan->low_windows[plan->low_windows_n++] = cJSON_IsTrue(flag);
	}
	return 0;
}

/* Detach the object ${name} from ${root}, cleaned; NULL where it is missing. */
static int take_object(cJSON *root, const char *name, cJSON **ret, struct message_error *ret_error)
{
	cJSON *item = cJSON_GetObjectItemCaseSensitive(root, name);

	if (!json_item_present(item))
		return 0;
	if (!cJSON_IsObject(item))
		return message_refuse(ret_error, "%s: must be an object", name);
	*ret = cJSON_DetachItemViaPointer(root, item);
	json_clean(*ret);
	return 0;
}

static int decode_plan(cJSON *root, struct message_plan *plan, struct message_error *ret_error)
{
	const char *kind = json_str(root, "kind");

	if (kind && strcmp(kind, plan_kind[0]) != 0) {
		snprintf(ret_error->text, sizeof(ret_error->text), "kind: not a plan");
		return -ENOMSG;
	}

	int err = message_fields(plan_fields, root, NULL, plan, ret_error);
	if (!err)
		err = decode_low_windows(json_get(root, "telemetry"), plan, ret_error);
	if (!err)
		err = take_object(root, "explain", &plan->explain, ret_error);
	if (!err)
		err = take_object(root, "advisor", &plan->advisor, ret_error);
	return err;
}

int message_plan_decode(const char *text, size_t len, const char *default_target,
			struct message_plan *ret, struct message_error *ret_error)
{
	struct message_plan plan = {0};
	cJSON *root;
	int err = message_parse(text, len, &root, ret_error);

	if (err)
		return err;
	message_set_target(plan.target, default_target);
	err = decode_plan(root, &plan, ret_error);
	cJSON_Delete(root);
	if (err)
		message_plan_done(&plan);
	else
		*ret = plan;
	return err;
}

static void add_low_windows(cJSON *root, const struct message_plan *plan)
{
	cJSON *telemetry = cJSON_GetObjectItemCaseSensitive(root, "telemetry");

	if (!telemetry)
		telemetry = cJSON_AddObjectToObject(root, "telemetry");
	cJSON *flags = cJSON_AddArrayToObject(telemetry, "low_windows");
	for (int i = 0; i < plan->low_windows_n; i++)
		cJSON_AddItemToArray(flags, cJSON_CreateBool(plan->low_windows[i]));
}

char *message_plan_encode(const struct message_plan *plan)
{
	cJSON *root = cJSON_CreateObject();

	fields_encode(plan_fields, plan, root);
	add_low_windows(root, plan);
	if (plan->explain)
		cJSON_AddItemReferenceToObject(root, "explain", plan->explain);
	if (plan->advisor)
		cJSON_AddItemReferenceToObject(root, "advisor", plan->advisor);
	return message_finish(root);
}

void message_plan_done(struct message_plan *plan)
{
	cJSON_Delete(plan->explain);
	cJSON_Delete(plan->advisor);
	plan->explain = plan->advisor = NULL;
}

char *message_plan_error_encode(const char *id, double ts, const char *error, const char *raw,
				size_t raw_len)
{
	char *head = xstrndup(raw, raw_len < RAW_MAX ? raw_len : RAW_MAX);
	cJSON *root = cJSON_CreateObject();

	json_add_round(root, "ts", ts, 3);
	cJSON_AddStringToObject(root, "kind", "error");
	if (id[0])
		json_add_text(root, "id", id);
	json_add_text(root, "error", error);
	json_add_text(root, "raw", head);
	free(head);
	return message_finish(root);
}
