/* Pure. The wire contract as C structures: the tables of fields, and what a table cannot say
 * (arrays, "explain", which of two kinds a message is). */
#include "common/message.h"

#include "common/fields.h"
#include "common/json.h"
#include "common/mem.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAW_MAX = 200 }; /* bytes of a message that could not be planned on, in the error about it */

#define MS    .max = 1e9, .absent = NAN, .digits = 3
#define COUNT .max = MESSAGE_COUNT_MAX, .absent = -1
#define TIME  .max = 1e11, .absent = NAN, .digits = 3 /* seconds since 1970 */
#define SPAN  .min = 0.001, .max = 1e6, .absent = NAN, .digits = 3

static const char *const alert_kind[] = {"latency_metrics", NULL};
static const char *const plan_kind[] = {"plan", NULL};
static const char *const upstreams_kind[] = {"upstreams", NULL};
static const char *const action_words[] = {"noop", "restart", "scale_up", "scale_down", NULL};
static const char *const status_words[] = {"ok", "noop", "skipped", "error", NULL};

static const struct field traffic_fields[] = {
	{"rps", FIELD_NUM, true, FIELD_AT(message_alert, traffic.rps), .max = 1e9, .digits = 3},
	{"in_flight", FIELD_NUM, true, FIELD_AT(message_alert, traffic.in_flight), .max = 1e9,
	 .digits = 3},
	{"p95_ms", FIELD_NUM, false, FIELD_AT(message_alert, traffic.p95_ms), MS},
	{"error_rate", FIELD_NUM, true, FIELD_AT(message_alert, traffic.error_rate), .max = 1,
	 .digits = 6},
	{0},
};

static const struct field alert_fields[] = {
	{"kind", FIELD_KIND, true, .words = alert_kind},
	{"id", FIELD_STR, false, FIELD_AT(message_alert, id)},
	{"target", FIELD_NAME, false, FIELD_AT(message_alert, target)},
	{"endpoint", FIELD_STR, false, FIELD_AT(message_alert, endpoint)},
	{"window_sec", FIELD_NUM, false, FIELD_AT(message_alert, window_sec), SPAN},
	{"requests", FIELD_INT, false, FIELD_AT(message_alert, requests), .max = 1e9},
	{"success_rate", FIELD_NUM, false, FIELD_AT(message_alert, success_rate), .max = 1,
	 .absent = 1, .digits = 6},
	{"avg_ms", FIELD_NUM, false, FIELD_AT(message_alert, avg_ms), MS},
	{"p50_ms", FIELD_NUM, false, FIELD_AT(message_alert, p50_ms), MS},
	{"p95_ms", FIELD_NUM, true, FIELD_AT(message_alert, p95_ms), MS},
	{"p99_ms", FIELD_NUM, false, FIELD_AT(message_alert, p99_ms), MS},
	{"replicas", FIELD_INT, false, FIELD_AT(message_alert, replicas), .max = MESSAGE_COUNT_MAX,
	 .absent = 1},
	{"ready", FIELD_INT, false, FIELD_AT(message_alert, ready), COUNT},
	{"ts", FIELD_NUM, false, FIELD_AT(message_alert, ts), TIME},
	{"traffic", FIELD_OBJECT, false, FIELD_AT(message_alert, traffic.present),
	 .fields = traffic_fields},
	{0},
};

static const struct field decision_fields[] = {
	{"action", FIELD_WORD, true, FIELD_AT(message_plan, action), .words = action_words},
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

static const struct field outcome_fields[] = {
	{"status", FIELD_WORD, true, FIELD_AT(message_result, status), .words = status_words},
	{"message", FIELD_TEXT, false, FIELD_AT(message_result, message)},
	{0},
};

static const struct field result_fields[] = {
	{"ts", FIELD_NUM, false, FIELD_AT(message_result, ts), TIME},
	{"id", FIELD_STR, false, FIELD_AT(message_result, id)},
	{"action", FIELD_WORD, true, FIELD_AT(message_result, action), .words = action_words},
	{"target", FIELD_NAME, false, FIELD_AT(message_result, target)},
	{"reason", FIELD_TEXT, false, FIELD_AT(message_result, reason)},
	{"result", FIELD_OBJECT, true, .fields = outcome_fields},
	{"replicas_before", FIELD_INT, false, FIELD_AT(message_result, replicas_before), COUNT},
	{"replicas_after", FIELD_INT, false, FIELD_AT(message_result, replicas_after), COUNT},
	{"wanted", FIELD_INT, false, FIELD_AT(message_result, wanted), COUNT},
	{"duration_ms", FIELD_NUM, false, FIELD_AT(message_result, duration_ms), MS},
	{0},
};

static const struct field upstreams_outcome_fields[] = {
	{"status", FIELD_WORD, true, FIELD_AT(message_upstreams, status), .words = status_words},
	{"message", FIELD_TEXT, false, FIELD_AT(message_upstreams, message)},
	{0},
};

static const struct field upstreams_fields[] = {
	{"ts", FIELD_NUM, false, FIELD_AT(message_upstreams, ts), TIME},
	{"kind", FIELD_KIND, true, .words = upstreams_kind},
	{"id", FIELD_STR, false, FIELD_AT(message_upstreams, id)},
	{"target", FIELD_NAME, false, FIELD_AT(message_upstreams, target)},
	{"generation", FIELD_INT, true, FIELD_AT(message_upstreams, generation), .max = INT_MAX},
	{"result", FIELD_OBJECT, true, .fields = upstreams_outcome_fields},
	{0},
};

static const struct field server_fields[] = {
	{"name", FIELD_STR, true, FIELD_AT(message_server, name), .min = 1},
	{"address", FIELD_STR, true, FIELD_AT(message_server, address), .min = 1},
	{"id", FIELD_STR, false, FIELD_AT(message_server, id)},
	{0},
};

/* Say why a message is refused; -EBADMSG. */
#define refuse(ret_error, ...)                                                                     \
	(snprintf((ret_error)->text, sizeof((ret_error)->text), __VA_ARGS__), -EBADMSG)

static int parse(const char *text, size_t len, cJSON **ret_root, struct message_error *ret_error)
{
	cJSON *root;

	if (len > MESSAGE_BYTES_MAX)
		return refuse(ret_error, "message: longer than %d bytes", MESSAGE_BYTES_MAX);
	if (json_parse(text, len, &root))
		return refuse(ret_error, "message: not JSON");
	if (!cJSON_IsObject(root)) {
		cJSON_Delete(root);
		return refuse(ret_error, "message: not an object");
	}
	*ret_root = root;
	return 0;
}

static int decode(const struct field *fields, const cJSON *o, const char *parent, void *base,
		  struct message_error *ret_error)
{
	return fields_decode(fields, o, parent, base, ret_error->text, sizeof(ret_error->text));
}

/* The text of the object ${root}, which is freed. */
static char *finish(cJSON *root)
{
	char *text = json_print(root);

	cJSON_Delete(root);
	return text;
}

/* The array ${name} of ${o}, empty (NULL) where it is missing; at most ${max} long. */
static int get_array(const cJSON *o, const char *name, int max, const cJSON **ret,
		     struct message_error *ret_error)
{
	const cJSON *array = json_get(o, name);

	if (!json_item_present(array))
		array = NULL;
	if (array && (!cJSON_IsArray(array) || cJSON_GetArraySize(array) > max))
		return refuse(ret_error, "%s: must be an array of at most %d", name, max);
	*ret = array;
	return 0;
}

static void set_target(char *target, const char *default_target)
{
	snprintf(target, REPLICA_NAME_MAX, "%s", default_target);
}

int message_alert_decode(const char *text, size_t len, const char *default_target,
			 struct message_alert *ret, struct message_error *ret_error)
{
	struct message_alert alert = {0};
	cJSON *root;
	int err = parse(text, len, &root, ret_error);

	if (err)
		return err;
	set_target(alert.target, default_target);
	err = decode(alert_fields, root, NULL, &alert, ret_error);
	if (!err)
		*ret = alert;
	cJSON_Delete(root);
	return err;
}

char *message_alert_encode(const struct message_alert *alert)
{
	cJSON *root = cJSON_CreateObject();

	fields_encode(alert_fields, alert, root);
	return finish(root);
}

static int decode_low_windows(const cJSON *telemetry, struct message_plan *plan,
			      struct message_error *ret_error)
{
	const cJSON *flags, *flag;
	int err = get_array(telemetry, "low_windows", MESSAGE_LOW_MAX, &flags, ret_error);

	if (err)
		return err;
	plan->low_windows_n = 0;
	cJSON_ArrayForEach (flag, flags) {
		if (!cJSON_IsBool(flag))
			return refuse(ret_error, "low_windows: must be true and false only");
		plan->low_windows[plan->low_windows_n++] = cJSON_IsTrue(flag);
	}
	return 0;
}

static int decode_plan(cJSON *root, struct message_plan *plan, struct message_error *ret_error)
{
	const char *kind = json_str(root, "kind");

	if (kind && strcmp(kind, plan_kind[0]) != 0) {
		snprintf(ret_error->text, sizeof(ret_error->text), "kind: not a plan");
		return -ENOMSG;
	}

	int err = decode(plan_fields, root, NULL, plan, ret_error);
	if (!err)
		err = decode_low_windows(json_get(root, "telemetry"), plan, ret_error);
	if (err)
		return err;

	const cJSON *explain = json_get(root, "explain");
	if (json_item_present(explain) && !cJSON_IsObject(explain))
		return refuse(ret_error, "explain: must be an object");
	plan->explain = cJSON_IsObject(explain)
				? cJSON_DetachItemFromObjectCaseSensitive(root, "explain")
				: NULL;
	return 0;
}

int message_plan_decode(const char *text, size_t len, const char *default_target,
			struct message_plan *ret, struct message_error *ret_error)
{
	struct message_plan plan = {0};
	cJSON *root;
	int err = parse(text, len, &root, ret_error);

	if (err)
		return err;
	set_target(plan.target, default_target);
	err = decode_plan(root, &plan, ret_error);
	if (!err)
		*ret = plan;
	cJSON_Delete(root);
	return err;
}

char *message_plan_encode(const struct message_plan *plan)
{
	cJSON *root = cJSON_CreateObject();

	fields_encode(plan_fields, plan, root);

	cJSON *telemetry = cJSON_GetObjectItemCaseSensitive(root, "telemetry");
	cJSON *flags = cJSON_AddArrayToObject(telemetry, "low_windows");
	for (int i = 0; i < plan->low_windows_n; i++)
		cJSON_AddItemToArray(flags, cJSON_CreateBool(plan->low_windows[i]));
	if (plan->explain)
		cJSON_AddItemReferenceToObject(root, "explain", plan->explain);
	return finish(root);
}

void message_plan_done(struct message_plan *plan)
{
	cJSON_Delete(plan->explain);
	plan->explain = NULL;
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
	return finish(root);
}

static int decode_servers(const cJSON *root, struct message_upstreams *up,
			  struct message_error *ret_error)
{
	const cJSON *array, *item;
	int err = get_array(root, "servers", MESSAGE_SERVERS_MAX, &array, ret_error);

	if (err)
		return err;
	up->servers = xcalloc((size_t)cJSON_GetArraySize(array), sizeof(*up->servers));
	cJSON_ArrayForEach (item, array) {
		if (!cJSON_IsObject(item))
			return refuse(ret_error, "servers: must be objects only");
		err = decode(server_fields, item, "servers", &up->servers[up->servers_n++],
			     ret_error);
		if (err)
			return err;
	}
	return 0;
}

static int copy_item(const cJSON *item, const char *name, char *ret, size_t size,
		     struct message_error *ret_error)
{
	if (json_item_str(item, ret, size))
		return refuse(ret_error, "%s: must be texts of at most %zu bytes on one line", name,
			      size - 1);
	return 0;
}

/* Two arrays side by side: names, and (added later, so it may be missing) container ids. */
static int decode_drained(const cJSON *root, struct message_upstreams *up,
			  struct message_error *ret_error)
{
	const cJSON *names, *ids;
	int err = get_array(root, "drained", MESSAGE_SERVERS_MAX, &names, ret_error);

	if (!err)
		err = get_array(root, "drained_ids", MESSAGE_SERVERS_MAX, &ids, ret_error);
	if (err)
		return err;

	int n = cJSON_GetArraySize(names);
	if (ids && cJSON_GetArraySize(ids) != n)
		return refuse(ret_error, "drained_ids: must be as long as drained");
	up->drained = xcalloc((size_t)n, sizeof(*up->drained));

	const cJSON *name;
	const cJSON *id = ids ? ids->child : NULL;
	cJSON_ArrayForEach (name, names) {
		struct message_server *server = &up->drained[up->drained_n++];

		err = copy_item(name, "drained", server->name, sizeof(server->name), ret_error);
		if (err)
			return err;
		if (!id)
			continue;
		err = copy_item(id, "drained_ids", server->id, sizeof(server->id), ret_error);
		if (err)
			return err;
		id = id->next;
	}
	return 0;
}

static int decode_upstreams(const cJSON *root, const char *default_target,
			    struct message_upstreams *ret, struct message_error *ret_error)
{
	struct message_upstreams up = {0};

	set_target(up.target, default_target);
	int err = decode(upstreams_fields, root, NULL, &up, ret_error);
	if (!err)
		err = decode_servers(root, &up, ret_error);
	if (!err)
		err = decode_drained(root, &up, ret_error);
	if (err) {
		message_upstreams_done(&up);
		return err;
	}
	*ret = up;
	return RESULTS_UPSTREAMS;
}

static int decode_result(const cJSON *root, const char *default_target, struct message_result *ret,
			 struct message_error *ret_error)
{
	struct message_result result = {0};

	set_target(result.target, default_target);
	int err = decode(result_fields, root, NULL, &result, ret_error);
	if (err)
		return err;
	*ret = result;
	return RESULTS_RESULT;
}

int message_results_decode(const char *text, size_t len, const char *default_target,
			   struct message_result *ret_result,
			   struct message_upstreams *ret_upstreams, struct message_error *ret_error)
{
	cJSON *root;
	int kind = parse(text, len, &root, ret_error);

	if (kind)
		return kind;
	if (json_item_present(json_get(root, "kind")))
		kind = decode_upstreams(root, default_target, ret_upstreams, ret_error);
	else
		kind = decode_result(root, default_target, ret_result, ret_error);
	cJSON_Delete(root);
	return kind;
}

char *message_result_encode(const struct message_result *result)
{
	cJSON *root = cJSON_CreateObject();

	fields_encode(result_fields, result, root);
	return finish(root);
}

char *message_upstreams_encode(const struct message_upstreams *up)
{
	cJSON *root = cJSON_CreateObject();

	fields_encode(upstreams_fields, up, root);

	cJSON *servers = cJSON_AddArrayToObject(root, "servers");
	for (size_t i = 0; i < up->servers_n; i++) {
		cJSON *server = cJSON_CreateObject();

		fields_encode(server_fields, &up->servers[i], server);
		cJSON_AddItemToArray(servers, server);
	}

	cJSON *drained = cJSON_AddArrayToObject(root, "drained");
	cJSON *ids = cJSON_AddArrayToObject(root, "drained_ids");
	for (size_t i = 0; i < up->drained_n; i++) {
		cJSON_AddItemToArray(drained, cJSON_CreateString(up->drained[i].name));
		cJSON_AddItemToArray(ids, cJSON_CreateString(up->drained[i].id));
	}
	return finish(root);
}

void message_upstreams_done(struct message_upstreams *up)
{
	free(up->servers);
	free(up->drained);
	up->servers = up->drained = NULL;
	up->servers_n = up->drained_n = 0;
}

const char *message_action_name(enum message_action action)
{
	return action_words[action];
}

const char *message_status_name(enum message_status status)
{
	return status_words[status];
}
