/* Pure. One thing to do to one container: what the reconciler asks for and the lifecycle does. */
#ifndef EXECUTOR_STEP_H
#define EXECUTOR_STEP_H

#include "common/docker_codec.h"
#include "common/replica.h"

enum step_kind {
	STEP_CREATE,  /* a replica: copy the template, connect its networks, start it */
	STEP_RENAME,  /* ${name} to ${new_name} */
	STEP_STOP,    /* gracefully */
	STEP_RESTART, /* gracefully; starts it where it is stopped */
	STEP_REMOVE,  /* with its anonymous volumes; it is not running */
};
#define STEP_KINDS 5

struct step {
	enum step_kind kind;
	char id[DOCKER_ID_MAX];          /* of the container; CREATE: of the template to copy */
	char name[REPLICA_NAME_MAX];     /* it has; CREATE: it gets */
	char new_name[REPLICA_NAME_MAX]; /* RENAME only */
	int n;                           /* of the replica; 0: the template */
};

#endif
