/* Pure. The naming rule of containers, read and written. */
#include "common/replica.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_MAX = 99999, TARGET_LEN_MAX = 100 };

static const struct {
	const char *infix;
	enum replica_role role;
	int min;
} forms[] = {
	{"-dup-", REPLICA_DUP, 1},
	{"-drain-", REPLICA_DRAIN, 0},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The whole of ${s} as a number without leading zeros, or -1. */
static int parse_number(const char *s)
{
	int n = 0;

	if (!*s || (s[0] == '0' && s[1]))
		return -1;
	for (; *s; s++) {
		if (!is_digit(*s))
			return -1;
		n = n * 10 + (*s - '0');
		if (n > NUMBER_MAX)
			return -1;
	}
	return n;
}

/* What follows ${prefix} in ${s}, or NULL when it begins otherwise. */
static const char *after(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) ? NULL : s + len;
}

enum replica_role replica_parse(const char *target, const char *name, int *ret_n)
{
	enum replica_role role = REPLICA_NONE;
	int n = 0;
	const char *suffix = after(name + (name[0] == '/'), target);

	if (!suffix || !*target)
		return REPLICA_NONE;
	if (!*suffix)
		role = REPLICA_TEMPLATE;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *digits = after(suffix, forms[i].infix);
		int number = digits ? parse_number(digits) : -1;

		if (number >= forms[i].min) {
			role = forms[i].role;
			n = number;
		}
	}
	if (role != REPLICA_NONE && ret_n)
		*ret_n = n;
	return role;
}

void replica_format(const char *target, enum replica_role role, int n, char ret[REPLICA_NAME_MAX])
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].role == role) {
			snprintf(ret, REPLICA_NAME_MAX, "%s%s%d", target, forms[i].infix, n);
			return;
		}
	}
	snprintf(ret, REPLICA_NAME_MAX, "%s", target);
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool replica_target_valid(const char *name)
{
	size_t len = strlen(name);

	if (len > TARGET_LEN_MAX || !is_alnum(name[0]))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_alnum(name[i]) && !strchr("_.-", name[i]))
			return false;
	}
	return true;
}
