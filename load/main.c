/* Wiring. The load generator of the demo, the tests and the benchmarks: an open loop, so that a
 * slow server is measured by the requests that keep coming, not spared them. */
#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "load/client.h"
#include "load/options.h"
#include "load/report.h"
#include "load/schedule.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#define NS_PER_SEC      UINT64_C(1000000000)
#define TABLE_BYTES_MAX ((size_t)16 * 1024)
#define START_DELAY_NS  (20 * NS_PER_SEC / 1000) /* until the first request is due */

struct load {
	uv_loop_t loop;
	struct load_options options;
	struct load_schedule schedule;
	struct load_report report;
	struct load_client *client;
	uint64_t start_ns;
	uint64_t end_ns; /* 0 while it runs */

	/* The next request.  Its time is kept by a timerfd: libuv's timers count milliseconds, and
	 * at 2000 requests a second that would be two at a time. */
	bool more;
	uint64_t due_ns;
	size_t phase;
	int clock_fd;
	uv_poll_t clock;

	uv_timer_t progress;
	uv_signal_t interrupt, terminate;
};

static double elapsed_sec(const struct load *l)
{
	uint64_t now_ns = l->end_ns != 0 ? l->end_ns : uv_hrtime();

	return now_ns > l->start_ns ? (double)(now_ns - l->start_ns) / NS_PER_SEC : 0;
}

static void finish(struct load *l)
{
	if (l->end_ns != 0)
		return;
	l->end_ns = uv_hrtime();
	load_client_close(l->client);
	uv_close((uv_handle_t *)&l->clock, NULL);
	uv_close((uv_handle_t *)&l->progress, NULL);
	uv_close((uv_handle_t *)&l->interrupt, NULL);
	uv_close((uv_handle_t *)&l->terminate, NULL);
}

static void finish_if_done(struct load *l)
{
	if (!l->more && load_client_in_flight(l->client) == 0)
		finish(l);
}

static void on_done(size_t phase, uint64_t due_ns, uint64_t end_ns, enum load_outcome outcome,
		    void *cookie)
{
	struct load *l = cookie;

	load_report_end(&l->report, phase, due_ns, end_ns, outcome);
	finish_if_done(l);
}

static void schedule_next(struct load *l)
{
	uint64_t since_start_ns;

	l->more = load_schedule_next(&l->schedule, &since_start_ns, &l->phase);
	if (l->more)
		l->due_ns = l->start_ns + since_start_ns;
}

static void clock_set(struct load *l)
{
	const struct itimerspec at = {
		.it_value = {.tv_sec = (time_t)(l->due_ns / NS_PER_SEC),
			     .tv_nsec = (long)(l->due_ns % NS_PER_SEC)},
	};

	if (l->more)
		timerfd_settime(l->clock_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

/* All that is due goes out now, however late: its latency counts from when it was due. */
static void on_clock(uv_poll_t *clock, int status, int events)
{
	struct load *l = clock->data;
	uint64_t due_ns, expirations;
	size_t phase;

	(void)status;
	(void)events;
	if (read(l->clock_fd, &expirations, sizeof(expirations)) < 0)
		return;
	while (l->more && l->due_ns <= uv_hrtime()) {
		due_ns = l->due_ns;
		phase = l->phase;
		schedule_next(l);
		load_report_due(&l->report, phase, due_ns);
		load_client_get(l->client, phase, due_ns);
	}
	if (l->end_ns == 0)
		clock_set(l);
}

static void on_progress(uv_timer_t *timer)
{
	struct load *l = timer->data;
	struct buf line;

	buf_init(&line, 256);
	load_report_progress(&l->report, elapsed_sec(l), l->phase, load_client_in_flight(l->client),
			     &line);
	fprintf(stderr, "\r%s\033[K", buf_text(&line));
	buf_free(&line);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	finish(handle->data);
}

/* Every request under way needs a descriptor. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int start(struct load *l)
{
	l->clock_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->clock_fd < 0)
		return -errno;
	uv_loop_init(&l->loop);
	l->client = load_client_open(&l->loop, &l->options, on_done, l);
	uv_poll_init(&l->loop, &l->clock, l->clock_fd);
	uv_timer_init(&l->loop, &l->progress);
	uv_signal_init(&l->loop, &l->interrupt);
	uv_signal_init(&l->loop, &l->terminate);
	l->clock.data = l->progress.data = l->interrupt.data = l->terminate.data = l;
	uv_signal_start(&l->interrupt, on_signal, SIGINT);
	uv_signal_start(&l->terminate, on_signal, SIGTERM);
	uv_poll_start(&l->clock, UV_READABLE, on_clock);
	if (isatty(STDERR_FILENO))
		uv_timer_start(&l->progress, on_progress, 1000, 1000);
	load_report_init(&l->report, &l->options);
	load_schedule_init(&l->schedule, &l->options);
	l->start_ns = uv_hrtime() + START_DELAY_NS;
	schedule_next(l);
	clock_set(l);
	finish_if_done(l);
	return 0;
}

static void print_report(struct load *l)
{
	struct buf table;
	cJSON *root;
	char *text;

	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (l->options.json) {
		root = load_report_json(&l->report, elapsed_sec(l));
		text = json_print(root);
		puts(text);
		free(text);
		cJSON_Delete(root);
	} else {
		buf_init(&table, TABLE_BYTES_MAX);
		load_report_table(&l->report, &table);
		fputs(buf_text(&table), stdout);
		buf_free(&table);
	}
}

int main(int argc, char **argv)
{
	static struct load l;
	char error[512];
	int err;

	mem_init();
	if (load_options_parse(argc, argv, &l.options, error, sizeof(error)) != 0) {
		fprintf(stderr, "load: %s\nTry load --help.\n", error);
		return 2;
	}
	if (l.options.help) {
		fputs(load_options_usage, stdout);
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	err = start(&l);
	if (err != 0) {
		fprintf(stderr, "load: cannot start: %s\n", strerror(-err));
		return 2;
	}
	uv_run(&l.loop, UV_RUN_DEFAULT);
	uv_loop_close(&l.loop);
	close(l.clock_fd);
	print_report(&l);
	bool failed = load_figures_failed(&l.report.total) > 0;
	load_report_free(&l.report);
	return failed ? 1 : 0;
}
