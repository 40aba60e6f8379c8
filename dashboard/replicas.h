/* Pure. The table of replicas: what Docker lists of them, where nginx sends, and what they answer,
 * brought together by name and address. */
#ifndef DASHBOARD_REPLICAS_H
#define DASHBOARD_REPLICAS_H

#include "common/message.h"

/* All zero: nothing is known. */
struct replicas {
	double alert_ts, servers_ts; /* of the messages that these came with */
	struct message_container *containers;
	size_t containers_n;
	struct message_replica_traffic *traffic;
	size_t traffic_n;
	struct message_server *servers;
	size_t servers_n;
};

/* Take over the arrays of the newest message, which has none then.  ${ts}: when it was sent. */
void replicas_take_alert(struct replicas *, struct message_alert *, double ts);
void replicas_take_upstreams(struct replicas *, struct message_upstreams *, double ts);

void replicas_done(struct replicas *);

/* An array, by name: "name", "state" (of message_container), and where they are known "address",
 * "rps" (answers a second), "p95_ms", "share" (of all answers), "error_rate", "created_ts".  To be
 * deleted. */
cJSON *replicas_json(const struct replicas *);

#endif
