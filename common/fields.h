/* Pure. A JSON object and a C structure, tied together by a table: what each field is called, where
 * it lives, what it may be, what stands for it when it is missing.  One walk decodes and checks,
 * another encodes. */
#ifndef COMMON_FIELDS_H
#define COMMON_FIELDS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum field_type {
	FIELD_KIND,   /* no place in the structure: always the text words[0] */
	FIELD_NUM,    /* double; left out when not finite */
	FIELD_INT,    /* int; left out when negative */
	FIELD_BOOL,   /* bool; a missing one is false */
	FIELD_STR,    /* char array, for programs: must fit and be clean; left out when empty */
	FIELD_TEXT,   /* char array, for people: cut and cleaned */
	FIELD_NAME,   /* char array; a container name; a missing one leaves what is there */
	FIELD_WORD,   /* enum: index into words; a missing one is 0 */
	FIELD_OBJECT, /* an object, its members in the same structure; left out when there are none
		       */
};

/* One row; a table ends with a row whose name is NULL. */
struct field {
	const char *name;
	enum field_type type;
	bool required;
	size_t offset, size; /* OBJECT: of a bool that says whether it is there; size 0: no such */
	double min, max;     /* NUM, INT: inclusive; STR: min is the least number of bytes */
	double absent;       /* NUM, INT: stands for a missing one */
	int digits;          /* NUM: decimals on the way out */
	const char *const *words;   /* KIND, WORD: ended by NULL */
	const struct field *fields; /* OBJECT */
};

/* The place of ${member} in ${type}, for a row. */
#define FIELD_AT(type, member)                                                                     \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

/* Fill ${base} from the members of ${o}; null is missing, unknown members are ignored.  0, or
 * -EBADMSG (${base} is then half filled) with a sentence in ${ret_error} that names the field;
 * ${parent} (or NULL) stands before the name. */
int fields_decode(const struct field *, const cJSON *o, const char *parent, void *base,
		  char *ret_error, size_t error_size);

/* Add the fields of ${base} to ${o}. */
void fields_encode(const struct field *, const void *base, cJSON *o);

#endif
