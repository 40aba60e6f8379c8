/* What the planner counts of each window for /metrics. */
#include "planner/gauges.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct fixture {
	struct metrics *set;
	struct gauges gauges;
	struct message_alert alert;
	struct policy_decision decision;
};

static struct fixture fixture_new(void)
{
	struct fixture f = {
		.set = metrics_new(),
		.alert = {.p95_ms = 150, .ts = 1000},
		.decision = {.baseline_ms = 120, .slo_ms = 240, .replicas = 3},
	};

	gauges_init(&f.gauges, f.set);
	return f;
}

static void add_fact(struct fixture *f, enum policy_fact_kind kind, const char *name, double value)
{
	f->decision.facts[f->decision.facts_n++] =
		(struct policy_fact){.name = name, .kind = kind, .value = value};
}

/* ${line} stands in the exposition. */
static void serves(const struct fixture *f, const char *line)
{
	char whole[160];
	struct buf out;

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	buf_init(&out, 65536);
	metrics_render(f->set, &out);
	if (strstr(buf_text(&out), whole) == NULL)
		fail_msg("no line '%s' in\n%s", line, buf_text(&out));
	buf_free(&out);
}

static void nothing_is_known_at_first(void **state)
{
	struct fixture f = fixture_new();

	(void)state;
	serves(&f, "agentic_planner_objective_seconds NaN");
	serves(&f, "agentic_planner_arrivals_per_second NaN");
	serves(&f, "agentic_planner_replica_capacity_per_second NaN");
	serves(&f, "agentic_planner_last_alert_timestamp_seconds 0");
	metrics_free(f.set);
}

static void a_window_shows_in_the_gauges(void **state)
{
	struct fixture f = fixture_new();

	(void)state;
	add_fact(&f, FACT_GATE, "arrivals_rps", 1);
	add_fact(&f, FACT_ESTIMATE, "arrivals_rps", 41);
	add_fact(&f, FACT_ESTIMATE, "capacity_rps", 20.5);
	add_fact(&f, FACT_ESTIMATE, "good_rps", 12);
	gauges_window(&f.gauges, &f.alert, &f.decision);
	serves(&f, "agentic_planner_p95_seconds 0.15");
	serves(&f, "agentic_planner_baseline_seconds 0.12");
	serves(&f, "agentic_planner_objective_seconds 0.24");
	serves(&f, "agentic_planner_wanted_replicas 3");
	serves(&f, "agentic_planner_arrivals_per_second 41");
	serves(&f, "agentic_planner_replica_capacity_per_second 20.5");
	serves(&f, "agentic_planner_windows_total{objective=\"met\"} 0");
	metrics_free(f.set);
}

static void what_was_carried_well_stands_for_the_capacity(void **state)
{
	struct fixture f = fixture_new();

	(void)state;
	add_fact(&f, FACT_ESTIMATE, "capacity_rps", NAN);
	add_fact(&f, FACT_ESTIMATE, "good_rps", 0);
	gauges_window(&f.gauges, &f.alert, &f.decision);
	serves(&f, "agentic_planner_replica_capacity_per_second NaN");
	f.decision.facts[1].value = 12;
	gauges_window(&f.gauges, &f.alert, &f.decision);
	serves(&f, "agentic_planner_replica_capacity_per_second 12");
	metrics_free(f.set);
}

static void windows_count_where_there_is_an_objective(void **state)
{
	struct fixture f = fixture_new();

	(void)state;
	gauges_answered(&f.gauges, &f.alert, &f.decision, 1000.2, 30000);
	gauges_answered(&f.gauges, &f.alert, &f.decision, 1000.2, 30000);
	f.decision.over_slo = true;
	gauges_answered(&f.gauges, &f.alert, &f.decision, 1000.2, 30000);
	f.decision.slo_ms = NAN;
	gauges_answered(&f.gauges, &f.alert, &f.decision, 1000.2, 30000);
	serves(&f, "agentic_planner_windows_total{objective=\"met\"} 2");
	serves(&f, "agentic_planner_windows_total{objective=\"missed\"} 1");
	metrics_free(f.set);
}

static void an_answer_is_timed(void **state)
{
	struct fixture f = fixture_new();

	(void)state;
	gauges_answered(&f.gauges, &f.alert, &f.decision, 1000.25, 30000);
	f.alert.ts = NAN; /* the predecessor's monitor gave none */
	gauges_answered(&f.gauges, &f.alert, &f.decision, 1003.5, 30000);
	serves(&f, "agentic_planner_last_alert_timestamp_seconds 1003.5");
	serves(&f, "agentic_planner_alert_delay_seconds_bucket{le=\"0.2\"} 0");
	serves(&f, "agentic_planner_alert_delay_seconds_bucket{le=\"0.3\"} 1");
	serves(&f, "agentic_planner_alert_delay_seconds_count 1");
	serves(&f, "agentic_planner_decision_duration_seconds_bucket{le=\"2.5e-05\"} 0");
	serves(&f, "agentic_planner_decision_duration_seconds_bucket{le=\"5e-05\"} 2");
	serves(&f, "agentic_planner_decision_duration_seconds_sum 6e-05");
	metrics_free(f.set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_at_first),
		cmocka_unit_test(a_window_shows_in_the_gauges),
		cmocka_unit_test(what_was_carried_well_stands_for_the_capacity),
		cmocka_unit_test(windows_count_where_there_is_an_objective),
		cmocka_unit_test(an_answer_is_timed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
