/* Pure. The codec of the channel "alerts". */
#include "common/message_internal.h"

#include "common/json.h"

#include <stdlib.h>
#include <string.h>

static const char *const alert_kind[] = {"latency_metrics", NULL};

static const struct field traffic_fields[] = {
	{"rps", FIELD_NUM, true, FIELD_AT(message_alert, traffic.rps), RATE},
	{"completed_rps", FIELD_NUM, false, FIELD_AT(message_alert, traffic.completed_rps), RATE},
	{"in_flight", FIELD_NUM, true, FIELD_AT(message_alert, traffic.in_flight), .max = 1e9,
	 .digits = 3},
	{"p50_ms", FIELD_NUM, false, FIELD_AT(message_alert, traffic.p50_ms), MS},
	{"p95_ms", FIELD_NUM, false, FIELD_AT(message_alert, traffic.p95_ms), MS},
	{"p99_ms", FIELD_NUM, false, FIELD_AT(message_alert, traffic.p99_ms), MS},
	{"error_rate", FIELD_NUM, false, FIELD_AT(message_alert, traffic.error_rate), SHARE},
	{"upstream_ms", FIELD_NUM, false, FIELD_AT(message_alert, traffic.upstream_ms), MS},
	{0},
};

#define REPLICA(member) FIELD_AT(message_replica_traffic, member)

static const struct field replica_fields[] = {
	{"name", FIELD_STR, false, REPLICA(name)},
	{"address", FIELD_STR, true, REPLICA(address), .min = 1},
	{"completed_rps", FIELD_NUM, false, REPLICA(completed_rps), RATE},
	{"p50_ms", FIELD_NUM, false, REPLICA(p50_ms), MS},
	{"p95_ms", FIELD_NUM, false, REPLICA(p95_ms), MS},
	{"p99_ms", FIELD_NUM, false, REPLICA(p99_ms), MS},
	{"error_rate", FIELD_NUM, false, REPLICA(error_rate), SHARE},
	{"upstream_ms", FIELD_NUM, false, REPLICA(upstream_ms), MS},
	{0},
};

static const char *const container_words[] = {"starting", "ready", "draining", "down", NULL};

#define CONTAINER(member) FIELD_AT(message_container, member)

static const struct field container_fields[] = {
	{"name", FIELD_STR, true, CONTAINER(name), .min = 1},
	{"state", FIELD_WORD, true, CONTAINER(state), .words = container_words},
	{"created_ts", FIELD_NUM, false, CONTAINER(created_ts), TIME},
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

static int decode_by_replica(const cJSON *traffic, struct message_alert *alert,
			     struct message_error *ret_error)
{
	void *items = NULL;
	int err = message_objects(traffic, "traffic.replicas", MESSAGE_TRAFFIC_MAX, replica_fields,
				  sizeof(*alert->by_replica), &items, &alert->by_replica_n,
				  ret_error);

	alert->by_replica = items;
	return err;
}

static int decode_containers(const cJSON *root, struct message_alert *alert,
			     struct message_error *ret_error)
{
	void *items = NULL;
	int err = message_objects(root, "containers", MESSAGE_CONTAINERS_MAX, container_fields,
				  sizeof(*alert->containers), &items, &alert->containers_n,
				  ret_error);

	alert->containers = items;
	return err;
}

int message_alert_decode(const char *text, size_t len, const char *default_target,
			 struct message_alert *ret, struct message_error *ret_error)
{
	struct message_alert alert = {0};
	cJSON *root;
	int err = message_parse(text, len, &root, ret_error);

	if (err)
		return err;
	message_set_target(alert.target, default_target);
	err = message_fields(alert_fields, root, NULL, &alert, ret_error);
	if (!err)
		err = decode_by_replica(json_get(root, "traffic"), &alert, ret_error);
	if (!err)
		err = decode_containers(root, &alert, ret_error);
	cJSON_Delete(root);
	if (err)
		message_alert_done(&alert);
	else
		*ret = alert;
	return err;
}

_Static_assert(MESSAGE_CONTAINERS_MAX == MESSAGE_TRAFFIC_MAX, "one bound for both");

/* With the first ${max} replicas and containers, at most. */
static char *encode(const struct message_alert *alert, size_t max)
{
	cJSON *root = cJSON_CreateObject();
	size_t replicas = alert->traffic.present ? alert->by_replica_n : 0;
	size_t containers = alert->containers_n;

	replicas = replicas < max ? replicas : max;
	containers = containers < max ? containers : max;
	fields_encode(alert_fields, alert, root);
	if (replicas > 0)
		message_add_objects(cJSON_GetObjectItemCaseSensitive(root, "traffic"), "replicas",
				    replica_fields, alert->by_replica, sizeof(*alert->by_replica),
				    replicas);
	if (containers > 0)
		message_add_objects(root, "containers", container_fields, alert->containers,
				    sizeof(*alert->containers), containers);
	return message_finish(root);
}

/* A longer message would be refused unread: the last ones give way, the least busy replicas. */
char *message_alert_encode(const struct message_alert *alert)
{
	size_t max = MESSAGE_TRAFFIC_MAX;
	char *text = encode(alert, max);

	while (max > 0 && strlen(text) > MESSAGE_BYTES_MAX) {
		free(text);
		max -= max / 8 + 1;
		text = encode(alert, max);
	}
	return text;
}

void message_alert_done(struct message_alert *alert)
{
	free(alert->by_replica);
	free(alert->containers);
	alert->by_replica = NULL;
	alert->containers = NULL;
	alert->by_replica_n = alert->containers_n = 0;
}

const char *message_container_state_name(enum message_container_state state)
{
	return container_words[state];
}
