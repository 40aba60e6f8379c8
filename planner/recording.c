/* Pure. Recorded telemetry, line by line. */
#include "planner/recording.h"

#include "common/json.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HEARD_SEC_MAX 1e11 /* as of all times in messages */

static const char *const channels[] = {
	CHANNEL_ALERTS,
	CHANNEL_ACTIONS,
	CHANNEL_RESULTS,
	CHANNEL_ADVICE,
};

static const char *channel_of(const char *name)
{
	for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++)
		if (strcmp(channels[i], name) == 0)
			return channels[i];
	return NULL;
}

static int refuse(struct message_error *ret_error, const char *sentence)
{
	snprintf(ret_error->text, sizeof(ret_error->text), "%s", sentence);
	return -EBADMSG;
}

static bool is_blank(const char *line, size_t len)
{
	while (len > 0 &&
	       (line[len - 1] == ' ' || (line[len - 1] >= '\t' && line[len - 1] <= '\r')))
		len--;
	return len == 0;
}

/* Not a number, or not from a clock: not recorded. */
static uint64_t heard_ms(const cJSON *root)
{
	double sec = 0;

	(void)json_get_num(root, "heard_ts", &sec);
	return sec > 0 && sec < HEARD_SEC_MAX ? (uint64_t)llround(sec * 1000) : 0;
}

/* An object without "channel" is an alert itself. */
static int take(const cJSON *root, struct recorded *ret, struct message_error *ret_error)
{
	const cJSON *message = json_get(root, "channel") ? json_get(root, "message") : root;
	const char *channel = message == root ? CHANNEL_ALERTS : json_str(root, "channel");

	if (!cJSON_IsObject(root))
		return refuse(ret_error, "not an object");
	if (!channel)
		return refuse(ret_error, "channel: must be a string");
	channel = channel_of(channel);
	if (!channel)
		return -ENOMSG;
	if (!cJSON_IsObject(message))
		return refuse(ret_error, "message: must be an object");
	ret->channel = channel;
	ret->heard_ms = message == root ? 0 : heard_ms(root);
	ret->text = json_print(message);
	ret->len = strlen(ret->text);
	return 0;
}

int recording_read(const char *line, size_t len, struct recorded *ret,
		   struct message_error *ret_error)
{
	cJSON *root;

	if (len > RECORDING_LINE_MAX)
		return refuse(ret_error, "too long");
	if (is_blank(line, len))
		return -ENOMSG;
	if (json_parse_exact(line, len, &root) < 0)
		return refuse(ret_error, "not JSON");

	int err = take(root, ret, ret_error);
	cJSON_Delete(root);
	return err;
}
