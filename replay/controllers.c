/* Pure. The controllers by name. */
#include "replay/controllers.h"

#include "common/message.h"

#include <stdlib.h>
#include <string.h>

static const struct controller *const controllers[] = {
	&controller_adaptive, &controller_classic, &controller_hpa,    &controller_kpa,
	&controller_aws,      &controller_step,    &controller_oracle,
};

/* N of "static:N", 1 to MESSAGE_COUNT_MAX; 0: something else. */
static int fixed_count(const char *name)
{
	static const char PREFIX[] = "static:";
	size_t len = sizeof(PREFIX) - 1;
	char *end;

	if (strncmp(name, PREFIX, len) != 0 || name[len] < '0' || name[len] > '9')
		return 0;
	unsigned long n = strtoul(name + len, &end, 10);
	return *end == '\0' && n <= MESSAGE_COUNT_MAX ? (int)n : 0;
}

const struct controller *controller_find(const char *name, int *ret_fixed)
{
	*ret_fixed = fixed_count(name);
	if (*ret_fixed > 0)
		return &controller_static;
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
		if (!strcmp(controllers[i]->name, name))
			return controllers[i];
	return NULL;
}
