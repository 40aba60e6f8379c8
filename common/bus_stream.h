/* Pure. Positions in a Redis stream ("1795458155613-0") and its entries. */
#ifndef COMMON_BUS_STREAM_H
#define COMMON_BUS_STREAM_H

#include <stddef.h>
#include <stdint.h>

struct redisReply;

struct stream_id {
	uint64_t ms; /* since 1970, by the clock of Redis */
	uint64_t seq;
};

#define STREAM_ID_MAX 48 /* bytes of text: a bracket, two numbers, a hyphen, the NUL */

/* Read "MS-SEQ" or "MS" (then SEQ is 0).  0, or -EINVAL. */
int stream_id_parse(const char *text, struct stream_id *ret);

/* <0, 0, >0. */
int stream_id_compare(struct stream_id a, struct stream_id b);

/* The id just below; that of 0-0 is itself. */
struct stream_id stream_id_before(struct stream_id);

/* Write ${prefix} ("(" makes it exclusive, "" does not) and the id. */
void stream_id_format(const char *prefix, struct stream_id, char ret[STREAM_ID_MAX]);

/* The id, and the text of the field "json" (NULL when it has none), of entry ${i} of what XRANGE
 * and XREVRANGE answered. ${ret_text} is owned by ${reply}.  0, or -EBADMSG when that is no entry.
 */
int stream_entry(const struct redisReply *reply, size_t i, struct stream_id *ret_id,
		 const char **ret_text, size_t *ret_len);

#endif
