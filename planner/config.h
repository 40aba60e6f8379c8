/* Pure. The planner's settings. */
#ifndef PLANNER_CONFIG_H
#define PLANNER_CONFIG_H

#include "common/settings.h"
#include "planner/advisor.h"
#include "planner/policy.h"

struct planner_config {
	char *target; /* of messages that name none */
	struct policy_config policy;
	struct advisor_config advisor;
	bool explain; /* --explain was given */
};

/* The rows of struct planner_config. */
extern const struct setting planner_settings[];

/* The option --explain; see service_spec.option. */
bool planner_config_option(int argc, char **argv, int *i, void *config);
extern const char planner_options_help[];

/* What one row cannot say; see service_spec.check.  ${config} is a struct planner_config. */
int planner_config_check(const void *config, struct buf *errors);

#endif
