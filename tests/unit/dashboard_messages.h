/* Shell. Messages as the dashboard hears them, for its unit tests. */
#ifndef TESTS_UNIT_DASHBOARD_MESSAGES_H
#define TESTS_UNIT_DASHBOARD_MESSAGES_H

#include "dashboard/state.h"

#include "common/json.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define NOW 1795458000.0

static inline int fold_at(struct state *st, const char *channel, const char *text, double now_sec)
{
	struct message_error error;

	return state_fold(st, channel, text, strlen(text), now_sec, &error);
}

static inline int fold(struct state *st, const char *channel, const char *text)
{
	return fold_at(st, channel, text, NOW);
}

/* Window ${n}, of as many ms, ${n} seconds after NOW; ${more} begins with a comma, or is "". */
static inline int fold_alert(struct state *st, const char *target, int n, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "{\"kind\":\"latency_metrics\",\"id\":\"a%d\",\"target\":\"%s\","
		 "\"endpoint\":\"http://lb/\",\"window_sec\":3,\"requests\":40,"
		 "\"success_rate\":0.98,\"p95_ms\":%d,\"replicas\":2,\"ready\":2,\"ts\":%.0f%s}",
		 n, target, n, NOW + n, more);
	return fold_at(st, CHANNEL_ALERTS, text, NOW + n);
}

/* The plan about window ${n}, with a baseline of ${n}.5 ms. */
static inline int fold_plan(struct state *st, const char *action, int n, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "{\"ts\":%d,\"kind\":\"plan\",\"id\":\"p%d\",\"container\":\"app\",\"decision\":{"
		 "\"action\":\"%s\",\"target\":\"app\",\"reason\":\"because\",\"replicas\":3},"
		 "\"telemetry\":{\"p95_ms\":1,\"baseline_ms\":%d.5,\"sigma_ms\":2,\"replicas\":2,"
		 "\"alert\":\"a%d\"}%s}",
		 n, n, action, n, n, more);
	return fold(st, CHANNEL_ACTIONS, text);
}

static inline int fold_result(struct state *st, int n)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"ts\":%d,\"id\":\"p%d\",\"action\":\"scale_up\",\"target\":\"app\","
		 "\"reason\":\"because\",\"result\":{\"status\":\"ok\",\"message\":\"started\"},"
		 "\"replicas_before\":2,\"replicas_after\":3,\"duration_ms\":400}",
		 n, n);
	return fold(st, CHANNEL_RESULTS, text);
}

static inline int fold_upstreams(struct state *st, const char *status, double ts)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"ts\":%.0f,\"kind\":\"upstreams\",\"id\":\"u1\",\"target\":\"app\","
		 "\"generation\":17,\"servers\":[{\"name\":\"app\",\"address\":\"10.0.0.2:8080\"},"
		 "{\"name\":\"app-dup-10\",\"address\":\"10.0.0.4:8080\"},"
		 "{\"name\":\"app-dup-2\",\"address\":\"10.0.0.3:8080\"}],\"drained\":[],"
		 "\"result\":{\"status\":\"%s\",\"message\":\"\"}}",
		 ts, status);
	return fold(st, CHANNEL_RESULTS, text);
}

/* Sent at ${ts} and heard at ${now_sec}. */
static inline int fold_beat_late(struct state *st, const char *daemon, const char *status,
				 double uptime_sec, double ts, double now_sec)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"ts\":%.1f,\"kind\":\"heartbeat\",\"id\":\"h%.0f\",\"daemon\":\"%s\","
		 "\"target\":\"app\",\"version\":\"1.2\",\"uptime_sec\":%.1f,\"every_sec\":2,"
		 "\"status\":\"%s\",\"dependencies\":[{\"name\":\"redis\",\"up\":true,"
		 "\"since_ts\":5}],\"advisor\":{\"mode\":\"off\"}}",
		 ts, uptime_sec, daemon, uptime_sec, status);
	return fold_at(st, CHANNEL_HEARTBEATS, text, now_sec);
}

static inline int fold_beat(struct state *st, const char *daemon, const char *status,
			    double uptime_sec, double now_sec)
{
	return fold_beat_late(st, daemon, status, uptime_sec, now_sec, now_sec);
}

static const char receipt_text[] =
	"{\"kind\":\"receipt\",\"id\":\"c1\",\"plan\":\"p2\",\"target\":\"app\","
	"\"action\":\"scale_up\",\"requests\":152,\"failed\":0}";

static const char advice_text[] =
	"{\"kind\":\"advice\",\"id\":\"v1\",\"target\":\"app\",\"mode\":\"shadow\","
	"\"outcome\":\"abstained\",\"heuristic\":{\"action\":\"noop\"}}";

static const char judgement_text[] =
	"{\"kind\":\"judgement\",\"id\":\"j1\",\"target\":\"app\",\"advice\":\"v1\","
	"\"judgement\":\"neutral\"}";

#endif
