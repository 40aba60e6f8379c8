/* Pure. A replica is a faithful copy of the template: what Docker says of the template becomes the
 * body that creates its copy.  Left out is only what cannot be had twice (ports on the host, host
 * name, addresses, aliases) and what names the original (labels). */
#ifndef EXECUTOR_CLONE_H
#define EXECUTOR_CLONE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

struct clone {
	cJSON *body;     /* of POST /containers/create */
	cJSON *connects; /* array, one for each further network: {"network": its name, "body": of
			    POST /networks/{network}/connect, still without "Container"} */
};

struct clone_error {
	char text[256]; /* a sentence */
};

/* The copy number ${n} of the container whose inspect is ${inspect} (read by json_parse_exact), in
 * service ${target}.  Where ${many_networks} (API 1.44 on) all networks are part of the creation,
 * else all but one are connected between creation and start. 0 and a clone to clone_done; -EBADMSG
 * where ${inspect} is no inspect; -ENOTSUP for a container of which there can be only one (network
 * of the host or of another container, a Swarm task). */
int clone_make(const cJSON *inspect, const char *target, int n, bool many_networks,
	       struct clone *ret, struct clone_error *ret_error);
void clone_done(struct clone *);

#endif
