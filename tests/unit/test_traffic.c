/* Spans of traffic out of lines and counters. */
#include "tests/unit/unit.h"

#include "monitor/traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US   1000000
#define SPAN_MAX_US (3 * SECOND_US)

struct fixture {
	struct traffic *traffic;
	struct traffic_reading at; /* the next reading */
	struct traffic_figures figures;
};

/* A span has begun on an nginx that has seen much. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->traffic = traffic_new(SPAN_MAX_US);
	f->at = (struct traffic_reading){
		.status = {.accepts = 5000, .handled = 5000, .requests = 10000, .writing = 1},
		.at_us = SECOND_US,
		.reads = 1,
	};
	assert_false(traffic_close(f->traffic, &f->at, &f->figures));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	traffic_free(f->traffic);
	free(f);
	return 0;
}

static void add(struct fixture *f, enum accesslog_kind kind, int status, uint64_t request_ms,
		int64_t upstream_ms, const char *address)
{
	const struct accesslog_line line = {
		.kind = kind,
		.status = status,
		.request_ms = request_ms,
		.upstream_ms = upstream_ms,
		.address = address,
		.address_bytes = strlen(address),
	};

	traffic_add(f->traffic, &line);
}

/* ${n} requests of users that began and ended, with their lines. */
static void requests(struct fixture *f, int n, int status, uint64_t ms, const char *address)
{
	f->at.status.requests += (uint64_t)n;
	for (int i = 0; i < n; i++)
		add(f, ACCESSLOG_TRAFFIC, status, ms, address[0] ? (int64_t)ms - 1 : -1, address);
}

/* Read nginx ${us} later. */
static bool close_after(struct fixture *f, uint64_t us)
{
	f->at.at_us += us;
	f->at.reads++;
	f->at.status.requests++; /* the read itself */
	return traffic_close(f->traffic, &f->at, &f->figures);
}

static const struct message_traffic *total_after(struct fixture *f, uint64_t us)
{
	assert_true(close_after(f, us));
	assert_true(f->figures.total.present);
	return &f->figures.total;
}

static void counts_over_the_exact_time(void **state)
{
	struct fixture *f = *state;

	requests(f, 300, 200, 50, "10.0.0.2:8080");
	const struct message_traffic *t = total_after(f, 2 * SECOND_US);
	assert_double_near(t->rps, 150);
	assert_double_near(t->completed_rps, 150);
	assert_double_near(t->in_flight, 0);
	assert_double_near(t->p50_ms, 50);
	assert_double_near(t->p99_ms, 50);
	assert_double_near(t->upstream_ms, 49);
	assert_double_near(t->error_rate, 0);
	assert_int_equal(f->figures.lines_lost, 0);
}

static void an_idle_service_has_no_traffic_and_no_latency(void **state)
{
	struct fixture *f = *state;

	/* 20 probes and the watcher's read of /generation in each window are none */
	for (int window = 0; window < 10; window++) {
		f->at.probes += 20;
		f->at.status.requests += 21;
		for (int i = 0; i < 20; i++)
			add(f, ACCESSLOG_PROBE, 200, 120, 119, "10.0.0.2:8080");
		add(f, ACCESSLOG_STATUS, 200, 0, -1, "");
		const struct message_traffic *t = total_after(f, SECOND_US);
		assert_double_near(t->rps, 0);
		assert_double_near(t->completed_rps, 0);
		assert_double_near(t->in_flight, 0);
		assert_true(isnan(t->p95_ms));
		assert_true(isnan(t->error_rate));
		assert_true(isnan(t->upstream_ms));
		assert_int_equal(f->figures.by_replica_n, 0);
		assert_int_equal(f->figures.lines_lost, 0);
	}
}

static void overload_does_not_hide_arrivals(void **state)
{
	struct fixture *f = *state;

	requests(f, 66, 200, 900, "10.0.0.2:8080"); /* what it can do */
	f->at.status.requests += 234;               /* and what waits for it */
	f->at.status.writing += 234;
	const struct message_traffic *t = total_after(f, SECOND_US);
	assert_double_near(t->rps, 300);
	assert_double_near(t->completed_rps, 66);
	assert_double_near(t->in_flight, 234);
	assert_int_equal(f->figures.lines_lost, 0);

	requests(f, 234, 200, 1900, "10.0.0.2:8080"); /* it drains */
	f->at.status.requests -= 234;
	f->at.status.writing -= 234;
	t = total_after(f, SECOND_US);
	assert_double_near(t->rps, 0);
	assert_double_near(t->completed_rps, 234);
	assert_double_near(t->in_flight, 0);
	assert_int_equal(f->figures.lines_lost, 0);
}

static void probes_under_way_are_not_in_flight(void **state)
{
	struct fixture *f = *state;

	f->at.probes += 20;
	f->at.probes_out = 3;
	f->at.status.requests += 20 + 5;
	f->at.status.writing += 3 + 5;
	for (int i = 0; i < 17; i++)
		add(f, ACCESSLOG_PROBE, 200, 120, 119, "10.0.0.2:8080");
	const struct message_traffic *t = total_after(f, SECOND_US);
	assert_double_near(t->rps, 5);
	assert_double_near(t->in_flight, 5);

	/* out by this side's count and not yet in nginx's: never less than nothing */
	f->at.probes_out = 20;
	assert_double_near(total_after(f, SECOND_US)->in_flight, 0);
}

static void a_fast_error_never_looks_like_a_fast_reply(void **state)
{
	struct fixture *f = *state;

	requests(f, 50, 200, 100, "10.0.0.2:8080");
	requests(f, 150, 502, 1, "10.0.0.3:8080");
	const struct message_traffic *t = total_after(f, SECOND_US);
	assert_double_near(t->p50_ms, 100);
	assert_double_near(t->error_rate, 0.75);
	assert_double_near(t->upstream_ms, 99);
	assert_double_near(t->completed_rps, 200);

	requests(f, 200, 502, 0, ""); /* all of it down */
	t = total_after(f, SECOND_US);
	assert_true(isnan(t->p50_ms) && isnan(t->p95_ms) && isnan(t->p99_ms));
	assert_true(isnan(t->upstream_ms));
	assert_double_near(t->error_rate, 1);
}

static void slow_errors_raise_the_quantiles(void **state)
{
	struct fixture *f = *state;

	requests(f, 90, 200, 100, "10.0.0.2:8080");
	requests(f, 10, 504, 60000, "10.0.0.2:8080");
	const struct message_traffic *t = total_after(f, SECOND_US);
	assert_double_near(t->p50_ms, 100);
	assert_true(t->p95_ms > 59000);
	assert_double_near(t->upstream_ms, 99);
}

static void who_leaves_got_no_answer_but_waited(void **state)
{
	struct fixture *f = *state;

	requests(f, 50, 200, 100, "10.0.0.2:8080");
	requests(f, 50, 499, 2000, "10.0.0.2:8080");
	const struct message_traffic *t = total_after(f, SECOND_US);
	assert_double_near(t->rps, 100);
	assert_double_near(t->completed_rps, 50);
	assert_double_near(t->error_rate, 0);
	assert_double_near(t->upstream_ms, 99);
	assert_true(t->p95_ms > 1980);
	assert_double_near(f->figures.by_replica[0].completed_rps, 50);
	assert_int_equal(f->figures.lines_lost, 0);
}

static void a_websocket_has_no_latency(void **state)
{
	struct fixture *f = *state;

	requests(f, 10, 200, 100, "10.0.0.2:8080");
	requests(f, 10, 101, 3600000, "10.0.0.2:8080");
	const struct message_traffic *t = total_after(f, SECOND_US);
	assert_double_near(t->p99_ms, 100);
	assert_double_near(t->upstream_ms, 99);
	assert_double_near(t->completed_rps, 20);
}

static void tells_replicas_apart_the_busiest_first(void **state)
{
	struct fixture *f = *state;

	requests(f, 10, 200, 30, "10.0.0.2:8080");
	requests(f, 40, 200, 60, "10.0.0.3:8080");
	requests(f, 10, 500, 10, "10.0.0.3:8080");
	requests(f, 5, 404, 1, ""); /* nginx's own */
	total_after(f, SECOND_US);
	assert_int_equal(f->figures.by_replica_n, 2);
	const struct message_replica_traffic *r = f->figures.by_replica;
	assert_string_equal(r[0].address, "10.0.0.3:8080");
	assert_string_equal(r[0].name, "");
	assert_double_near(r[0].completed_rps, 50);
	assert_double_near(r[0].error_rate, 0.2);
	assert_double_near(r[0].p50_ms, 59); /* its own time */
	assert_double_near(r[0].upstream_ms, 59);
	assert_string_equal(r[1].address, "10.0.0.2:8080");
	assert_double_near(r[1].completed_rps, 10);
	assert_double_near(r[1].p99_ms, 29);

	requests(f, 1, 200, 5, "10.0.0.2:8080"); /* nothing of the last span is left */
	total_after(f, SECOND_US);
	assert_int_equal(f->figures.by_replica_n, 1);
	assert_double_near(f->figures.by_replica[0].p99_ms, 4);
}

static void more_replicas_than_it_tells_apart_count_in_the_total(void **state)
{
	struct fixture *f = *state;
	enum { N = MESSAGE_TRAFFIC_MAX + 44 };

	for (int span = 0; span < 2; span++) {
		for (int i = 0; i < N; i++) {
			char address[32];

			snprintf(address, sizeof(address), "10.0.%d.%d:8080", i / 250, i % 250);
			requests(f, 2, 200, 10, address);
		}
		const struct message_traffic *t = total_after(f, SECOND_US);
		assert_double_near(t->completed_rps, 2 * N);
		assert_int_equal(f->figures.by_replica_n, MESSAGE_TRAFFIC_MAX);
		for (size_t i = 0; i < MESSAGE_TRAFFIC_MAX; i++)
			assert_double_near(f->figures.by_replica[i].completed_rps, 2);
	}
}

/* ---- when lines or counters are missing ---- */

static void lost_lines_are_counted_and_made_up_for(void **state)
{
	struct fixture *f = *state;

	requests(f, 600, 200, 50, "10.0.0.2:8080");
	requests(f, 150, 500, 50, "10.0.0.3:8080");
	f->at.status.requests += 250; /* ended without a line */
	const struct message_traffic *t = total_after(f, SECOND_US);
	assert_int_equal(f->figures.lines_lost, 250);
	assert_double_near(t->rps, 1000);
	assert_double_near(t->completed_rps, 1000);
	assert_double_near(t->error_rate, 0.2);
	assert_double_near(f->figures.by_replica[0].completed_rps, 800);
	assert_double_near(f->figures.by_replica[1].completed_rps, 200);

	requests(f, 100, 200, 50, "10.0.0.2:8080");
	t = total_after(f, SECOND_US);
	assert_int_equal(f->figures.lines_lost, 0); /* counted once */
	assert_double_near(t->completed_rps, 100);
}

static void lines_a_moment_early_or_late_are_not_lost(void **state)
{
	struct fixture *f = *state;
	uint64_t lost = 0;

	for (int window = 0; window < 1000; window++) {
		/* 5 of 200 lines come before the page on odd windows, 5 after it on even ones */
		int shift = window % 2 ? 5 : -5;

		requests(f, 200 + shift, 200, 50, "10.0.0.2:8080");
		f->at.status.requests -= (uint64_t)shift;
		total_after(f, SECOND_US);
		lost += f->figures.lines_lost;
	}
	assert_int_equal(lost, 0);
}

static void a_small_steady_loss_adds_up(void **state)
{
	struct fixture *f = *state;
	uint64_t lost = 0;

	for (int window = 0; window < 1000; window++) {
		requests(f, 199, 200, 50, "10.0.0.2:8080");
		f->at.status.requests++;
		total_after(f, SECOND_US);
		lost += f->figures.lines_lost;
	}
	assert_in_range(lost, 980, 1000);
}

static void without_an_access_log_the_counters_tell(void **state)
{
	struct fixture *f = *state;

	for (int window = 0; window < 3; window++) {
		f->at.status.requests += 3;
		const struct message_traffic *t = total_after(f, SECOND_US);
		assert_double_near(t->rps, 3);
		assert_double_near(t->completed_rps, 3);
		assert_true(isnan(t->p95_ms) && isnan(t->error_rate) && isnan(t->upstream_ms));
		assert_int_equal(f->figures.by_replica_n, 0);
		assert_int_equal(f->figures.lines_lost, 3);
	}
}

static void a_window_without_an_answer_makes_the_next_longer(void **state)
{
	struct fixture *f = *state;

	requests(f, 100, 200, 50, "10.0.0.2:8080");
	f->at.reads++; /* nginx counted that read, its answer came too late */
	f->at.status.requests++;
	requests(f, 100, 200, 70, "10.0.0.2:8080");
	const struct message_traffic *t = total_after(f, 2 * SECOND_US);
	assert_double_near(t->rps, 100);
	assert_double_near(t->completed_rps, 100);
	assert_double_near(t->p50_ms, 60);
	assert_int_equal(f->figures.lines_lost, 0);
}

static void a_restarted_nginx_begins_anew(void **state)
{
	struct fixture *f = *state;

	requests(f, 100, 200, 50, "10.0.0.2:8080");
	f->at.status =
		(struct stub_status){.accepts = 3, .handled = 3, .requests = 30, .writing = 1};
	assert_false(close_after(f, SECOND_US));
	requests(f, 10, 200, 90, "10.0.0.2:8080");
	const struct message_traffic *t = total_after(f, SECOND_US);
	assert_double_near(t->rps, 10);
	assert_double_near(t->p50_ms, 90); /* no line from before */
	assert_int_equal(f->figures.lines_lost, 0);
}

static void a_span_too_long_begins_anew(void **state)
{
	struct fixture *f = *state;

	requests(f, 100, 200, 50, "10.0.0.2:8080");
	assert_false(close_after(f, SPAN_MAX_US + 1));
	assert_false(close_after(f, 0)); /* nor is there anything to divide by */
	requests(f, 10, 200, 90, "10.0.0.2:8080");
	assert_double_near(total_after(f, SPAN_MAX_US)->rps, 10.0 / 3);
}

static void more_probes_sent_than_arrived_are_not_less_than_nothing(void **state)
{
	struct fixture *f = *state;

	f->at.probes += 20; /* refused on the way */
	const struct message_traffic *t = total_after(f, SECOND_US);
	assert_double_near(t->rps, 0);
	assert_double_near(t->completed_rps, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counts_over_the_exact_time),
		TEST(an_idle_service_has_no_traffic_and_no_latency),
		TEST(overload_does_not_hide_arrivals),
		TEST(probes_under_way_are_not_in_flight),
		TEST(a_fast_error_never_looks_like_a_fast_reply),
		TEST(slow_errors_raise_the_quantiles),
		TEST(who_leaves_got_no_answer_but_waited),
		TEST(a_websocket_has_no_latency),
		TEST(tells_replicas_apart_the_busiest_first),
		TEST(more_replicas_than_it_tells_apart_count_in_the_total),
		TEST(lost_lines_are_counted_and_made_up_for),
		TEST(lines_a_moment_early_or_late_are_not_lost),
		TEST(a_small_steady_loss_adds_up),
		TEST(without_an_access_log_the_counters_tell),
		TEST(a_window_without_an_answer_makes_the_next_longer),
		TEST(a_restarted_nginx_begins_anew),
		TEST(a_span_too_long_begins_anew),
		TEST(more_probes_sent_than_arrived_are_not_less_than_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
