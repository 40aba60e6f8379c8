/* Pure. How many replicas of the target there are and how many of them are in rotation. */
#ifndef MONITOR_REPLICAS_H
#define MONITOR_REPLICAS_H

#include "common/docker_codec.h"
#include "common/message.h"

/* Running containers in ${list} that are the template or a replica of ${target}; one on its way out
 * (TARGET-drain-N) no longer counts. */
int replicas_running(const struct docker_container *list, size_t n, const char *target);

/* Of the servers that the watcher last reported, those of ${target}; -1 where it reports another
 * service's. */
int replicas_in_rotation(const struct message_upstreams *, const char *target);

#endif
