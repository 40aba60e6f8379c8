/* Pure. Sums over a run, and what they mean; see measures.h. */
#include "replay/measures.h"

#include "common/mem.h"
#include "common/stats.h"

#include <math.h>
#include <stdlib.h>

#define HOUR_SEC   3600.0
#define AT(member) offsetof(struct sim_measures, member)

/* clang-format off */
const struct measure measures_all[] = {
	{"psi_w", "psi_w", AT(psi_w), 100, "%", 2, "windows with p95 over the objective"},
	{"cost", "cost", AT(cost), 1, "", 3, "replica-hours over those of the oracle"},
	{"psi", "psi", AT(psi), 100, "%", 2, "requests over the objective or failed"},
	{"theta_u", "theta_U", AT(theta_u), 100, "%", 2, "missing replicas over needed ones, mean"},
	{"theta_o", "theta_O", AT(theta_o), 100, "%", 1, "spare replicas over needed ones, mean"},
	{"tau_u", "tau_U", AT(tau_u), 100, "%", 2, "time with fewer replicas than needed"},
	{"tau_o", "tau_O", AT(tau_o), 100, "%", 1, "time with more replicas than needed"},
	{"replica_hours", "hours", AT(replica_hours), 1, "h", 2, "of running replicas"},
	{"oracle_replica_hours", "oracle", AT(oracle_replica_hours), 1, "h", 2, "of needed ones"},
	{"adaptations_per_hour", "changes", AT(adaptations_per_hour), 1, "/h", 1, "of the count"},
	{"ups", "ups", AT(ups), 1, "", 0, "changes to more replicas"},
	{"downs", "downs", AT(downs), 1, "", 0, "changes to fewer replicas"},
	{"reversals_per_hour", "turns", AT(reversals_per_hour), 1, "/h", 1, "changes of direction"},
	{"settled_sec", "settled", AT(settled_sec), 1, "s", 0, "when the last change was"},
	{"windows", "windows", AT(windows), 1, "", 0, "that the run had"},
	{"requests", "requests", AT(requests), 1, "", 0, "that ended"},
	{"failed", "failed", AT(failed), 1, "", 0, "of them without an answer"},
	{0},
};
/* clang-format on */

double measure_value(const struct measure *m, const struct sim_measures *of)
{
	const void *at = (const char *)of + m->offset;

	return *(const double *)at;
}

bool measures_over(const struct plant_window *w, double slo_sec)
{
	double ended = (double)w->completed + w->failed;

	if (ended > 0)
		return w->over > MEASURES_TAIL_SHARE * ended;
	return w->p95_sec > slo_sec;
}

void measures_begin(struct measures *m, int wanted)
{
	*m = (struct measures){.wanted = wanted};
}

static void count_change(struct measures *m, int wanted)
{
	int direction = wanted > m->wanted ? 1 : -1;

	if (wanted == m->wanted)
		return;
	m->ups += direction > 0;
	m->downs += direction < 0;
	m->reversals += direction == -m->direction;
	m->direction = direction;
	m->changed_sec = m->sec;
	m->wanted = wanted;
}

void measures_add(struct measures *m, const struct measures_window *w)
{
	const struct plant_window *seen = w->seen;
	double lacking = w->needed - seen->ready_sec / w->sec;
	double share = lacking / w->needed;

	/* Within a window the count in rotation changes: its mean. */
	m->sec += w->sec;
	if (lacking > 0) {
		m->under_sec += w->sec;
		m->missing_sec += share * w->sec;
	} else if (lacking < 0) {
		m->over_sec += w->sec;
		m->spare_sec -= share * w->sec;
	}
	m->replica_sec += seen->replica_sec;
	m->needed_sec += w->needed * w->sec;
	m->windows++;
	m->windows_over += measures_over(seen, w->slo_sec);
	m->requests += (double)seen->completed + seen->failed;
	m->requests_over += seen->over;
	m->failed += seen->failed;
	count_change(m, w->wanted);
}

static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : NAN;
}

struct sim_measures measures_end(const struct measures *m)
{
	double hours = m->sec / HOUR_SEC;

	return (struct sim_measures){
		.psi_w = ratio(m->windows_over, m->windows),
		.cost = ratio(m->replica_sec, m->needed_sec),
		.psi = ratio(m->requests_over, m->requests),
		.theta_u = ratio(m->missing_sec, m->sec),
		.theta_o = ratio(m->spare_sec, m->sec),
		.tau_u = ratio(m->under_sec, m->sec),
		.tau_o = ratio(m->over_sec, m->sec),
		.replica_hours = m->replica_sec / HOUR_SEC,
		.oracle_replica_hours = m->needed_sec / HOUR_SEC,
		.adaptations_per_hour = ratio(m->ups + m->downs, hours),
		.ups = m->ups,
		.downs = m->downs,
		.reversals_per_hour = ratio(m->reversals, hours),
		.settled_sec = m->changed_sec,
		.windows = m->windows,
		.requests = m->requests,
		.failed = m->failed,
	};
}

/* The quantile ${p} of the figure ${m} of ${runs}; NaN where one of them is, which nothing can be
 * sorted with. */
static double quantile_of(const struct measure *m, const struct sim_measures *runs, size_t n,
			  double p)
{
	double *values = xcalloc(n, sizeof(*values));
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i] = measure_value(m, &runs[i]);

	double result = NAN;
	if (!isnan(sum)) {
		stats_sort(values, n);
		result = stats_quantile(values, n, p);
	}
	free(values);
	return result;
}

static struct sim_measures quantiles(const struct sim_measures *runs, size_t n, double p)
{
	struct sim_measures ret;

	for (const struct measure *m = measures_all; m->name; m++) {
		void *at = (char *)&ret + m->offset;
		*(double *)at = quantile_of(m, runs, n, p);
	}
	return ret;
}

struct sim_measures measures_median(const struct sim_measures *runs, size_t n)
{
	return quantiles(runs, n, 0.5);
}

struct sim_measures measures_worst(const struct sim_measures *runs, size_t n)
{
	return quantiles(runs, n, 1);
}
