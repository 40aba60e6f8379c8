/* Pure. What the Docker Engine API says, as C structures: list, events, versions. */
#ifndef COMMON_DOCKER_CODEC_H
#define COMMON_DOCKER_CODEC_H

#include "common/buf.h"
#include "common/replica.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOCKER_ID_MAX         65 /* sizes count the NUL */
#define DOCKER_NETWORKS_MAX   16 /* of one container; more are left out */
#define DOCKER_CONTAINERS_MAX 4096

enum docker_state { /* of a container; DOCKER_OTHER: a word this code does not know */
		    DOCKER_CREATED,
		    DOCKER_RUNNING,
		    DOCKER_PAUSED,
		    DOCKER_RESTARTING,
		    DOCKER_REMOVING,
		    DOCKER_EXITED,
		    DOCKER_DEAD,
		    DOCKER_OTHER,
};

enum docker_health { DOCKER_HEALTH_NONE, DOCKER_HEALTH_STARTING, DOCKER_HEALTHY, DOCKER_UNHEALTHY };

struct docker_network {
	char name[128];
	char address[46]; /* "" while it has none */
};

struct docker_container {
	char id[DOCKER_ID_MAX];
	char name[REPLICA_NAME_MAX]; /* without the slash; "" when it is longer */
	enum docker_state state;
	enum docker_health health;         /* from the words in Status: "Up 2 minutes (healthy)" */
	int64_t created_sec;               /* since 1970 */
	bool is_target;                    /* label agentic.target=true */
	char replica_of[REPLICA_NAME_MAX]; /* label agentic.replica-of, or "" */
	struct docker_network networks[DOCKER_NETWORKS_MAX]; /* by name */
	size_t networks_n;
};

/* Decode GET /containers/json.  0 and an array to free() (NULL when empty), or -EBADMSG (also for
 * more than DOCKER_CONTAINERS_MAX). */
int docker_list_decode(const cJSON *, struct docker_container **ret, size_t *ret_n);

/* One line of GET /events. */
struct docker_event {
	char action[64]; /* "start", "die", "rename", "health_status: healthy" … */
	char id[DOCKER_ID_MAX];
	char name[REPLICA_NAME_MAX];
	int64_t time_ns; /* exact, though JSON numbers are doubles in cJSON */
};

/* Decode one event.  0; -ENOMSG for one that is not of a container; -EBADMSG. */
int docker_event_decode(const char *line, size_t len, struct docker_event *ret);

/* Take the next ${len} bytes of GET /events, split and merged as the network likes.  Each line is
 * decoded and handed to ${take}: NULL for one that cannot be; none for one that is not of a
 * container.  ${rest} keeps a line whose end is still to come; its maximum is that of a line.  0;
 * -EFBIG for a longer one; -ECANCELED as soon as ${take} returns false, when nothing of the stream
 * is looked at any more. */
typedef bool docker_event_take(const struct docker_event *, void *cookie);
int docker_events_decode(struct buf *rest, const char *bytes, size_t len, docker_event_take *take,
			 void *cookie);

/* The API version to speak with an engine that offers [${min}, ${max}] ("1.24", "1.41"): the newest
 * that both know, at most DOCKER_API_MAX.  0, or -EPROTONOSUPPORT when there is none from
 * DOCKER_API_MIN on. */
#define DOCKER_API_MIN "1.40"
#define DOCKER_API_MAX "1.44"
int docker_version_choose(const char *min, const char *max, char ret[16]);

/* Compare "1.9" and "1.10" as versions: <0, 0, >0. */
int docker_version_compare(const char *a, const char *b);

/* Append the text inside the frames of an exec's output (8 bytes of header each), or all of it as
 * it is when it has none.  0; -ENOBUFS, having appended what fits; -EBADMSG for a cut or broken
 * frame, having appended the ones before. */
int docker_frames_decode(const char *bytes, size_t len, struct buf *out);

#endif
