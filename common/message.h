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

#define MESSAGE_BYTES_MAX        65536 /* longer messages are refused unread */
#define MESSAGE_ID_MAX           65    /* sizes count the NUL */
#define MESSAGE_TEXT_MAX         512
#define MESSAGE_COUNT_MAX        10000 /* no replica count beyond this is believed */
#define MESSAGE_LOW_MAX          64    /* flags in telemetry.low_windows */
#define MESSAGE_SERVERS_MAX      1024
#define MESSAGE_TRAFFIC_MAX      256 /* replicas that traffic tells apart; the busiest of more */
#define MESSAGE_CONTAINERS_MAX   256
#define MESSAGE_DEPENDENCIES_MAX 16

#define CHANNEL_ALERTS  "alerts"
#define CHANNEL_ACTIONS "actions"
#define CHANNEL_RESULTS "results"
#define CHANNEL_ADVICE  "advice"

/* Has no stream: bus_announce. */
#define CHANNEL_HEARTBEATS "heartbeats"

struct message_error {
	char text[160];
};

/* Real traffic as nginx saw it, in one window; probes and status reads are not in it.  Absent
 * (present false) without telemetry from nginx.  Figures of the access log are NaN without one. */
struct message_traffic {
	bool present;
	double rps;                    /* arrivals a second */
	double completed_rps;          /* answers a second, whatever their status */
	double in_flight;              /* requests */
	double p50_ms, p95_ms, p99_ms; /* first byte of a request to the last of its answer */
	double error_rate;             /* share of 5xx among the answers, 0..1 */
	double upstream_ms;            /* mean time that replicas took for the answers below 500 */
};

/* The share of one replica in that. */
struct message_replica_traffic {
	char name[REPLICA_NAME_MAX]; /* "" where the address is not known to be anybody's */
	char address[64];            /* ip:port */
	double completed_rps;
	double p50_ms, p95_ms, p99_ms; /* of the replica's own answers; NaN: unknown */
	double error_rate;
	double upstream_ms;
};

enum message_container_state {
	CONTAINER_STARTING, /* it runs, and is not in rotation */
	CONTAINER_READY,    /* in rotation */
	CONTAINER_DRAINING, /* TARGET-drain-N, on its way out */
	CONTAINER_DOWN      /* it does not run */
};

/* One of the target's, for people. */
struct message_container {
	char name[REPLICA_NAME_MAX];
	enum message_container_state state;
	double created_ts; /* NaN: unknown */
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
	struct message_replica_traffic *by_replica; /* owned: message_alert_done */
	size_t by_replica_n;
	struct message_container *containers; /* all that Docker lists; owned likewise */
	size_t containers_n;                  /* 0: unknown */
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
	int telemetry_replicas;     /* -1: not given */
	char alert[MESSAGE_ID_MAX]; /* id of the alert it answers; "" where that had none */
	double heard_ts;            /* when the planner heard that; NaN: not given */
	cJSON *explain;             /* objects or NULL; owned: message_plan_done */
	cJSON *advisor;
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
	int lease;                           /* token it was done under; -1: not given */
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

/* results, kind "receipt": what users' requests met while one plan was carried out, by monitor. */
struct message_receipt {
	char id[MESSAGE_ID_MAX];
	char plan[MESSAGE_ID_MAX]; /* id of the result that it is about */
	char target[REPLICA_NAME_MAX];
	double ts;
	enum message_action action; /* of that result, like the next two */
	int replicas_before, replicas_after;
	double from_ts, to_ts; /* requests that ended from here to there */
	double unseen_ms;      /* the beginning of that time, of which nothing is known */
	int requests;          /* users', all that ended */
	int failed;            /* of these, answered with 5xx */
	int given_up;          /* of these, by the client before there was an answer */
	double longest_gap_ms; /* in which none ended; NaN without a request, like the next */
	double slowest_ms;
	int lost_lines; /* requests that ended and were not heard of; -1 unknown */
};

enum message_outcome {
	OUTCOME_VERDICT,   /* a verdict that fits the schema */
	OUTCOME_ABSTAINED, /* it answered, but not with one */
	OUTCOME_FAILED     /* no answer: limits, errors, time */
};
enum message_mode { MODE_ADVISE, MODE_SHADOW, MODE_OFF }; /* an advice is never MODE_OFF */

/* advice, kind "advice": what came of asking the advisor once, by planner. */
struct message_advice {
	char id[MESSAGE_ID_MAX];
	char target[REPLICA_NAME_MAX];
	double ts;       /* when it ended */
	double asked_ts; /* ts of the alert it was asked about */
	char state[64];  /* what must still hold for the verdict to count: policy_decision.state */
	enum message_mode mode;
	char provider[16], model[128]; /* model as the reply names it, else as asked */
	enum message_outcome outcome;
	char cause[MESSAGE_TEXT_MAX]; /* of an abstention or a failure; without secrets */
	enum message_action action;   /* of a verdict only, like the next three */
	char reason[MESSAGE_TEXT_MAX];
	double alpha_up, beta_down;    /* NaN: none proposed */
	enum message_action heuristic; /* what was decided without it, about the same alert */
	int heuristic_replicas;
	double latency_ms;
	int tokens_in, tokens_out; /* -1 unknown */
	double cost_usd;           /* NaN unknown */
	double retry_ts;           /* not asked again before; NaN: no limit */
};

enum message_judgement { JUDGED_AGREED, JUDGED_HELPFUL, JUDGED_HARMFUL, JUDGED_NEUTRAL };

/* advice, kind "judgement": how a verdict turned out, some windows later, by planner. */
struct message_judged {
	char id[MESSAGE_ID_MAX];
	char target[REPLICA_NAME_MAX];
	double ts;
	char advice[MESSAGE_ID_MAX]; /* id of the advice */
	enum message_judgement judgement;
	int windows, slo_windows; /* seen since, and of these over the objective */
	double replica_sec;       /* more (or, negative, fewer) than the heuristic's count cost */
	char reason[MESSAGE_TEXT_MAX];
};

struct message_dependency {
	char name[32];
	bool up;
	double since_ts;               /* of that; NaN: unknown */
	char detail[MESSAGE_TEXT_MAX]; /* why it is down; "" */
};

/* What is left of asking the advisor. */
struct message_beat_advisor {
	bool present;
	enum message_mode mode;
	char provider[16], model[128];
	int asked_today;    /* since midnight Pacific; -1 unknown */
	int day_budget;     /* -1: no limit */
	double minute_left; /* questions that may follow at once; NaN: unknown */
	double retry_ts;    /* not asked again before; NaN: no limit */
	bool hopeless;      /* until it is started with other settings */
	int failures;       /* in a row; -1 unknown */
};

enum message_beat_status { BEAT_OK, BEAT_DEGRADED /* a dependency is down */ };

/* heartbeats: a daemon lives, by each that does something. */
struct message_heartbeat {
	char id[MESSAGE_ID_MAX];
	char daemon[32];
	char target[REPLICA_NAME_MAX];
	char version[32];
	double ts;
	double uptime_sec;
	double every_sec; /* until the next; NaN: not given */
	enum message_beat_status status;
	struct message_dependency *dependencies; /* owned: message_heartbeat_done */
	size_t dependencies_n;
	struct message_beat_advisor advisor; /* by planner */
};

/* ${default_target} stands where the message names none.  The last of by_replica and of containers
 * are left out of a message that would pass MESSAGE_BYTES_MAX. */
int message_alert_decode(const char *text, size_t len, const char *default_target,
			 struct message_alert *ret, struct message_error *ret_error);
char *message_alert_encode(const struct message_alert *);
void message_alert_done(struct message_alert *);

/* A message of another kind than "plan" (an {"kind":"error"}) gives -ENOMSG. */
int message_plan_decode(const char *text, size_t len, const char *default_target,
			struct message_plan *ret, struct message_error *ret_error);
char *message_plan_encode(const struct message_plan *);
void message_plan_done(struct message_plan *);

/* {"kind":"error"} for the actions channel: planning failed on the message ${raw}. */
char *message_plan_error_encode(const char *id, double ts, const char *error, const char *raw,
				size_t raw_len);

/* Which of the three a text on the results channel is: exactly one of the outputs is filled and its
 * kind returned.  ${ret_receipt} may be NULL: a receipt is then checked and left. */
enum message_results_kind {
	RESULTS_RESULT = 1,
	RESULTS_UPSTREAMS = 2,
	RESULTS_RECEIPT = 3
}; /* below 0: -EBADMSG */
int message_results_decode(const char *text, size_t len, const char *default_target,
			   struct message_result *ret_result,
			   struct message_upstreams *ret_upstreams,
			   struct message_receipt *ret_receipt, struct message_error *ret_error);
char *message_result_encode(const struct message_result *);
char *message_receipt_encode(const struct message_receipt *);
char *message_upstreams_encode(const struct message_upstreams *);
void message_upstreams_done(struct message_upstreams *);

/* Which of the two a text on the advice channel is: exactly one of the outputs is filled and its
 * kind returned. */
enum message_advice_kind { ADVICE_ADVICE = 1, ADVICE_JUDGED = 2 }; /* below 0: -EBADMSG */
int message_advice_decode(const char *text, size_t len, const char *default_target,
			  struct message_advice *ret_advice, struct message_judged *ret_judged,
			  struct message_error *ret_error);
char *message_advice_encode(const struct message_advice *);
char *message_judged_encode(const struct message_judged *);

/* At most MESSAGE_DEPENDENCIES_MAX dependencies are sent. */
int message_heartbeat_decode(const char *text, size_t len, const char *default_target,
			     struct message_heartbeat *ret, struct message_error *ret_error);
char *message_heartbeat_encode(const struct message_heartbeat *);
void message_heartbeat_done(struct message_heartbeat *);

/* Wire names: "scale_up", "ok", "verdict", "advise", "helpful", "ready". */
const char *message_action_name(enum message_action);
const char *message_status_name(enum message_status);
const char *message_outcome_name(enum message_outcome);
const char *message_mode_name(enum message_mode);
const char *message_judgement_name(enum message_judgement);
const char *message_container_state_name(enum message_container_state);

#endif
