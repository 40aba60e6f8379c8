/* Pure. The figures of a window; see tally.h. */
#include "replay/tally.h"

#include "common/mem.h"
#include "replay/select.h"

#include <math.h>
#include <stdlib.h>

static const double NS_PER_MS = 1e6;

void tally_init(struct tally *t, double timeout_sec)
{
	*t = (struct tally){.timeout_ms = timeout_sec * 1000};
}

void tally_free(struct tally *t)
{
	window_free(&t->probes);
	free(t->latency_sec);
	free(t->probes_out);
	*t = (struct tally){0};
}

void tally_begin(struct tally *t, double slo_sec, size_t probes)
{
	size_t ending = t->probes_out_n + probes;

	t->slo_sec = slo_sec;
	t->arrived = t->completed = t->failed = t->over = 0;
	t->completed_sec = 0;
	t->samples = 0;
	window_free(&t->probes);
	window_init(&t->probes, ending > 0 ? ending : 1);
}

void tally_arrived(struct tally *t)
{
	t->arrived++;
}

void tally_completed(struct tally *t, double latency_sec)
{
	t->completed++;
	t->over += latency_sec > t->slo_sec;
	t->completed_sec += latency_sec;
	if (t->samples == t->samples_cap && t->samples_cap < TALLY_SAMPLES_MAX) {
		t->samples_cap = t->samples_cap ? 2 * t->samples_cap : 1024;
		t->latency_sec =
			xreallocarray(t->latency_sec, t->samples_cap, sizeof(*t->latency_sec));
	}
	t->latency_sec[t->samples++ % TALLY_SAMPLES_MAX] = latency_sec;
}

void tally_failed(struct tally *t)
{
	t->failed++;
	t->over++;
}

void tally_probe_sent(struct tally *t, uint64_t due_ns)
{
	if (t->probes_out_n == t->probes_out_cap) {
		t->probes_out_cap = t->probes_out_cap ? 2 * t->probes_out_cap : 16;
		t->probes_out =
			xreallocarray(t->probes_out, t->probes_out_cap, sizeof(*t->probes_out));
	}
	t->probes_out[t->probes_out_n++] = due_ns;
}

static void probe_ends(struct tally *t, size_t at, uint64_t now_ns, bool ok)
{
	double latency_ms = (double)(now_ns - t->probes_out[at]) / NS_PER_MS;

	window_add(&t->probes, ok && latency_ms <= t->timeout_ms, latency_ms, t->timeout_ms);
	t->probes_out[at] = t->probes_out[--t->probes_out_n];
}

void tally_probe_ended(struct tally *t, uint64_t due_ns, uint64_t now_ns, bool ok)
{
	for (size_t i = 0; i < t->probes_out_n; i++)
		if (t->probes_out[i] == due_ns) {
			probe_ends(t, i, now_ns, ok);
			return;
		}
}

static void close_probes(struct tally *t, uint64_t now_ns, struct policy_input *ret)
{
	for (size_t i = t->probes_out_n; i-- > 0;)
		if ((double)(now_ns - t->probes_out[i]) / NS_PER_MS > t->timeout_ms)
			probe_ends(t, i, now_ns, false);

	double *age_ms = xcalloc(t->probes_out_n, sizeof(*age_ms));
	for (size_t i = 0; i < t->probes_out_n; i++)
		age_ms[i] = (double)(now_ns - t->probes_out[i]) / NS_PER_MS;

	struct window_summary summary;
	window_close(&t->probes, age_ms, t->probes_out_n, &summary);
	free(age_ms);
	ret->requests = summary.requests;
	ret->success_rate = summary.success_rate;
	ret->p95_ms = summary.p95_ms;
}

static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : NAN;
}

void tally_close(struct tally *t, uint64_t now_ns, double sec, struct plant_window *ret)
{
	size_t n = t->samples < TALLY_SAMPLES_MAX ? t->samples : TALLY_SAMPLES_MAX;
	double answers = (double)t->completed + t->failed;
	double p95_sec = select_quantile(t->latency_sec, n, 0.95);

	close_probes(t, now_ns, &ret->input);
	ret->input.traffic = (struct message_traffic){
		.present = true,
		.rps = t->arrived / sec,
		.completed_rps = answers / sec,
		.p50_ms = 1000 * select_quantile(t->latency_sec, n, 0.50),
		.p95_ms = 1000 * p95_sec,
		.p99_ms = 1000 * select_quantile(t->latency_sec, n, 0.99),
		.error_rate = ratio(t->failed, answers),
		.upstream_ms = 1000 * ratio(t->completed_sec, t->completed),
	};
	ret->arrived = t->arrived;
	ret->completed = t->completed;
	ret->failed = t->failed;
	ret->over = t->over;
	ret->p95_sec = n > 0 ? p95_sec : 0;
}
