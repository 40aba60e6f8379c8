/* The planner's default settings, for tests of what is decided by them. */
#ifndef TESTS_DEFAULT_POLICY_H
#define TESTS_DEFAULT_POLICY_H

#include "planner/config.h"
#include "tests/unit/unit.h"

#include <string.h>

static inline const char *default_policy_lookup(const char *name, void *policy)
{
	return strcmp(name, "PLANNER_POLICY") == 0 ? *(const char **)policy : NULL;
}

/* All defaults but the policy itself. */
static inline struct policy_config default_policy(const char *policy)
{
	struct planner_config c = {0};
	struct buf errors;

	buf_init(&errors, 4096);
	assert_int_equal(
		settings_parse(planner_settings, default_policy_lookup, NULL, &policy, &c, &errors),
		0);
	settings_free(planner_settings, &c);
	buf_free(&errors);
	return c.policy;
}

#endif
