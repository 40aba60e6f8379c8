/* Pure. What the codecs of the single channels (common/message_*.c) share.  Not for others. */
#ifndef COMMON_MESSAGE_INTERNAL_H
#define COMMON_MESSAGE_INTERNAL_H

#include "common/fields.h"
#include "common/message.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

/* Ranges of figures, for rows of tables. */
#define MS    .max = 1e9, .absent = NAN, .digits = 3
#define RATE  .max = 1e9, .absent = NAN, .digits = 3 /* a second */
#define SHARE .max = 1, .absent = NAN, .digits = 6
#define COUNT .max = MESSAGE_COUNT_MAX, .absent = -1
#define TIME  .max = 1e11, .absent = NAN, .digits = 3 /* seconds since 1970 */
#define SPAN  .min = 0.001, .max = 1e6, .absent = NAN, .digits = 3

/* The wire names of actions, statuses and modes, ended by NULL. */
extern const char *const message_action_words[], *const message_status_words[];
extern const char *const message_mode_words[];

/* Say why a message is refused; -EBADMSG. */
#define message_refuse(ret_error, ...)                                                             \
	(snprintf((ret_error)->text, sizeof((ret_error)->text), __VA_ARGS__), -EBADMSG)

/* The functions below that return an int: 0, or -EBADMSG with a sentence. */

/* Read one message; the caller frees ${ret_root}, an object. */
int message_parse(const char *text, size_t len, cJSON **ret_root, struct message_error *ret_error);

/* fields_decode. */
int message_fields(const struct field *, const cJSON *o, const char *parent, void *base,
		   struct message_error *ret_error);

/* The array that ${path} ends with the name of, a member of ${o}: NULL where it is missing, at most
 * ${max} long. */
int message_array(const cJSON *o, const char *path, int max, const cJSON **ret,
		  struct message_error *ret_error);

/* Such an array of objects as an array of ${size} bytes each, which the caller frees, also on
 * failure. */
int message_objects(const cJSON *o, const char *path, int max, const struct field *, size_t size,
		    void **ret, size_t *ret_n, struct message_error *ret_error);

/* The counterpart: add ${n} objects to ${o} as the array ${name}. */
void message_add_objects(cJSON *o, const char *name, const struct field *, const void *base,
			 size_t size, size_t n);

/* The text of the object ${root}, which is freed. */
char *message_finish(cJSON *root);

void message_set_target(char target[REPLICA_NAME_MAX], const char *default_target);

#endif
