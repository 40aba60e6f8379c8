/* Pure. A JSON object and a C structure, tied together by a table. */
#include "common/fields.h"

#include "common/json.h"
#include "common/replica.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The functions below decode one field to ${at}: 0; -ENOENT when it is missing (and what stands for
 * it is stored); -EBADMSG. */

static int decode_num(const struct field *f, const cJSON *o, double *at)
{
	double value = f->absent;
	int err = json_get_num(o, f->name, &value);

	if (!err && (value < f->min || value > f->max))
		return -EBADMSG;
	*at = value;
	return err;
}

static int decode_int(const struct field *f, const cJSON *o, int *at)
{
	int64_t value = (int64_t)f->absent;
	int err = json_get_int(o, f->name, (int64_t)f->min, (int64_t)f->max, &value);

	*at = (int)value;
	return err;
}

static int decode_bool(const struct field *f, const cJSON *o, bool *at)
{
	*at = false;
	return json_get_bool(o, f->name, at);
}

static int decode_str(const struct field *f, const cJSON *o, char *at)
{
	at[0] = '\0';
	int err = json_get_str(o, f->name, at, f->size);

	return !err && strlen(at) < (size_t)f->min ? -EBADMSG : err;
}

static int decode_text(const struct field *f, const cJSON *o, char *at)
{
	at[0] = '\0';
	return json_get_text(o, f->name, at, f->size);
}

static int decode_name(const struct field *f, const cJSON *o, char *at)
{
	int err = json_get_str(o, f->name, at, f->size);

	return !err && !replica_target_valid(at) ? -EBADMSG : err;
}

static int decode_word(const struct field *f, const cJSON *o, int *ret_index)
{
	char word[32];
	int err = json_get_str(o, f->name, word, sizeof(word));

	*ret_index = 0;
	if (err)
		return err;
	for (int i = 0; f->words[i]; i++) {
		if (!strcmp(f->words[i], word)) {
			*ret_index = i;
			return 0;
		}
	}
	return -EBADMSG;
}

static int decode_object(const struct field *f, const cJSON *o, void *base, char *ret_error,
			 size_t error_size)
{
	const cJSON *member = json_get(o, f->name);
	bool present = json_item_present(member);

	if (present && !cJSON_IsObject(member))
		return -EBADMSG;
	if (f->size)
		*(bool *)((char *)base + f->offset) = present;
	int err = fields_decode(f->fields, present ? member : NULL, f->name, base, ret_error,
				error_size);
	return err || present ? err : -ENOENT;
}

static int decode_field(const struct field *f, const cJSON *o, void *base, char *ret_error,
			size_t error_size)
{
	void *at = (char *)base + f->offset;
	int kind;

	switch (f->type) {
	case FIELD_KIND:
		return decode_word(f, o, &kind);
	case FIELD_NUM:
		return decode_num(f, o, at);
	case FIELD_INT:
		return decode_int(f, o, at);
	case FIELD_BOOL:
		return decode_bool(f, o, at);
	case FIELD_STR:
		return decode_str(f, o, at);
	case FIELD_TEXT:
		return decode_text(f, o, at);
	case FIELD_NAME:
		return decode_name(f, o, at);
	case FIELD_WORD:
		return decode_word(f, o, at);
	case FIELD_OBJECT:
		return decode_object(f, o, base, ret_error, error_size);
	}
	return -EBADMSG;
}

/* What ${f} must be, as the end of a sentence. */
static void describe(const struct field *f, char *ret, size_t size)
{
	static const char *const plain[] = {
		[FIELD_BOOL] = "true or false",
		[FIELD_TEXT] = "text",
		[FIELD_NAME] = "a container name",
		[FIELD_OBJECT] = "an object",
	};

	switch (f->type) {
	case FIELD_NUM:
	case FIELD_INT:
		snprintf(ret, size, "a %snumber from %.12g to %.12g",
			 f->type == FIELD_INT ? "whole " : "", f->min, f->max);
		return;
	case FIELD_STR:
		snprintf(ret, size, "text of %g to %zu bytes on one line", f->min, f->size - 1);
		return;
	case FIELD_KIND:
	case FIELD_WORD: {
		int used = snprintf(ret, size, "%s", f->words[0]);

		for (int i = 1; f->words[i] && used < (int)size; i++)
			used += snprintf(ret + used, size - (size_t)used, "|%s", f->words[i]);
		return;
	}
	default:
		snprintf(ret, size, "%s", plain[f->type]);
	}
}

int fields_decode(const struct field *fields, const cJSON *o, const char *parent, void *base,
		  char *ret_error, size_t error_size)
{
	char what[96];

	ret_error[0] = '\0';
	for (const struct field *f = fields; f->name; f++) {
		int err = decode_field(f, o, base, ret_error, error_size);

		/* What a missing object cannot hold is not missing. */
		if (!err || (err == -ENOENT && !(f->required && o)))
			continue;
		if (ret_error[0])
			return -EBADMSG; /* a member was named already */
		describe(f, what, sizeof(what));
		snprintf(ret_error, error_size, "%s%s%s: %s %s", parent ? parent : "",
			 parent ? "." : "", f->name,
			 err == -ENOENT ? "missing, must be" : "must be", what);
		return -EBADMSG;
	}
	return 0;
}

/* An object that may be missing is, when nothing in it is known. */
static void encode_object(const struct field *f, const void *base, cJSON *o)
{
	cJSON *member = cJSON_CreateObject();

	fields_encode(f->fields, base, member);
	if (f->required || f->size || member->child)
		cJSON_AddItemToObject(o, f->name, member);
	else
		cJSON_Delete(member);
}

static void encode_field(const struct field *f, const void *base, cJSON *o)
{
	const void *at = (const char *)base + f->offset;
	const char *text = at;

	switch (f->type) {
	case FIELD_KIND:
		cJSON_AddStringToObject(o, f->name, f->words[0]);
		return;
	case FIELD_NUM:
		json_add_round(o, f->name, *(const double *)at, f->digits);
		return;
	case FIELD_INT:
		if (*(const int *)at >= 0)
			cJSON_AddNumberToObject(o, f->name, *(const int *)at);
		return;
	case FIELD_BOOL:
		cJSON_AddBoolToObject(o, f->name, *(const bool *)at);
		return;
	case FIELD_STR:
		if (text[0])
			json_add_text(o, f->name, text);
		return;
	case FIELD_TEXT:
	case FIELD_NAME:
		json_add_text(o, f->name, text);
		return;
	case FIELD_WORD:
		cJSON_AddStringToObject(o, f->name, f->words[*(const int *)at]);
		return;
	case FIELD_OBJECT:
		if (!f->size || *(const bool *)at)
			encode_object(f, base, o);
		return;
	}
}

void fields_encode(const struct field *fields, const void *base, cJSON *o)
{
	for (const struct field *f = fields; f->name; f++)
		encode_field(f, base, o);
}
