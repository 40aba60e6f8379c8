/* Pure. The wire contract (docs/protocol.md) as C structures: the only place that encodes or
 * decodes a message.
 *
 * Decoders accept the predecessor's messages (optional fields missing), ignore unknown fields, and
 * refuse the rest: 0, or -EBADMSG with a sentence in ${ret_error} that names the field.  Numbers
 * must be finite JSON numbers in range, "3" is not 3.  Encoders return JSON text that the caller
 * frees. */
#ifndef COMMON_MESSAGE_H
#define COMMON_MESSAGE_H

#include "common/replica.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define MESSAGE_BYTES_MAX   65536 /* longer messages are refused unread */
#define MESSAGE_ID_MAX      65    /* sizes count the NUL */
#define MESSAGE_TEXT_MAX    512
#define MESSAGE_COUNT_MAX   10000 /* no replica count beyond this is believed */
#define MESSAGE_LOW_MAX     64    /* flags in telemetry.low_windows */
#define MESSAGE_SERVERS_MAX 1024

#define CHANNEL_ALERTS  "alerts"
#define CHANNEL_ACTIONS "actions"
#define CHANNEL_RESULTS "results"

struct message_error {
	char text[160];
};

/* Real traffic as nginx saw it, in one window.  Absent (present false) without telemetry from
 * nginx. */
struct message_traffic {
	bool present;
	double rps;        /* arrivals a second */
	double in_flight;  /* requests */
	double p95_ms;     /* NaN: unknown */
	double error_rate; /* share of 5xx, 0..1 */
};

/* alerts: one window of probes, by monitor. */
struct message_alert {
	char id[MESSAGE_ID_MAX]; /* "" where the sender gave none */
	char target[REPLICA_NAME_MAX];
	char endpoint[MESSAGE_TEXT_MAX];
	double window_sec;
	int requests;
	double success_rate;                   /* share of 2xx, 0..1 */
	double avg_ms, p50_ms, p95_ms, p99_ms; /* p50 and p99 NaN where the sender gave none */
	int replicas; /* running containers of the target; 1 where the sender gave none */
	int ready;    /* of these in rotation; -1 unknown */
	double ts;    /* seconds since 1970, when the window closed; NaN: not given */
	struct message_traffic traffic;
};

enum message_action { ACTION_NOOP, ACTION_RESTART, ACTION_SCALE_UP, ACTION_SCALE_DOWN };

/* actions: what to do about one alert, by planner. */
struct message_plan {
	char id[MESSAGE_ID_MAX];
	char target[REPLICA_NAME_MAX];
	enum message_action action;
	char reason[MESSAGE_TEXT_MAX];
	int replicas;      /* wanted after the action; -1: not given, move by one */
	double ts;         /* when it was decided; NaN: not given */
	double window_sec; /* of the alert it answers, which sets how long it stays good; NaN: not
			      given */
	double p95_ms, baseline_ms, sigma_ms; /* NaN where not given */
	bool low_windows[MESSAGE_LOW_MAX];    /* oldest first */
	int low_windows_n;
	int telemetry_replicas; /* -1: not given */
	cJSON *explain;         /* object or NULL; owned: message_plan_done */
};

enum message_status { STATUS_OK, STATUS_NOOP, STATUS_SKIPPED, STATUS_ERROR };

/* results: what became of one plan, or a repair of its own accord, by executor. */
struct message_result {
	char id[MESSAGE_ID_MAX]; /* the plan's, or an own one for a repair */
	char target[REPLICA_NAME_MAX];
	enum message_action action;
	char reason[MESSAGE_TEXT_MAX];
	enum message_status status;
	char message[MESSAGE_TEXT_MAX];
	int replicas_before, replicas_after; /* running, the template counted; -1 unknown */
	int wanted;                          /* the count the executor now keeps; -1: not given */
	double duration_ms;
	double ts;
};

struct message_server {
	char name[REPLICA_NAME_MAX];
	char address[64]; /* ip:port */
	char id[65];      /* container id; "" where the sender gave none */
};

/* results, kind "upstreams": what nginx now sends to, by watcher. */
struct message_upstreams {
	char id[MESSAGE_ID_MAX];
	char target[REPLICA_NAME_MAX];
	int generation;
	struct message_server *servers; /* owned: message_upstreams_done */
	size_t servers_n;
	struct message_server *drained; /* no nginx worker knows these any more; address "" */
	size_t drained_n;
	enum message_status
		status; /* error: nginx refused, and servers are still the last good ones */
	char message[MESSAGE_TEXT_MAX];
	double ts;
};

/* ${default_target} stands where the message names none. */
int message_alert_decode(const char *text, size_t len, const char *default_target,
			 struct message_alert *ret, struct message_error *ret_error);
char *message_alert_encode(const struct message_alert *);

/* A message of another kind than "plan" (an {"kind":"error"}) gives -ENOMSG. */
int message_plan_decode(const char *text, size_t len, const char *default_target,
			struct message_plan *ret, struct message_error *ret_error);
char *message_plan_encode(const struct message_plan *);
void message_plan_done(struct message_plan *);

/* {"kind":"error"} for the actions channel: planning failed on the message ${raw}. */
char *message_plan_error_encode(const char *id, double ts, const char *error, const char *raw,
				size_t raw_len);

/* Which of the two a text on the results channel is: exactly one of the outputs is filled and its
 * kind returned. */
enum message_results_kind { RESULTS_RESULT = 1, RESULTS_UPSTREAMS = 2 }; /* below 0: -EBADMSG */
int message_results_decode(const char *text, size_t len, const char *default_target,
			   struct message_result *ret_result,
			   struct message_upstreams *ret_upstreams,
			   struct message_error *ret_error);
char *message_result_encode(const struct message_result *);
char *message_upstreams_encode(const struct message_upstreams *);
void message_upstreams_done(struct message_upstreams *);

/* Wire names: "scale_up", "ok". */
const char *message_action_name(enum message_action);
const char *message_status_name(enum message_status);

#endif
