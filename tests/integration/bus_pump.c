/* Wiring. A bus at the end of two pipes, for test_bus.py: it prints what the bus tells, one line an
 * event, and obeys the lines on standard input.
 *
 *   bus_pump HOST PORT SINCE_MS MAX CHANNEL...      USER and PASSWORD from the environment, and
 *                                                   UNRECORDED, how many of the channels are
 *
 *   publish CHANNEL TEXT    "published DROPPED"
 *   announce CHANNEL TEXT   "announced SENT"
 *   flood CHANNEL N         N numbered messages with an id, as fast as Redis takes them; then
 *                           "flooded N"
 *   pending                 "pending N"
 *   count                   no lines for messages from now on, only their number, at "count"
 *   quit                    bus_close, and exit when all handles have closed
 */
#include "common/bus.h"
#include "common/mem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_MAX 200 /* below BUS_OUTBOX_MAX: a flood drops nothing */

static struct pump {
	uv_loop_t loop;
	uv_poll_t input;
	uv_timer_t timer;
	struct bus *bus;
	char line[1 << 22];
	size_t len;
	bool counting;
	unsigned long received;
	char flood_channel[64];
	unsigned long flood_n, flood_sent;
} p;

static void on_health(bool up, const char *detail, void *cookie)
{
	(void)cookie;
	printf("health %s %s\n", up ? "up" : "down", detail);
}

static void on_message(const struct bus_message *m, void *cookie)
{
	(void)cookie;
	p.received++;
	if (p.counting)
		return;
	if (m->len > 1000)
		printf("long %s %zu\n", m->channel, m->len);
	else
		printf("message %s %s %.*s\n", m->channel, m->replayed ? "replayed" : "new",
		       (int)m->len, m->text);
}

static void on_live(void *cookie)
{
	(void)cookie;
	printf("live\n");
}

static void on_unannounced(const char *error, void *cookie)
{
	(void)cookie;
	printf("unannounced %s\n", error);
}

static void flood(uv_timer_t *timer)
{
	char id[33], text[256];

	(void)timer;
	while (p.flood_sent < p.flood_n && bus_pending(p.bus) < QUEUE_MAX) {
		bus_new_id(id);
		snprintf(text, sizeof(text),
			 "{\"kind\":\"latency_metrics\",\"id\":\"%s\",\"n\":%lu,\"endpoint\":"
			 "\"http://lb/\",\"p95_ms\":124.2,\"avg_ms\":123.5,\"replicas\":2}",
			 id, p.flood_sent++);
		bus_publish(p.bus, p.flood_channel, text);
	}
	if (p.flood_n > 0 && p.flood_sent == p.flood_n && bus_pending(p.bus) == 0) {
		printf("flooded %lu\n", p.flood_n);
		p.flood_n = p.flood_sent = 0;
		uv_timer_stop(&p.timer);
	}
}

static void quit(void)
{
	bus_close(p.bus);
	uv_close((uv_handle_t *)&p.timer, NULL);
	uv_close((uv_handle_t *)&p.input, NULL);
}

static void obey(char *line)
{
	char *word = strsep(&line, " ");

	if (strcmp(word, "publish") == 0) {
		char *channel = strsep(&line, " ");

		printf("published %d\n", bus_publish(p.bus, channel, line));
	} else if (strcmp(word, "announce") == 0) {
		char *channel = strsep(&line, " ");

		printf("announced %d\n", bus_announce(p.bus, channel, line));
	} else if (strcmp(word, "flood") == 0) {
		snprintf(p.flood_channel, sizeof(p.flood_channel), "%s", strsep(&line, " "));
		p.flood_n = strtoul(line, NULL, 10);
		uv_timer_start(&p.timer, flood, 0, 1);
	} else if (strcmp(word, "pending") == 0) {
		printf("pending %zu\n", bus_pending(p.bus));
	} else if (strcmp(word, "count") == 0) {
		p.counting = true;
		printf("count %lu\n", p.received);
	} else {
		quit();
	}
}

static void on_input(uv_poll_t *poll, int status, int events)
{
	ssize_t n = read(STDIN_FILENO, p.line + p.len, sizeof(p.line) - p.len - 1);
	char *end;

	(void)poll;
	(void)status;
	(void)events;
	if (n <= 0) {
		quit();
		return;
	}
	p.len += (size_t)n;
	p.line[p.len] = '\0';
	while ((end = strchr(p.line, '\n'))) {
		size_t used = (size_t)(end - p.line) + 1;

		*end = '\0';
		obey(p.line);
		p.len -= used;
		memmove(p.line, p.line + used, p.len + 1);
	}
}

int main(int argc, char **argv)
{
	struct bus_options options = {
		.host = argv[1],
		.port = (int)strtol(argv[2], NULL, 10),
		.username = getenv("USER"),
		.password = getenv("PASSWORD"),
		.replay_since_ms = strtoull(argv[3], NULL, 10),
		.replay_max = (unsigned)strtoul(argv[4], NULL, 10),
		.on_health = on_health,
		.on_message = on_message,
		.on_live = on_live,
		.on_unannounced = on_unannounced,
	};
	const char *unrecorded = getenv("UNRECORDED");

	mem_init();
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 5; i < argc; i++)
		options.channels[options.channels_n++] = argv[i];
	options.unrecorded_n = unrecorded ? strtoul(unrecorded, NULL, 10) : 0;
	uv_loop_init(&p.loop);
	uv_timer_init(&p.loop, &p.timer);
	uv_poll_init(&p.loop, &p.input, STDIN_FILENO);
	uv_poll_start(&p.input, UV_READABLE, on_input);
	p.bus = bus_open(&p.loop, &options);
	uv_run(&p.loop, UV_RUN_DEFAULT);
	return uv_loop_close(&p.loop) == 0 ? 0 : 1;
}
