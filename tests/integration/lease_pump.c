/* Wiring. A lease and something that it guards, for test_lease.py: prints what it is told of the
 * lease, and acts as often as it may.
 *
 *   lease_pump HOST PORT NAME      USER and PASSWORD from the environment
 *
 *   news KNOWN OURS HELD TOKEN DETAIL
 *   act TIME_MS TOKEN              every ACT_MS while it holds, by a clock of all processes
 *
 * SIGTERM: lease_close, and exit when all handles have closed. */
#include "common/lease.h"
#include "common/mem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ACT_MS = 20 };

static struct pump {
	uv_loop_t loop;
	uv_timer_t timer;
	uv_signal_t sigterm;
	struct lease *lease;
} p;

static void on_change(const struct lease_news *news, void *cookie)
{
	(void)cookie;
	printf("news %d %d %d %lld %s\n", news->known, news->ours, news->held,
	       (long long)news->token, news->detail);
}

static void act(uv_timer_t *timer)
{
	struct timespec now;

	(void)timer;
	if (lease_objection(p.lease) != NULL)
		return;
	clock_gettime(CLOCK_BOOTTIME, &now);
	printf("act %lld %lld\n", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000,
	       (long long)lease_token(p.lease));
}

static void on_sigterm(uv_signal_t *handle, int signum)
{
	(void)signum;
	uv_close((uv_handle_t *)&p.timer, NULL);
	uv_close((uv_handle_t *)handle, NULL);
	lease_close(p.lease);
}

int main(int argc, char **argv)
{
	(void)argc;
	const struct lease_options options = {
		.host = argv[1],
		.port = (int)strtol(argv[2], NULL, 10),
		.username = getenv("USER"),
		.password = getenv("PASSWORD"),
		.name = argv[3],
		.on_change = on_change,
	};

	mem_init();
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	uv_loop_init(&p.loop);
	uv_timer_init(&p.loop, &p.timer);
	uv_signal_init(&p.loop, &p.sigterm);
	uv_signal_start(&p.sigterm, on_sigterm, SIGTERM);
	p.lease = lease_open(&p.loop, &options);
	uv_timer_start(&p.timer, act, 0, ACT_MS);
	uv_run(&p.loop, UV_RUN_DEFAULT);
	return uv_loop_close(&p.loop) == 0 ? 0 : 1;
}
