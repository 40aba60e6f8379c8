/* Pure. Which containers of the target there are and which of them are in rotation. */
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

/* All containers of ${target} in ${list}: the template, replicas by number, those on their way out;
 * the first MESSAGE_CONTAINERS_MAX of these.  Returns how many.  What runs is STARTING until
 * replicas_mark says otherwise. */
size_t replicas_list(const struct docker_container *list, size_t n, const char *target,
		     struct message_container ret[MESSAGE_CONTAINERS_MAX]);

/* READY is what runs and is in rotation by ${upstreams}, STARTING what runs and is not. */
void replicas_mark(struct message_container *, size_t n, const struct message_upstreams *upstreams);

#endif
