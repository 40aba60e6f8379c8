/* Pure. What the messages of all channels have in common. */
#include "common/message_internal.h"

#include "common/json.h"
#include "common/mem.h"

#include <string.h>

const char *const message_action_words[] = {"noop", "restart", "scale_up", "scale_down", NULL};
const char *const message_status_words[] = {"ok", "noop", "skipped", "error", NULL};
const char *const message_mode_words[] = {"advise", "shadow", "off", NULL};

int message_parse(const char *text, size_t len, cJSON **ret_root, struct message_error *ret_error)
{
	cJSON *root;

	if (len > MESSAGE_BYTES_MAX)
		return message_refuse(ret_error, "message: longer than %d bytes",
				      MESSAGE_BYTES_MAX);
	if (json_parse(text, len, &root))
		return message_refuse(ret_error, "message: not JSON");
	if (!cJSON_IsObject(root)) {
		cJSON_Delete(root);
		return message_refuse(ret_error, "message: not an object");
	}
	*ret_root = root;
	return 0;
}

int message_fields(const struct field *fields, const cJSON *o, const char *parent, void *base,
		   struct message_error *ret_error)
{
	return fields_decode(fields, o, parent, base, ret_error->text, sizeof(ret_error->text));
}

int message_array(const cJSON *o, const char *path, int max, const cJSON **ret,
		  struct message_error *ret_error)
{
	const char *dot = strrchr(path, '.');
	const cJSON *array = json_get(o, dot ? dot + 1 : path);

	if (!json_item_present(array))
		array = NULL;
	if (array && (!cJSON_IsArray(array) || cJSON_GetArraySize(array) > max))
		return message_refuse(ret_error, "%s: must be an array of at most %d", path, max);
	*ret = array;
	return 0;
}

int message_objects(const cJSON *o, const char *path, int max, const struct field *fields,
		    size_t size, void **ret, size_t *ret_n, struct message_error *ret_error)
{
	const cJSON *array, *item;
	int err = message_array(o, path, max, &array, ret_error);

	*ret = NULL;
	*ret_n = 0;
	if (err || !array)
		return err;
	*ret_n = (size_t)cJSON_GetArraySize(array);
	char *at = *ret = xcalloc(*ret_n, size);
	cJSON_ArrayForEach (item, array) {
		if (!cJSON_IsObject(item))
			return message_refuse(ret_error, "%s: must be objects only", path);
		err = message_fields(fields, item, path, at, ret_error);
		if (err)
			return err;
		at += size;
	}
	return 0;
}

void message_add_objects(cJSON *o, const char *name, const struct field *fields, const void *base,
			 size_t size, size_t n)
{
	cJSON *array = cJSON_AddArrayToObject(o, name);
	const char *at = base;

	for (size_t i = 0; i < n; i++, at += size) {
		cJSON *item = cJSON_CreateObject();

		fields_encode(fields, at, item);
		cJSON_AddItemToArray(array, item);
	}
}

char *message_finish(cJSON *root)
{
	char *text = json_print(root);

	cJSON_Delete(root);
	return text;
}

void message_set_target(char target[REPLICA_NAME_MAX], const char *default_target)
{
	snprintf(target, REPLICA_NAME_MAX, "%s", default_target);
}

const char *message_action_name(enum message_action action)
{
	return message_action_words[action];
}

const char *message_status_name(enum message_status status)
{
	return message_status_words[status];
}

const char *message_mode_name(enum message_mode mode)
{
	return message_mode_words[mode];
}
