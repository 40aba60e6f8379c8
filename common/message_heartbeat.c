/* Pure. The codec of the channel "heartbeats". */
#include "common/message_internal.h"

#include <stdlib.h>

static const char *const heartbeat_kind[] = {"heartbeat", NULL};
static const char *const status_words[] = {"ok", "degraded", NULL};

#define BEAT(member)       FIELD_AT(message_heartbeat, member)
#define DEPENDENCY(member) FIELD_AT(message_dependency, member)

#define NUMBER .max = 1e9, .absent = -1

static const struct field dependency_fields[] = {
	{"name", FIELD_STR, true, DEPENDENCY(name), .min = 1},
	{"up", FIELD_BOOL, true, DEPENDENCY(up)},
	{"since_ts", FIELD_NUM, false, DEPENDENCY(since_ts), TIME},
	{"detail", FIELD_TEXT, false, DEPENDENCY(detail)},
	{0},
};

static const struct field advisor_fields[] = {
	{"mode", FIELD_WORD, true, BEAT(advisor.mode), .words = message_mode_words},
	{"provider", FIELD_STR, false, BEAT(advisor.provider)},
	{"model", FIELD_STR, false, BEAT(advisor.model)},
	{"asked_today", FIELD_INT, false, BEAT(advisor.asked_today), NUMBER},
	{"day_budget", FIELD_INT, false, BEAT(advisor.day_budget), NUMBER},
	{"minute_left", FIELD_NUM, false, BEAT(advisor.minute_left), RATE},
	{"retry_ts", FIELD_NUM, false, BEAT(advisor.retry_ts), TIME},
	{"hopeless", FIELD_BOOL, false, BEAT(advisor.hopeless)},
	{"failures", FIELD_INT, false, BEAT(advisor.failures), NUMBER},
	{0},
};

static const struct field heartbeat_fields[] = {
	{"ts", FIELD_NUM, false, BEAT(ts), TIME},
	{"kind", FIELD_KIND, true, .words = heartbeat_kind},
	{"id", FIELD_STR, false, BEAT(id)},
	{"daemon", FIELD_STR, true, BEAT(daemon), .min = 1},
	{"target", FIELD_NAME, false, BEAT(target)},
	{"version", FIELD_STR, false, BEAT(version)},
	{"uptime_sec", FIELD_NUM, false, BEAT(uptime_sec), .max = 1e11, .absent = NAN, .digits = 3},
	{"every_sec", FIELD_NUM, false, BEAT(every_sec), SPAN},
	{"status", FIELD_WORD, true, BEAT(status), .words = status_words},
	{"advisor", FIELD_OBJECT, false, BEAT(advisor.present), .fields = advisor_fields},
	{0},
};

static int decode_dependencies(const cJSON *root, struct message_heartbeat *beat,
			       struct message_error *ret_error)
{
	void *items = NULL;
	int err = message_objects(root, "dependencies", MESSAGE_DEPENDENCIES_MAX, dependency_fields,
				  sizeof(*beat->dependencies), &items, &beat->dependencies_n,
				  ret_error);

	beat->dependencies = items;
	return err;
}

int message_heartbeat_decode(const char *text, size_t len, const char *default_target,
			     struct message_heartbeat *ret, struct message_error *ret_error)
{
	struct message_heartbeat beat = {0};
	cJSON *root;
	int err = message_parse(text, len, &root, ret_error);

	if (err)
		return err;
	message_set_target(beat.target, default_target);
	err = message_fields(heartbeat_fields, root, NULL, &beat, ret_error);
	if (!err)
		err = decode_dependencies(root, &beat, ret_error);
	cJSON_Delete(root);
	if (err)
		message_heartbeat_done(&beat);
	else
		*ret = beat;
	return err;
}

char *message_heartbeat_encode(const struct message_heartbeat *beat)
{
	cJSON *root = cJSON_CreateObject();
	size_t n = beat->dependencies_n;

	fields_encode(heartbeat_fields, beat, root);
	message_add_objects(root, "dependencies", dependency_fields, beat->dependencies,
			    sizeof(*beat->dependencies),
			    n < MESSAGE_DEPENDENCIES_MAX ? n : MESSAGE_DEPENDENCIES_MAX);
	return message_finish(root);
}

void message_heartbeat_done(struct message_heartbeat *beat)
{
	free(beat->dependencies);
	beat->dependencies = NULL;
	beat->dependencies_n = 0;
}
