/* Pure. Which replicas of a service may get requests: the one place in the suite that decides
 * "ready".
 *
 * With READY_PATH a replica is ready once its own door answered (a 2xx of READY_PATH, asked by
 * knock.h) and Docker does not call it unhealthy.  Without READY_PATH Docker's health check says so
 * where there is one, else a TCP connection that was accepted.  Ready sticks until the container
 * stops, restarts, becomes unhealthy, moves to another address or is renamed to leave. */
#ifndef WATCHER_READINESS_H
#define WATCHER_READINESS_H

#include "common/docker_codec.h"
#include "common/message.h"

#include <stdbool.h>
#include <stddef.h>

#define READINESS_ADDRESS_MAX sizeof(((struct message_server *)0)->address)

enum readiness_state {
	READINESS_GONE,     /* not running, or it is on no network of the load balancer's */
	READINESS_KNOCKING, /* its own door has to answer */
	READINESS_WAITING,  /* Docker's health check has to say so */
	READINESS_SICK,     /* unhealthy, says Docker */
	READINESS_READY,
};
#define READINESS_STATES 5

struct readiness_replica {
	struct message_server server;
	int number; /* 0: the template */
	enum readiness_state state;
	enum docker_health health; /* when last listed */
	bool listed;               /* used while a list is taken in */
};

struct readiness {
	const char *target;
	bool by_path; /* READY_PATH is set */
	int app_port;
	struct readiness_replica *replicas; /* candidates only, by number; at most
					       MESSAGE_SERVERS_MAX */
	size_t n;
};

/* Start with no replica.  ${target} must stay valid.  Free with readiness_free. */
void readiness_init(struct readiness *, const char *target, bool by_path, int app_port);
void readiness_free(struct readiness *);

/* Take in what Docker lists.  Candidates are the running containers named TARGET or TARGET-dup-N
 * that ${lb} (NULL: there is no load balancer, so no candidates) can reach. */
void readiness_list(struct readiness *, const struct docker_container *list, size_t n,
		    const struct docker_container *lb);

/* The replica ${id} answered a knock at ${address}; ignored when it is elsewhere by now. */
void readiness_answered(struct readiness *, const char *id, const char *address);

/* What an event is to the watcher.  A replica that died, paused or became unhealthy is no longer
 * ready from here on, whatever a list that is under way may say. */
enum readiness_interest {
	READINESS_IGNORE, /* of no container that matters here */
	READINESS_LOOK,   /* something changed */
	READINESS_HURRY,  /* a replica may have to leave */
};
enum readiness_interest readiness_event(struct readiness *, const char *lb_name,
					const struct docker_event *);

/* Where ${lb} reaches ${c}: "IP:port" on the first network, by name, that they share ("[IP]:port"
 * for IPv6); a load balancer in the host's network reaches them all.  False when there is none. */
bool readiness_address(const struct docker_container *c, const struct docker_container *lb,
		       int app_port, char ret[READINESS_ADDRESS_MAX]);

#endif
