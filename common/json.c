/* Pure. cJSON with the edges taken off.  A scan of the source text comes first and refuses what
 * cJSON would let pass; the tokens of that scan also give back the digits that a double loses. */
#include "common/json.h"

#include "common/mem.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: up to here a double holds every integer */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *digits_end(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* Tokens of JSON text.  Each function is given the start of a token and returns its end, or NULL
 * where the grammar of RFC 8259 is broken. */

static const char *number_end(const char *p, const char *end)
{
	p += *p == '-';

	const char *whole = p;
	p = digits_end(p, end);
	if (p == whole || (*whole == '0' && p - whole > 1))
		return NULL;
	if (p < end && *p == '.') {
		const char *fraction = ++p;
		p = digits_end(p, end);
		if (p == fraction)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		const char *exponent = p;
		p = digits_end(p, end);
		if (p == exponent)
			return NULL;
	}
	return p;
}

/* cJSON takes \u12g4 and \u0000 alike for a NUL, which ends the C string. */
static const char *escape_end(const char *p, const char *end)
{
	if (end - p < 2)
		return NULL;
	if (p[1] != 'u')
		return p + 2;
	if (end - p < 6 || !memcmp(p + 2, "0000", 4))
		return NULL;
	for (int i = 2; i < 6; i++) {
		if (!isxdigit((unsigned char)p[i]))
			return NULL;
	}
	return p + 6;
}

static const char *string_end(const char *p, const char *end)
{
	for (p++; p && p < end && *p != '"';) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		p = *p == '\\' ? escape_end(p, end) : p + 1;
	}
	return p && p < end ? p + 1 : NULL;
}

static const char *token_end(const char *p, const char *end)
{
	if (*p == '"')
		return string_end(p, end);
	if (*p == '-' || is_digit(*p))
		return number_end(p, end);
	return (*p >= ' ' && *p <= '~') || *p == '\t' || *p == '\n' || *p == '\r' ? p + 1 : NULL;
}

/* The first number token from ${p} on, in text that was checked; ${ret_end} is where it ends. */
static const char *find_number(const char *p, const char *end, const char **ret_end)
{
	while (*p != '-' && !is_digit(*p))
		p = token_end(p, end);
	*ret_end = token_end(p, end);
	return p;
}

static int check_text(const char *text, size_t len)
{
	const char *end = text + len;
	int depth = 0;

	for (const char *p = text; p < end;) {
		depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
		if (depth > JSON_DEPTH_MAX)
			return -EBADMSG;
		p = token_end(p, end);
		if (!p)
			return -EBADMSG;
	}
	return 0;
}

/* Recursion here and below is bounded by JSON_DEPTH_MAX. */
static bool all_finite(const cJSON *node)
{
	if (cJSON_IsNumber(node) && !isfinite(node->valuedouble))
		return false;
	for (const cJSON *child = node->child; child; child = child->next) {
		if (!all_finite(child))
			return false;
	}
	return true;
}

static bool only_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p == end;
}

int json_parse(const char *text, size_t len, cJSON **ret_root)
{
	const char *rest;

	if (!len || check_text(text, len))
		return -EBADMSG;

	cJSON *root = cJSON_ParseWithLengthOpts(text, len, &rest, false);
	if (!root)
		return -EBADMSG;
	if (!only_space(rest, text + len) || !all_finite(root)) {
		cJSON_Delete(root);
		return -EBADMSG;
	}
	*ret_root = root;
	return 0;
}

/* Make the number ${node} one that is printed as ${digits}, which it takes over. */
static void spell_out(cJSON *node, char *digits)
{
	node->type = cJSON_Raw;
	node->valuestring = digits;
}

/* Of a fraction cJSON prints 15 digits where they come close. */
static bool is_rounded(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.15g", value);
	return value != trunc(value) && strtod(text, NULL) != value;
}

/* Turn the numbers below ${node} that would be printed as others into their digits.  Number nodes
 * in document order are the number tokens of the source one by one; ${p} is where the next is
 * looked for.  Returns where the last one ended. */
static const char *restore_digits(cJSON *node, const char *p, const char *end)
{
	if (cJSON_IsNumber(node)) {
		const char *token = find_number(p, end, &p);
		bool integer = digits_end(token + (*token == '-'), p) == p;

		/* 2^53 itself is suspect: 2^53 + 1 is read as that. */
		if ((integer && fabs(node->valuedouble) >= EXACT_MAX) ||
		    is_rounded(node->valuedouble))
			spell_out(node, xstrndup(token, (size_t)(p - token)));
	}
	for (cJSON *child = node->child; child; child = child->next)
		p = restore_digits(child, p, end);
	return p;
}

int json_parse_exact(const char *text, size_t len, cJSON **ret_root)
{
	int err = json_parse(text, len, ret_root);

	if (!err)
		restore_digits(*ret_root, text, text + len);
	return err;
}

const cJSON *json_get(const cJSON *o, const char *name)
{
	return cJSON_IsObject(o) ? cJSON_GetObjectItemCaseSensitive(o, name) : NULL;
}

const cJSON *json_path(const cJSON *o, ...)
{
	const char *name;
	va_list names;

	va_start(names, o);
	while (o && (name = va_arg(names, const char *)))
		o = json_get(o, name);
	va_end(names);
	return o;
}

bool json_item_present(const cJSON *item)
{
	return item && !cJSON_IsNull(item);
}

int json_get_num(const cJSON *o, const char *name, double *ret)
{
	const cJSON *member = json_get(o, name);

	if (!json_item_present(member))
		return -ENOENT;
	if (!cJSON_IsNumber(member) || !isfinite(member->valuedouble))
		return -EBADMSG;
	*ret = member->valuedouble;
	return 0;
}

int json_get_int(const cJSON *o, const char *name, int64_t min, int64_t max, int64_t *ret)
{
	double value;
	int err = json_get_num(o, name, &value);

	if (err)
		return err;
	if (value != trunc(value) || fabs(value) > EXACT_MAX)
		return -EBADMSG;
	if ((int64_t)value < min || (int64_t)value > max)
		return -EBADMSG;
	*ret = (int64_t)value;
	return 0;
}

int json_get_bool(const cJSON *o, const char *name, bool *ret)
{
	const cJSON *member = json_get(o, name);

	if (!json_item_present(member))
		return -ENOENT;
	if (!cJSON_IsBool(member))
		return -EBADMSG;
	*ret = cJSON_IsTrue(member);
	return 0;
}

/* The code point of the ${len} bytes at ${s}, of which the first said how many there are; 0 where
 * one of the others is no continuation byte. */
static unsigned long code_point(const char *s, size_t len)
{
	unsigned long c = (unsigned char)s[0] & (0xffu >> (len + 1));

	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	return c;
}

/* Bytes of the character at ${s}, or 0 when it is a control character (C0, DEL, C1) or no UTF-8
 * (overlong and surrogates included). */
static size_t char_len(const char *s)
{
	static const unsigned long least[] = {[2] = 0xa0, [3] = 0x800, [4] = 0x10000};
	unsigned char first = (unsigned char)s[0];

	if (first < 0x80)
		return first >= 0x20 && first != 0x7f ? 1 : 0;
	if (first < 0xc0 || first > 0xf7)
		return 0;

	size_t len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	unsigned long c = code_point(s, len);
	return c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : len;
}

/* Copy as much of ${s} as fits, cut between characters, with spaces for what is none. */
static void copy_clean(char *ret, size_t size, const char *s)
{
	size_t used = 0;

	while (*s) {
		size_t len = char_len(s);
		size_t step = len ? len : 1;

		if (used + step >= size)
			break;
		memcpy(ret + used, len ? s : " ", step);
		used += step;
		s += step;
	}
	ret[used] = '\0';
}

int json_item_str(const cJSON *item, char *ret, size_t size)
{
	const char *text = cJSON_GetStringValue(item);

	if (!json_item_present(item))
		return -ENOENT;
	if (!text || strlen(text) >= size)
		return -EBADMSG;
	for (const char *p = text; *p; p += char_len(p)) {
		if (!char_len(p))
			return -EBADMSG;
	}
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

int json_get_str(const cJSON *o, const char *name, char *ret, size_t size)
{
	return json_item_str(json_get(o, name), ret, size);
}

int json_get_text(const cJSON *o, const char *name, char *ret, size_t size)
{
	const cJSON *member = json_get(o, name);

	if (!json_item_present(member))
		return -ENOENT;
	if (!cJSON_IsString(member))
		return -EBADMSG;
	copy_clean(ret, size, member->valuestring);
	return 0;
}

const char *json_str(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(json_get(o, name));
}

void json_add_text(cJSON *o, const char *name, const char *text)
{
	size_t size = strlen(text) + 1;
	char *clean = xcalloc(size, 1);

	copy_clean(clean, size, text);
	cJSON_AddStringToObject(o, name, clean);
	free(clean);
}

static void clean(char *s)
{
	while (s && *s) {
		size_t len = char_len(s);

		if (!len)
			*s = ' ';
		s += len ? len : 1;
	}
}

void json_clean(cJSON *root)
{
	clean(root->string);
	clean(root->valuestring);
	for (cJSON *child = root->child; child; child = child->next)
		json_clean(child);
}

void json_add_num(cJSON *o, const char *name, double value)
{
	if (isfinite(value))
		cJSON_AddNumberToObject(o, name, value);
}

void json_add_round(cJSON *o, const char *name, double value, int digits)
{
	double scale = pow(10, digits);
	double rounded = round(value * scale) / scale;

	json_add_num(o, name, isfinite(rounded) ? rounded : value);
}

/* From 1e15 on cJSON prints integers with an exponent, which Go's decoders of integers refuse, or
 * with a wrong last digit. */
static bool is_misprinted(const cJSON *node)
{
	double value = node->valuedouble;

	return cJSON_IsNumber(node) && fabs(value) >= 1e15 && fabs(value) <= EXACT_MAX &&
	       value == trunc(value);
}

static bool any_misprinted(const cJSON *node)
{
	if (is_misprinted(node))
		return true;
	for (const cJSON *child = node->child; child; child = child->next) {
		if (any_misprinted(child))
			return true;
	}
	return false;
}

static void spell_out_misprinted(cJSON *node)
{
	if (is_misprinted(node))
		spell_out(node, xasprintf("%.0f", node->valuedouble));
	for (cJSON *child = node->child; child; child = child->next)
		spell_out_misprinted(child);
}

char *json_print(const cJSON *root)
{
	if (!any_misprinted(root))
		return cJSON_PrintUnformatted(root);

	cJSON *copy = cJSON_Duplicate(root, true);
	spell_out_misprinted(copy);
	char *text = cJSON_PrintUnformatted(copy);
	cJSON_Delete(copy);
	return text;
}
