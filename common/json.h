/* Pure. cJSON with the edges taken off: strict typed getters, exact big integers, finite numbers
 * only. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parse one JSON value that fills ${text} (white space around it allowed).  What RFC 8259 forbids
 * and cJSON lets pass (trailing bytes, a byte order mark, raw control characters, 01) is an error;
 * so are NUL characters in strings, escaped or not, more than JSON_DEPTH_MAX levels, and numbers
 * that a double cannot hold.  0 and a tree to cJSON_Delete, or -EBADMSG. */
#define JSON_DEPTH_MAX 64
int json_parse(const char *text, size_t len, cJSON **ret_root);

/* The same, but every number that would be printed as another, such as an integer beyond 2^53,
 * where a double is no longer exact, becomes a cJSON_Raw node with its own digits, so that
 * printing the tree gives back what was read.  For documents that are handed on (docker inspect,
 * recordings), not for those whose numbers are looked at. */
int json_parse_exact(const char *text, size_t len, cJSON **ret_root);

/* The member ${name} of object ${o} (case counts, the first of duplicates; NULL when ${o} is no
 * object). */
const cJSON *json_get(const cJSON *o, const char *name);

/* Follow ${names...} downwards, the list ended by NULL; NULL when a step is missing. */
const cJSON *json_path(const cJSON *o, ...) __attribute__((sentinel));

/* Whether ${item} is there: neither NULL nor null. */
bool json_item_present(const cJSON *item);

/* Typed members.  0; -ENOENT when missing or null; -EBADMSG when of another type (a number: not
 * finite; an int: with a fraction or outside [${min}, ${max}]; a string: ${size} bytes or more,
 * with control characters, or not UTF-8).  ${ret} is untouched on failure. */
int json_get_num(const cJSON *o, const char *name, double *ret);
int json_get_int(const cJSON *o, const char *name, int64_t min, int64_t max, int64_t *ret);
int json_get_bool(const cJSON *o, const char *name, bool *ret);
int json_get_str(const cJSON *o, const char *name, char *ret, size_t size);

/* The same of a string that is at hand, as in an array. */
int json_item_str(const cJSON *item, char *ret, size_t size);

/* The same for text that people read: what does not fit is cut between characters, and control
 * characters and bytes that are not UTF-8 become spaces. */
int json_get_text(const cJSON *o, const char *name, char *ret, size_t size);

/* The string member ${name}, owned by ${o}, or NULL when it is missing or no string. */
const char *json_str(const cJSON *o, const char *name);

/* Add ${text} to ${o}, cleaned likewise: what is sent is valid JSON, whatever a program printed. */
void json_add_text(cJSON *o, const char *name, const char *text);

/* Clean the names and strings of all of ${root}, which json_parse made, in the same way and in
 * place: it can be handed on whole then. */
void json_clean(cJSON *root);

/* Add ${value} to ${o}; a value that is not finite is left out. */
void json_add_num(cJSON *o, const char *name, double value);

/* Add ${value} rounded to ${digits} decimals: figures people read, not 0.30000000000000004. */
void json_add_round(cJSON *o, const char *name, double value, int digits);

/* Compact text of ${root}, integers up to 2^53 in plain digits, other numbers to 15 significant
 * digits at least; the caller frees it. */
char *json_print(const cJSON *root);

#endif
