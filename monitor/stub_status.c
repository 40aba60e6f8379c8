/* Pure. The page is words and numbers in a fixed order. */
#include "monitor/stub_status.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *words; /* before the number */
	size_t offset;
} PAGE[] = {
	{"Active connections:", offsetof(struct stub_status, active)},
	{"server accepts handled requests", offsetof(struct stub_status, accepts)},
	{"", offsetof(struct stub_status, handled)},
	{"", offsetof(struct stub_status, requests)},
	{"Reading:", offsetof(struct stub_status, reading)},
	{"Writing:", offsetof(struct stub_status, writing)},
	{"Waiting:", offsetof(struct stub_status, waiting)},
};

enum { DIGITS_MAX = 18 }; /* what a signed difference can hold */

static const char *past_space(const char *at)
{
	return at + strspn(at, " \r\n");
}

static const char *number(const char *at, uint64_t *ret)
{
	size_t digits = strspn(at, "0123456789");

	if (digits == 0 || digits > DIGITS_MAX)
		return NULL;
	*ret = 0;
	for (const char *end = at + digits; at < end; at++)
		*ret = *ret * 10 + (uint64_t)(*at - '0');
	return at;
}

int stub_status_parse(const char *text, struct stub_status *ret)
{
	struct stub_status page;

	for (size_t i = 0; i < sizeof(PAGE) / sizeof(PAGE[0]); i++) {
		size_t len = strlen(PAGE[i].words);

		text = past_space(text);
		if (strncmp(text, PAGE[i].words, len) != 0)
			return -EBADMSG;
		text = number(past_space(text + len),
			      (uint64_t *)(void *)((char *)&page + PAGE[i].offset));
		if (text == NULL)
			return -EBADMSG;
	}
	if (*past_space(text) != '\0')
		return -EBADMSG;
	*ret = page;
	return 0;
}
