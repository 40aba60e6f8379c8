/* Pure. What a container's name says about its part in a service: the one place that knows the
 * naming rule.
 *
 *   TARGET           the template, which the user started
 *   TARGET-dup-N     a replica, N >= 1, no leading zero
 *   TARGET-drain-N   a replica on its way out; N = 0: the template, out of rotation for a restart
 */
#ifndef COMMON_REPLICA_H
#define COMMON_REPLICA_H

#include <stdbool.h>

#define REPLICA_NAME_MAX 128 /* bytes, the NUL counted; longer names are refused */

#define LABEL_TARGET     "agentic.target"     /* "true" on the template */
#define LABEL_REPLICA_OF "agentic.replica-of" /* TARGET, on every replica */

enum replica_role {
	REPLICA_NONE, /* not of this service */
	REPLICA_TEMPLATE,
	REPLICA_DUP,
	REPLICA_DRAIN,
};

/* The role of the container called ${name} in service ${target}, and its number (0 for the
 * template;
 * ${ret_n} may be NULL).  A leading slash, as Docker writes it, is ignored. */
enum replica_role replica_parse(const char *target, const char *name, int *ret_n);

/* Write the name of number ${n} in ${role} (DUP, DRAIN or TEMPLATE) to ${ret}. */
void replica_format(const char *target, enum replica_role role, int n, char ret[REPLICA_NAME_MAX]);

/* Whether ${name} is one that Docker accepts for a container and that leaves room for
 * "-drain-NNNNN": [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 100 bytes. */
bool replica_target_valid(const char *name);

#endif
