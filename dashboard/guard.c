/* Pure. Host, site and password of a request. */
#include "dashboard/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES   253 /* of DNS */
#define CREDENTIALS_MAX  1024
#define FAILURES_AT_ONCE 10
#define FAILURE_BACK_MS  500
#define NAME_CHARS       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"
#define PAGE             "/"
#define HEALTH           "/healthz"

static const struct guard_answer answers[GUARD_VERDICTS_N] = {
	[GUARD_DOUBLED] = {"why=\"doubled\"", 400, "a header came twice", NULL, NULL},
	[GUARD_HOST] = {"why=\"host\"", 403,
			"not known by this name: use the address, or put the name into "
			"DASHBOARD_HOSTS",
			NULL, NULL},
	[GUARD_SITE] = {"why=\"site\"", 403, "another site may not ask", NULL, NULL},
	[GUARD_ASK] = {"why=\"no_password\"", 401, "a password is needed", "WWW-Authenticate",
		       "Basic realm=\"Agentic Autoscaler\", charset=\"UTF-8\""},
	[GUARD_WRONG] = {"why=\"wrong_password\"", 401, "wrong password", "WWW-Authenticate",
			 "Basic realm=\"Agentic Autoscaler\", charset=\"UTF-8\""},
	[GUARD_GUESSING] = {"why=\"guessing\"", 429, "too many wrong passwords", "Retry-After",
			    "1"},
};

const struct guard_answer *guard_answer(enum guard_verdict verdict)
{
	return &answers[verdict];
}

/* --- by which name --- */

/* The name at the start of ${list} (up to a comma), its length; ${list} goes behind it. */
static size_t next_name(const char **list, const char **ret_name)
{
	size_t len = strcspn(*list, ",");

	*ret_name = *list;
	*list += len + ((*list)[len] == ',');
	return len;
}

bool guard_hosts_valid(const char *hosts)
{
	const char *name;
	size_t len;

	do {
		len = next_name(&hosts, &name);
		if (len == 0 || len > NAME_MAX_BYTES || strspn(name, NAME_CHARS) < len)
			return false;
	} while (*hosts != '\0');
	return name[len] == '\0';
}

static bool is_listed(const char *hosts, const char *host)
{
	const char *name;

	while (hosts != NULL && *hosts != '\0') {
		size_t len = next_name(&hosts, &name);

		if (strlen(host) == len && strncasecmp(name, host, len) == 0)
			return true;
	}
	return false;
}

/* "", or ":" and a port. */
static bool is_port(const char *text)
{
	size_t digits;
	long port;

	if (*text == '\0')
		return true;
	digits = strspn(text + 1, "0123456789");
	if (*text != ':' || digits > 5 || text[1 + digits] != '\0')
		return false;
	port = strtol(text + 1, NULL, 10);
	return port >= 1 && port <= 65535;
}

/* ${host} is that of a Host header: a name or an address, IPv6 in brackets, and maybe a port. */
static bool is_ours(const struct guard *g, const char *host)
{
	const bool brackets = *host == '[';
	const char *begin = host + brackets, *rest = begin + strcspn(begin, brackets ? "]" : ":");
	size_t len = (size_t)(rest - begin);
	char name[NAME_MAX_BYTES + 1];
	struct in6_addr address;

	if (len == 0 || len >= sizeof(name) || (brackets && *rest != ']') ||
	    !is_port(rest + brackets))
		return false;
	memcpy(name, begin, len);
	name[len] = '\0';
	if (brackets)
		return inet_pton(AF_INET6, name, &address) == 1;
	return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &address) == 1 ||
	       is_listed(g->hosts, name);
}

/* --- from which site --- */

static bool is_same_origin(const char *origin, const char *host)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < 2; i++)
		if (strncasecmp(origin, schemes[i], strlen(schemes[i])) == 0)
			return strcasecmp(origin + strlen(schemes[i]), host) == 0;
	return false;
}

static bool is_foreign(const struct guard_request *r)
{
	const char *site = r->fetch_site;

	if (r->origin != NULL && !is_same_origin(r->origin, r->host))
		return true;
	return site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0 &&
	       strcmp(r->path, PAGE) != 0;
}

/* --- with which password --- */

/* The value of a digit of base64, or -1. */
static int base64_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* ${text} decoded into ${out} as text of less than ${size} bytes.  0, or -EINVAL. */
static int base64_decode(const char *text, char *out, size_t size)
{
	size_t digits = strcspn(text, "="), padding = strspn(text + digits, "="), len = 0;
	unsigned bits = 0;

	if (text[digits + padding] != '\0' || padding > 2 || (digits + padding) % 4 != 0 ||
	    digits / 4 * 3 + 3 > size)
		return -EINVAL;
	for (size_t i = 0; i < digits; i++) {
		int value = base64_value(text[i]);

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | (unsigned)value;
		if (i % 4 != 0)
			out[len++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xff);
	}
	out[len] = '\0';
	return strlen(out) == len ? 0 : -EINVAL;
}

/* Looks at every byte of both, whatever they are. */
static bool is_password(const struct guard *g, const char *given)
{
	size_t len = strlen(given);
	char padded[sizeof(g->password)] = "";
	volatile unsigned char differ = len >= sizeof(padded);

	memcpy(padded, given, differ ? 0 : len);
	for (size_t i = 0; i < sizeof(padded); i++)
		differ |= (unsigned char)(padded[i] ^ g->password[i]);
	return differ == 0;
}

/* Basic authentication; the user's name does not matter. */
static bool knows_password(const struct guard *g, const char *authorization)
{
	static const char scheme[] = "Basic ";
	char credentials[CREDENTIALS_MAX];
	const char *colon;

	if (strncasecmp(authorization, scheme, strlen(scheme)) != 0 ||
	    base64_decode(authorization + strlen(scheme), credentials, sizeof(credentials)) != 0)
		return false;
	colon = strchr(credentials, ':');
	return colon != NULL && is_password(g, colon + 1);
}

static enum guard_verdict judge_password(struct guard *g, const char *authorization,
					 uint64_t now_ms)
{
	if (authorization == NULL)
		return GUARD_ASK;
	if (bucket_level(&g->failures, now_ms) < 1)
		return GUARD_GUESSING;
	if (knows_password(g, authorization))
		return GUARD_PASS;
	bucket_spend(&g->failures, now_ms);
	return GUARD_WRONG;
}

/* --- all together --- */

void guard_init(struct guard *g, const char *hosts, const char *password)
{
	*g = (struct guard){.hosts = hosts, .asks = password != NULL};
	if (password != NULL)
		memcpy(g->password, password, strnlen(password, GUARD_PASSWORD_MAX));
	bucket_init(&g->failures, FAILURES_AT_ONCE, FAILURE_BACK_MS);
}

enum guard_verdict guard_judge(struct guard *g, const struct guard_request *r, uint64_t now_ms)
{
	if (r->doubled)
		return GUARD_DOUBLED;
	if (r->host == NULL || !is_ours(g, r->host))
		return GUARD_HOST;
	if (is_foreign(r))
		return GUARD_SITE;
	if (!g->asks || strcmp(r->path, HEALTH) == 0)
		return GUARD_PASS;
	return judge_password(g, r->authorization, now_ms);
}
