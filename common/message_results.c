/* Pure. The codec of the channel "results": three kinds of message. */
#include "common/message_internal.h"

#include "common/json.h"
#include "common/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *const upstreams_kind[] = {"upstreams", NULL};
static const char *const receipt_kind[] = {"receipt", NULL};

static const struct field outcome_fields[] = {
	{"status", FIELD_WORD, true, FIELD_AT(message_result, status),
	 .words = message_status_words},
	{"message", FIELD_TEXT, false, FIELD_AT(message_result, message)},
	{0},
};

static const struct field result_fields[] = {
	{"ts", FIELD_NUM, false, FIELD_AT(message_result, ts), TIME},
	{"id", FIELD_STR, false, FIELD_AT(message_result, id)},
	{"action", FIELD_WORD, true, FIELD_AT(message_result, action),
	 .words = message_action_words},
	{"target", FIELD_NAME, false, FIELD_AT(message_result, target)},
	{"reason", FIELD_TEXT, false, FIELD_AT(message_result, reason)},
	{"result", FIELD_OBJECT, true, .fields = outcome_fields},
	{"replicas_before", FIELD_INT, false, FIELD_AT(message_result, replicas_before), COUNT},
	{"replicas_after", FIELD_INT, false, FIELD_AT(message_result, replicas_after), COUNT},
	{"wanted", FIELD_INT, false, FIELD_AT(message_result, wanted), COUNT},
	{"lease", FIELD_INT, false, FIELD_AT(message_result, lease), .max = INT_MAX, .absent = -1},
	{"duration_ms", FIELD_NUM, false, FIELD_AT(message_result, duration_ms), MS},
	{0},
};

static const struct field upstreams_outcome_fields[] = {
	{"status", FIELD_WORD, true, FIELD_AT(message_upstreams, status),
	 .words = message_status_words},
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

#define REQUESTS .max = 1e9, .absent = -1

static const struct field receipt_fields[] = {
	{"ts", FIELD_NUM, false, FIELD_AT(message_receipt, ts), TIME},
	{"kind", FIELD_KIND, true, .words = receipt_kind},
	{"id", FIELD_STR, false, FIELD_AT(message_receipt, id)},
	{"plan", FIELD_STR, true, FIELD_AT(message_receipt, plan), .min = 1},
	{"target", FIELD_NAME, false, FIELD_AT(message_receipt, target)},
	{"action", FIELD_WORD, true, FIELD_AT(message_receipt, action),
	 .words = message_action_words},
	{"replicas_before", FIELD_INT, false, FIELD_AT(message_receipt, replicas_before), COUNT},
	{"replicas_after", FIELD_INT, false, FIELD_AT(message_receipt, replicas_after), COUNT},
	{"from_ts", FIELD_NUM, false, FIELD_AT(message_receipt, from_ts), TIME},
	{"to_ts", FIELD_NUM, false, FIELD_AT(message_receipt, to_ts), TIME},
	{"unseen_ms", FIELD_NUM, false, FIELD_AT(message_receipt, unseen_ms), MS},
	{"requests", FIELD_INT, true, FIELD_AT(message_receipt, requests), REQUESTS},
	{"failed", FIELD_INT, true, FIELD_AT(message_receipt, failed), REQUESTS},
	{"given_up", FIELD_INT, false, FIELD_AT(message_receipt, given_up), REQUESTS},
	{"longest_gap_ms", FIELD_NUM, false, FIELD_AT(message_receipt, longest_gap_ms), MS},
	{"slowest_ms", FIELD_NUM, false, FIELD_AT(message_receipt, slowest_ms), MS},
	{"lost_lines", FIELD_INT, false, FIELD_AT(message_receipt, lost_lines), REQUESTS},
	{0},
};

static int decode_servers(const cJSON *root, struct message_upstreams *up,
			  struct message_error *ret_error)
{
	void *servers = NULL;
	int err = message_objects(root, "servers", MESSAGE_SERVERS_MAX, server_fields,
				  sizeof(*up->servers), &servers, &up->servers_n, ret_error);

	up->servers = servers;
	return err;
}

static int copy_item(const cJSON *item, const char *name, char *ret, size_t size,
		     struct message_error *ret_error)
{
	if (json_item_str(item, ret, size))
		return message_refuse(ret_error,
				      "%s: must be texts of at most %zu bytes on one line", name,
				      size - 1);
	return 0;
}

/* Two arrays side by side: names, and (added later, so it may be missing) container ids. */
static int decode_drained(const cJSON *root, struct message_upstreams *up,
			  struct message_error *ret_error)
{
	const cJSON *names, *ids;
	int err = message_array(root, "drained", MESSAGE_SERVERS_MAX, &names, ret_error);

	if (!err)
		err = message_array(root, "drained_ids", MESSAGE_SERVERS_MAX, &ids, ret_error);
	if (err)
		return err;

	int n = cJSON_GetArraySize(names);
	if (ids && cJSON_GetArraySize(ids) != n)
		return message_refuse(ret_error, "drained_ids: must be as long as drained");
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

	message_set_target(up.target, default_target);
	int err = message_fields(upstreams_fields, root, NULL, &up, ret_error);
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

	message_set_target(result.target, default_target);
	int err = message_fields(result_fields, root, NULL, &result, ret_error);
	if (err)
		return err;
	*ret = result;
	return RESULTS_RESULT;
}

static int decode_receipt(const cJSON *root, const char *default_target,
			  struct message_receipt *ret, struct message_error *ret_error)
{
	struct message_receipt receipt = {0};

	message_set_target(receipt.target, default_target);
	int err = message_fields(receipt_fields, root, NULL, &receipt, ret_error);
	if (err)
		return err;
	if (ret)
		*ret = receipt;
	return RESULTS_RECEIPT;
}

int message_results_decode(const char *text, size_t len, const char *default_target,
			   struct message_result *ret_result,
			   struct message_upstreams *ret_upstreams,
			   struct message_receipt *ret_receipt, struct message_error *ret_error)
{
	cJSON *root;
	int kind = message_parse(text, len, &root, ret_error);

	if (kind)
		return kind;
	const char *word = json_str(root, "kind");

	if (word && !strcmp(word, receipt_kind[0]))
		kind = decode_receipt(root, default_target, ret_receipt, ret_error);
	else if (json_item_present(json_get(root, "kind")))
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
	return message_finish(root);
}

char *message_receipt_encode(const struct message_receipt *receipt)
{
	cJSON *root = cJSON_CreateObject();

	fields_encode(receipt_fields, receipt, root);
	return message_finish(root);
}

char *message_upstreams_encode(const struct message_upstreams *up)
{
	cJSON *root = cJSON_CreateObject();

	fields_encode(upstreams_fields, up, root);
	message_add_objects(root, "servers", server_fields, up->servers, sizeof(*up->servers),
			    up->servers_n);

	cJSON *drained = cJSON_AddArrayToObject(root, "drained");
	cJSON *ids = cJSON_AddArrayToObject(root, "drained_ids");
	for (size_t i = 0; i < up->drained_n; i++) {
		cJSON_AddItemToArray(drained, cJSON_CreateString(up->drained[i].name));
		cJSON_AddItemToArray(ids, cJSON_CreateString(up->drained[i].id));
	}
	return message_finish(root);
}

void message_upstreams_done(struct message_upstreams *up)
{
	free(up->servers);
	free(up->drained);
	up->servers = up->drained = NULL;
	up->servers_n = up->drained_n = 0;
}
