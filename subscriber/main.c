/* Wiring. The subscriber: what the suite says, on standard output.
 *
 * It only listens.  Lines are collected during one turn of the loop and written at its end; when
 * standard output is closed there is nobody left to tell, and it stops. */
#include "common/service.h"
#include "common/service_malformed.h"
#include "subscriber/config.h"
#include "subscriber/format.h"
#include "subscriber/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)1 << 20)               /* bytes of lines not yet written */
#define ADDED_MAX  ((size_t)3 * MESSAGE_BYTES_MAX) /* more than one message adds to them */

struct subscriber {
	struct subscriber_config config;
	struct service *service;
	struct format format;
	struct ledger *ledger; /* NULL without --simulate */
	struct buf out;
	uv_check_t end_of_turn;
	struct metric *messages;
	struct malformed malformed;
};

static void write_out(struct subscriber *s)
{
	if (s->out.len == 0)
		return;
	if (fwrite(s->out.data, 1, s->out.len, stdout) < s->out.len || fflush(stdout) != 0)
		service_stop(s->service);
	buf_clear(&s->out);
}

static void on_end_of_turn(uv_check_t *check)
{
	write_out(check->data);
}

static bool shown(const struct subscriber *s, const char *channel)
{
	if (s->config.channels_n == 0)
		return true;
	for (size_t i = 0; i < s->config.channels_n; i++)
		if (strcmp(s->config.channels[i], channel) == 0)
			return true;
	return false;
}

static void show(struct subscriber *s, const struct bus_message *m)
{
	struct message_error error;

	if (format_message(&s->format, m->channel, m->text, m->len, m->time_ms, &s->out, &error) <
	    0)
		malformed_skip(&s->malformed, m, error.text);
}

static void simulate_plan(struct subscriber *s, const struct bus_message *m)
{
	struct message_error error;
	struct message_plan plan;
	struct ledger_step step;

	if (message_plan_decode(m->text, m->len, s->config.target, &plan, &error) < 0)
		return; /* show complains */
	if (ledger_apply(s->ledger, &plan, &step) == 0 && plan.action != ACTION_NOOP)
		format_step(&s->format, &plan, m->time_ms, &step, &s->out);
	message_plan_done(&plan);
}

static void simulate_alert(struct subscriber *s, const struct bus_message *m)
{
	struct message_error error;
	struct message_alert alert;

	if (message_alert_decode(m->text, m->len, s->config.target, &alert, &error) < 0)
		return;
	ledger_observe(s->ledger, alert.target, alert.replicas);
	message_alert_done(&alert);
}

static void simulate(struct subscriber *s, const struct bus_message *m)
{
	if (strcmp(m->channel, CHANNEL_ACTIONS) == 0)
		simulate_plan(s, m);
	else if (strcmp(m->channel, CHANNEL_ALERTS) == 0)
		simulate_alert(s, m);
}

static void on_message(const struct bus_message *m, void *cookie)
{
	struct subscriber *s = cookie;

	metric_inc(s->messages);
	if (shown(s, m->channel))
		show(s, m);
	if (s->ledger)
		simulate(s, m);
	if (s->out.len > OUTPUT_MAX - ADDED_MAX)
		write_out(s);
}

static void listen_to(struct bus_options *o, const char *channel)
{
	for (size_t i = 0; i < o->channels_n; i++)
		if (strcmp(o->channels[i], channel) == 0)
			return;
	o->channels[o->channels_n++] = channel;
}

static uint64_t since_ms(const struct subscriber_config *c)
{
	uint64_t now_ms = service_wall_ms(), ms = c->since.ms;

	if (!c->has_since)
		return 0;
	if (c->since.relative)
		ms = now_ms > ms ? now_ms - ms : 0;
	return ms ? ms : 1; /* 1 is all there is */
}

static struct bus *bus_listen(struct subscriber *s)
{
	static const char *const all[] = {CHANNEL_ALERTS, CHANNEL_ACTIONS, CHANNEL_RESULTS,
					  CHANNEL_ADVICE};
	struct bus_options o = {
		.replay_since_ms = since_ms(&s->config),
		.on_message = on_message,
		.cookie = s,
	};

	for (size_t i = 0; i < s->config.channels_n; i++)
		listen_to(&o, s->config.channels[i]);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && s->config.channels_n == 0; i++)
		listen_to(&o, all[i]);
	if (s->config.simulate) {
		listen_to(&o, CHANNEL_ALERTS);
		listen_to(&o, CHANNEL_ACTIONS);
	}
	return service_bus(s->service, &o);
}

static void format_open(struct subscriber *s)
{
	bool terminal = isatty(STDOUT_FILENO) == 1;

	s->format = (struct format){
		.json = s->config.json || !terminal,
		.color = terminal && !s->config.no_color,
		.verbose = s->config.verbose,
		.target = s->config.target,
	};
}

static const struct metric_row metric_table[] = {
	{METRIC_COUNTER, "agentic_subscriber_messages_total", NULL, "Messages heard",
	 offsetof(struct subscriber, messages)},
	{METRIC_COUNTER, "agentic_subscriber_malformed_total", NULL,
	 "Messages that could not be used", offsetof(struct subscriber, malformed.count)},
	{0},
};

int main(int argc, char **argv)
{
	static struct subscriber s;
	const struct service_spec spec = {
		.name = "subscriber",
		.summary = "Print what the suite measures, decides and does.",
		.uses = SERVICE_REDIS,
		.settings = subscriber_settings,
		.config = &s.config,
		.check = subscriber_config_check,
		.option = subscriber_config_option,
		.options_help = subscriber_options_help,
	};
	struct bus *bus;

	s.service = service_start(&spec, argc, argv);
	metrics_add_table(service_metrics(s.service), metric_table, &s);
	buf_init(&s.out, OUTPUT_MAX);
	format_open(&s);
	if (s.config.simulate)
		s.ledger = ledger_new(s.config.min_replicas, s.config.max_replicas);
	uv_check_init(service_loop(s.service), &s.end_of_turn);
	s.end_of_turn.data = &s;
	uv_check_start(&s.end_of_turn, on_end_of_turn);
	bus = bus_listen(&s);

	service_run(s.service);

	write_out(&s);
	bus_close(bus);
	uv_close((uv_handle_t *)&s.end_of_turn, NULL);
	buf_free(&s.out);
	if (s.ledger)
		ledger_free(s.ledger);
	return service_finish(s.service);
}
