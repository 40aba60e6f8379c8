/* Shell. A timer that runs while a receipt waits. */
#include "monitor/clerk.h"

#include "common/mem.h"
#include "common/service.h"

#include <stddef.h>
#include <stdlib.h>

struct clerk {
	struct receipts *receipts;
	struct bus *bus;
	uv_timer_t timer;
	struct {
		struct metric *given, *refused, *dropped;
	} metrics;
};

static const struct metric_row metric_table[] = {
	{METRIC_COUNTER, "agentic_monitor_receipts_total", NULL, "Receipts published",
	 offsetof(struct clerk, metrics.given)},
	{METRIC_COUNTER, "agentic_monitor_receipts_refused_total", NULL,
	 "Results without a receipt because too many waited",
	 offsetof(struct clerk, metrics.refused)},
	{0},
};

static struct receipt_moment now(void)
{
	return (struct receipt_moment){.us = uv_hrtime() / 1000, .sec = service_wall_sec()};
}

static void publish(struct clerk *c, struct message_receipt *receipt, double ts)
{
	char *text;

	bus_new_id(receipt->id);
	receipt->ts = ts;
	text = message_receipt_encode(receipt);
	metric_add(c->metrics.dropped, bus_publish(c->bus, CHANNEL_RESULTS, text));
	free(text);
	metric_inc(c->metrics.given);
}

static void on_timer(uv_timer_t *timer)
{
	struct clerk *c = timer->data;
	struct receipt_moment moment = now();
	struct message_receipt receipt;

	while (receipts_take(c->receipts, &moment, &receipt))
		publish(c, &receipt, moment.sec);
	if (receipts_waiting(c->receipts) == 0)
		uv_timer_stop(timer);
}

void clerk_result(struct clerk *c, const struct message_result *result)
{
	struct receipt_moment moment = now();

	if (!receipts_ask(c->receipts, result, &moment))
		metric_inc(c->metrics.refused);
	if (receipts_waiting(c->receipts) > 0 && !uv_is_active((uv_handle_t *)&c->timer))
		uv_timer_start(&c->timer, on_timer, RECEIPT_TICK_MS, RECEIPT_TICK_MS);
}

void clerk_rotation(struct clerk *c, int ready, uint64_t time_ms)
{
	struct receipt_moment moment = now();

	receipts_rotation(c->receipts, ready, (double)time_ms / 1e3, &moment);
}

void clerk_receipt(struct clerk *c, const struct message_receipt *receipt)
{
	receipts_given(c->receipts, receipt->plan);
}

struct receipts *clerk_receipts(struct clerk *c)
{
	return c->receipts;
}

struct clerk *clerk_open(uv_loop_t *loop, const struct clerk_options *o)
{
	struct clerk *c = xcalloc(1, sizeof(*c));

	c->receipts = receipts_new(o->target);
	c->bus = o->bus;
	c->metrics.dropped = o->dropped;
	metrics_add_table(o->metrics, metric_table, c);
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	return c;
}

static void on_closed(uv_handle_t *timer)
{
	struct clerk *c = timer->data;

	receipts_free(c->receipts);
	free(c);
}

void clerk_close(struct clerk *c)
{
	uv_close((uv_handle_t *)&c->timer, on_closed);
}
