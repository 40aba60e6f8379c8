/* Pure. A copy has all the rights of its template.  One by which the host could be taken over is
 * not copied, unless that was allowed: whoever may ask for replicas may then ask for more of it. */
#ifndef EXECUTOR_PRIVILEGES_H
#define EXECUTOR_PRIVILEGES_H

#include "executor/clone.h"

/* 0, or -EACCES with ${ret_error}: the container whose inspect is ${inspect} is privileged, has a
 * socket of the engine mounted or a directory where that is, or the host's processes or IPC.  (The
 * host's network cannot be had twice: clone_make.) */
int privileges_check(const cJSON *inspect, struct clone_error *ret_error);

#endif
