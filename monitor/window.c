/* Pure. The probe grid and the figures of a window; see window.h. */
#include "monitor/window.h"

#include "common/mem.h"
#include "common/stats.h"

#include <stdlib.h>

enum { READ_LEAD_MAX_US = 100000, READ_LEAD_SHARE = 5 };

void window_grid_start(struct window_grid *g, uint64_t now_us, uint64_t interval_us,
		       uint64_t probes)
{
	*g = (struct window_grid){
		.origin_us = now_us,
		.interval_us = interval_us,
		.probes = probes,
		.next_close = 1,
		.next_read = 1,
	};
}

uint64_t window_grid_probe_due_us(const struct window_grid *g)
{
	/* Whole windows first: k * interval would overflow after some decades, and rounds alike. */
	uint64_t whole = g->next_probe / g->probes;
	uint64_t part = g->next_probe % g->probes;

	return g->origin_us + whole * g->interval_us + part * g->interval_us / g->probes;
}

uint64_t window_grid_close_due_us(const struct window_grid *g)
{
	return g->origin_us + g->next_close * g->interval_us;
}

uint64_t window_grid_read_due_us(const struct window_grid *g)
{
	uint64_t lead = g->interval_us / READ_LEAD_SHARE;
	uint64_t gap = g->interval_us / g->probes;

	if (lead > READ_LEAD_MAX_US)
		lead = READ_LEAD_MAX_US;
	if (gap < 2 * lead)
		lead = lead / gap * gap + gap / 2;
	return g->origin_us + g->next_read * g->interval_us - lead;
}

enum window_event window_grid_next(const struct window_grid *g, uint64_t *ret_due_us)
{
	const uint64_t due_us[] = {
		[WINDOW_PROBE] = window_grid_probe_due_us(g),
		[WINDOW_READ] = window_grid_read_due_us(g),
		[WINDOW_CLOSE] = window_grid_close_due_us(g),
	};
	enum window_event next = WINDOW_CLOSE;

	if (due_us[WINDOW_READ] < due_us[next])
		next = WINDOW_READ;
	if (due_us[WINDOW_PROBE] < due_us[next])
		next = WINDOW_PROBE;
	*ret_due_us = due_us[next];
	return next;
}

void window_grid_pass(struct window_grid *g, enum window_event event)
{
	uint64_t *const next[] = {
		[WINDOW_PROBE] = &g->next_probe,
		[WINDOW_READ] = &g->next_read,
		[WINDOW_CLOSE] = &g->next_close,
	};

	(*next[event])++;
}

bool window_grid_realign(struct window_grid *g, uint64_t now_us)
{
	if (now_us < window_grid_close_due_us(g) + g->interval_us)
		return false;
	window_grid_start(g, now_us, g->interval_us, g->probes);
	return true;
}

bool window_grid_trusts(const struct window_grid *g, double latency_ms, double timeout_ms)
{
	return latency_ms <= timeout_ms + (double)g->interval_us / 1000.0;
}

void window_init(struct window *w, size_t cap)
{
	*w = (struct window){.latency_ms = xcalloc(cap, sizeof(*w->latency_ms)), .cap = cap};
}

void window_free(struct window *w)
{
	free(w->latency_ms);
	*w = (struct window){0};
}

void window_add(struct window *w, bool ok, double latency_ms, double timeout_ms)
{
	if (w->n == w->cap)
		return;
	w->latency_ms[w->n++] = ok ? latency_ms : timeout_ms;
	w->ok += ok;
}

static void summarize(double *ms, size_t n, struct window_summary *ret)
{
	if (n == 0)
		return;
	stats_sort(ms, n);
	ret->avg_ms = stats_mean(ms, n);
	ret->p50_ms = stats_quantile(ms, n, 0.50);
	ret->p95_ms = stats_quantile(ms, n, 0.95);
	ret->p99_ms = stats_quantile(ms, n, 0.99);
}

void window_close(struct window *w, double *in_flight_ms, size_t in_flight_n,
		  struct window_summary *ret)
{
	*ret = (struct window_summary){.requests = (int)w->n};
	if (w->n > 0) {
		ret->success_rate = (double)w->ok / (double)w->n;
		summarize(w->latency_ms, w->n, ret);
	} else {
		summarize(in_flight_ms, in_flight_n, ret);
	}
	w->n = w->ok = 0;
}
