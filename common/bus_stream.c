/* Pure. Stream ids are compared as numbers; entries are checked before they are believed. */
#include "common/bus_stream.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_number(const char **text, uint64_t *ret)
{
	char *end;

	if (**text < '0' || **text > '9') /* strtoull would take a sign or white space */
		return -EINVAL;
	errno = 0;
	*ret = strtoull(*text, &end, 10);
	*text = end;
	return errno ? -EINVAL : 0;
}

int stream_id_parse(const char *text, struct stream_id *ret)
{
	struct stream_id id = {0};

	if (parse_number(&text, &id.ms) < 0)
		return -EINVAL;
	if (*text == '-') {
		text++;
		if (parse_number(&text, &id.seq) < 0)
			return -EINVAL;
	}
	if (*text)
		return -EINVAL;
	*ret = id;
	return 0;
}

int stream_id_compare(struct stream_id a, struct stream_id b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	return (a.seq > b.seq) - (a.seq < b.seq);
}

struct stream_id stream_id_before(struct stream_id id)
{
	if (id.seq > 0)
		id.seq--;
	else if (id.ms > 0)
		id = (struct stream_id){.ms = id.ms - 1, .seq = UINT64_MAX};
	return id;
}

void stream_id_format(const char *prefix, struct stream_id id, char ret[STREAM_ID_MAX])
{
	snprintf(ret, STREAM_ID_MAX, "%s%" PRIu64 "-%" PRIu64, prefix, id.ms, id.seq);
}

/* Element ${i} of ${r} if that is an array and the element of ${type}, else NULL. */
static const redisReply *element(const redisReply *r, size_t i, int type)
{
	if (!r || r->type != REDIS_REPLY_ARRAY || i >= r->elements || r->element[i]->type != type)
		return NULL;
	return r->element[i];
}

int stream_entry(const struct redisReply *reply, size_t i, struct stream_id *ret_id,
		 const char **ret_text, size_t *ret_len)
{
	const redisReply *entry = element(reply, i, REDIS_REPLY_ARRAY);
	const redisReply *id = element(entry, 0, REDIS_REPLY_STRING);
	const redisReply *fields = element(entry, 1, REDIS_REPLY_ARRAY);

	if (!id || !fields || stream_id_parse(id->str, ret_id) < 0)
		return -EBADMSG;
	*ret_text = NULL;
	*ret_len = 0;
	for (size_t f = 0; f + 1 < fields->elements; f += 2) {
		const redisReply *name = element(fields, f, REDIS_REPLY_STRING);
		const redisReply *value = element(fields, f + 1, REDIS_REPLY_STRING);

		if (name && value && strcmp(name->str, "json") == 0) {
			*ret_text = value->str;
			*ret_len = value->len;
			break;
		}
	}
	return 0;
}
