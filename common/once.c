/* Pure. A set of texts so small that it is walked. */
#include "common/once.h"

#include <stdio.h>
#include <string.h>

bool once_new(struct once *once, const char *cause)
{
	for (size_t i = 0; i < once->n; i++)
		if (!strncmp(once->causes[i], cause, ONCE_BYTES_MAX - 1))
			return false;
	if (once->n == ONCE_MAX)
		return false;
	snprintf(once->causes[once->n++], ONCE_BYTES_MAX, "%s", cause);
	return true;
}
