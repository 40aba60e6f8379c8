/* Pure. What a run of the load generator has measured, and how it is told.  A failed request counts
 * as the timeout among the latencies, so that a fast failure never looks like a fast reply. */
#include "load/report.h"

#include "common/json.h"
#include "common/mem.h"
#include "common/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NS_PER_MS 1e6

static const struct {
	const char *key, *words;
} OUTCOMES[LOAD_OUTCOMES] = {
	[LOAD_OK] = {"ok", "ok"},
	[LOAD_STATUS_3XX] = {"status_3xx", "status 3xx"},
	[LOAD_STATUS_4XX] = {"status_4xx", "status 4xx"},
	[LOAD_STATUS_5XX] = {"status_5xx", "status 5xx"},
	[LOAD_REFUSED] = {"refused", "connection refused"},
	[LOAD_RESET] = {"reset", "connection reset"},
	[LOAD_TIMEOUT] = {"timeout", "timeout"},
	[LOAD_MALFORMED] = {"malformed", "malformed reply"},
	[LOAD_OVERRUN] = {"overrun", "not sent, too many in flight"},
	[LOAD_OTHER] = {"other", "other"},
};

static const struct {
	const char *key;
	double p;
} QUANTILES[] = {{"p50_ms", 0.50}, {"p95_ms", 0.95}, {"p99_ms", 0.99}, {"max_ms", 1}};

void load_report_init(struct load_report *r, const struct load_options *options)
{
	*r = (struct load_report){.options = options};
}

void load_report_free(struct load_report *r)
{
	for (size_t i = 0; i < LOAD_PHASES_MAX; i++)
		free(r->phases[i].latencies_ms);
	free(r->total.latencies_ms);
}

/* ---- counting ---- */

/* Bounded by LOAD_REQUESTS_MAX: one for each request of the schedule. */
static void add_latency(struct load_figures *f, double latency_ms)
{
	if (f->latencies_n == f->latencies_cap) {
		f->latencies_cap = f->latencies_cap == 0 ? 1024 : 2 * f->latencies_cap;
		f->latencies_ms = xreallocarray(f->latencies_ms, f->latencies_cap,
						sizeof(f->latencies_ms[0]));
	}
	f->latencies_ms[f->latencies_n++] = latency_ms;
}

void load_report_due(struct load_report *r, size_t phase, uint64_t due_ns)
{
	if (r->phases[phase].due++ == 0)
		r->phases[phase].last_ok_ns = due_ns;
	r->total.due++;
}

/* How long there has been no good reply, as seen by a request of ${f} that ends now. */
static void note_gap(struct load_figures *f, uint64_t end_ns, enum load_outcome outcome)
{
	if (end_ns <= f->last_ok_ns)
		return;
	f->longest_gap_ms = fmax(f->longest_gap_ms, (double)(end_ns - f->last_ok_ns) / NS_PER_MS);
	if (outcome == LOAD_OK)
		f->last_ok_ns = end_ns;
}

void load_report_end(struct load_report *r, size_t phase, uint64_t due_ns, uint64_t end_ns,
		     enum load_outcome outcome)
{
	struct load_figures *f = &r->phases[phase];
	double latency_ms = outcome == LOAD_OK ? (double)(end_ns - due_ns) / NS_PER_MS
					       : r->options->timeout_sec * 1000;

	f->outcomes[outcome]++;
	add_latency(f, latency_ms);
	note_gap(f, end_ns, outcome);
	r->total.outcomes[outcome]++;
	add_latency(&r->total, latency_ms);
	r->total.longest_gap_ms = fmax(r->total.longest_gap_ms, f->longest_gap_ms);
}

uint64_t load_figures_failed(const struct load_figures *f)
{
	uint64_t n = 0;

	for (int i = LOAD_OK + 1; i < LOAD_OUTCOMES; i++)
		n += f->outcomes[i];
	return n;
}

/* ---- telling ---- */

void load_report_progress(const struct load_report *r, double elapsed_sec, size_t phase,
			  unsigned in_flight, struct buf *out)
{
	const struct load_phase *now = &r->options->phases[phase];

	buf_printf(out,
		   "%5.0f s  phase %zu/%zu (%g/s)  %llu due  %llu ok  %llu failed  %u in flight",
		   elapsed_sec, phase + 1, r->options->phases_n, now->per_s,
		   (unsigned long long)r->total.due, (unsigned long long)r->total.outcomes[LOAD_OK],
		   (unsigned long long)load_figures_failed(&r->total), in_flight);
}

static void table_row(const char *name, double per_s, struct load_figures *f, struct buf *out)
{
	buf_printf(out, "%-7s", name);
	if (per_s >= 0)
		buf_printf(out, "%9g", per_s);
	else
		buf_printf(out, "%9s", "");
	buf_printf(out, "%9llu%9llu%8llu", (unsigned long long)f->due,
		   (unsigned long long)f->outcomes[LOAD_OK],
		   (unsigned long long)load_figures_failed(f));
	stats_sort(f->latencies_ms, f->latencies_n);
	for (size_t i = 0; i < sizeof(QUANTILES) / sizeof(QUANTILES[0]); i++) {
		if (f->latencies_n > 0)
			buf_printf(out, "%10.1f",
				   stats_quantile(f->latencies_ms, f->latencies_n, QUANTILES[i].p));
		else
			buf_printf(out, "%10s", "-");
	}
	buf_printf(out, "%10.1f\n", f->longest_gap_ms);
}

void load_report_table(struct load_report *r, struct buf *out)
{
	char name[24];

	buf_printf(out, "%-7s%9s%9s%9s%8s%10s%10s%10s%10s%10s\n", "phase", "per s", "due", "ok",
		   "failed", "p50 ms", "p95 ms", "p99 ms", "max ms", "gap ms");
	for (size_t i = 0; i < r->options->phases_n; i++) {
		snprintf(name, sizeof(name), "%zu", i + 1);
		table_row(name, r->options->phases[i].per_s, &r->phases[i], out);
	}
	table_row("all", -1, &r->total, out);
	for (int i = LOAD_OK + 1; i < LOAD_OUTCOMES; i++) {
		if (r->total.outcomes[i] > 0)
			buf_printf(out, "failed: %llu x %s\n",
				   (unsigned long long)r->total.outcomes[i], OUTCOMES[i].words);
	}
}

static void add_figures(cJSON *o, struct load_figures *f)
{
	uint64_t failed = load_figures_failed(f);
	cJSON *failures;

	json_add_num(o, "due", (double)f->due);
	json_add_num(o, "sent", (double)(f->due - f->outcomes[LOAD_OVERRUN]));
	json_add_num(o, "ok", (double)f->outcomes[LOAD_OK]);
	json_add_num(o, "failed", (double)failed);
	json_add_num(o, "unfinished", (double)(f->due - f->outcomes[LOAD_OK] - failed));
	failures = cJSON_AddObjectToObject(o, "failures");
	for (int i = LOAD_OK + 1; i < LOAD_OUTCOMES; i++) {
		if (f->outcomes[i] > 0)
			json_add_num(failures, OUTCOMES[i].key, (double)f->outcomes[i]);
	}
	stats_sort(f->latencies_ms, f->latencies_n);
	for (size_t i = 0; i < sizeof(QUANTILES) / sizeof(QUANTILES[0]); i++)
		json_add_round(o, QUANTILES[i].key,
			       stats_quantile(f->latencies_ms, f->latencies_n, QUANTILES[i].p), 3);
	json_add_round(o, "longest_gap_ms", f->longest_gap_ms, 3);
}

cJSON *load_report_json(struct load_report *r, double elapsed_sec)
{
	cJSON *root = cJSON_CreateObject(), *phases, *phase;

	cJSON_AddStringToObject(root, "url", r->options->url);
	cJSON_AddStringToObject(root, "connections", r->options->keepalive ? "keepalive" : "fresh");
	json_add_round(root, "elapsed_sec", elapsed_sec, 3);
	phases = cJSON_AddArrayToObject(root, "phases");
	for (size_t i = 0; i < r->options->phases_n; i++) {
		phase = cJSON_CreateObject();
		json_add_num(phase, "seconds", r->options->phases[i].seconds);
		json_add_num(phase, "per_s", r->options->phases[i].per_s);
		add_figures(phase, &r->phases[i]);
		cJSON_AddItemToArray(phases, phase);
	}
	add_figures(cJSON_AddObjectToObject(root, "total"), &r->total);
	return root;
}
