/* Pure. The simulated service; see plant.h.
 *
 * Work proceeds on the service clock, which is the virtual clock but stands still while the service
 * hangs: whatever is due on it comes later by as much.  All that is random about a request is drawn
 * when it arrives, and starts of replicas have a sequence of their own, so that policies compared
 * on one seed see the same requests with the same work. */
#include "replay/plant.h"

#include "common/mem.h"
#include "replay/agenda.h"
#include "replay/fleet.h"
#include "replay/select.h"
#include "replay/tally.h"

#include <math.h>
#include <stdlib.h>

#define NS_PER_SEC  1e9
#define NS_PER_MS   1000000
#define BEGIN_MS    1000000000000ULL
#define HORIZON_SEC 1e9 /* what would take longer takes so long: times stay within 64 bits */

struct request {
	struct replica *replica; /* NULL: this place is free */
	uint64_t arrived_ns;
	uint64_t work_ns;  /* of a slot, */
	uint64_t extra_ns; /* and then without one */
	uint32_t next;     /* behind it in the queue, or the next free place */
	bool probe;
	bool in_slot;
};

struct plant {
	struct plant_config config;
	struct plant_fault fault;
	double log_mean, log_sd; /* of lognormal work */
	struct draw draws;
	uint64_t now_ns;

	struct fleet fleet;
	struct request *requests; /* owned */
	uint32_t requests_cap, requests_free;
	struct agenda agenda; /* requests, by when they leave their slot or are answered */
	uint64_t held_ns;     /* how far the service clock, which the agenda is in, is behind */
	uint64_t hung_ns;     /* since when it stands still, while it does */
	size_t in_flight, queued, busy;
	double busy_sec, request_sec; /* since the begin of the window */

	double arrival_left; /* until the next arrival, in mean gaps, from arrival_from_ns on */
	double arrivals_rps;
	uint64_t arrival_from_ns, arrival_due_ns;
	uint64_t probes_sent, probe_due_ns;
	struct tally tally;
};

static uint64_t ns_of(double sec)
{
	return (uint64_t)(fmin(sec, HORIZON_SEC) * NS_PER_SEC + 0.5);
}

static double sec_of(uint64_t ns)
{
	return (double)ns / NS_PER_SEC;
}

/* --- what arrives --- */

/* At a rate of 0 the division gives infinity, or NaN for an arrival due just now: the horizon. */
static void schedule_arrival(struct plant *p)
{
	p->arrival_due_ns = p->arrival_from_ns + ns_of(p->arrival_left / p->arrivals_rps);
}

/* What is left of a gap is in mean gaps, so that it stretches with the rate and the arrivals do not
 * depend on where windows end. */
static void change_arrivals(struct plant *p, double rps)
{
	p->arrival_left -= sec_of(p->now_ns - p->arrival_from_ns) * p->arrivals_rps;
	p->arrival_left = fmax(p->arrival_left, 0);
	p->arrivals_rps = fmax(rps, 0);
	p->arrival_from_ns = p->now_ns;
	schedule_arrival(p);
}

static void next_arrival(struct plant *p)
{
	p->arrival_left = draw_exponential(&p->draws);
	p->arrival_from_ns = p->now_ns;
	schedule_arrival(p);
}

static void next_probe(struct plant *p)
{
	p->probes_sent++;
	p->probe_due_ns = ns_of((double)p->probes_sent / p->config.probes_per_s);
}

static double draw_work_sec(struct plant *p)
{
	switch (p->config.service) {
	case PLANT_EXPONENTIAL:
		return p->config.service_sec * draw_exponential(&p->draws);
	case PLANT_LOGNORMAL:
		return draw_lognormal(&p->draws, p->log_mean, p->log_sd);
	case PLANT_FIXED:
		break;
	}
	return p->config.service_sec;
}

static bool falls_in(struct plant *p, double share)
{
	return share > 0 && draw_uniform(&p->draws) <= share;
}

static void draw_request(struct plant *p, bool probe, struct request *ret)
{
	double scale = p->fault.service_scale > 0 ? p->fault.service_scale : 1;
	double slow_sec = falls_in(p, p->fault.slow_share) ? p->fault.slow_sec : 0;

	*ret = (struct request){
		.arrived_ns = p->now_ns,
		.work_ns = ns_of(draw_work_sec(p) * scale),
		.extra_ns = ns_of(p->fault.extra_sec + slow_sec),
		.probe = probe,
	};
}

/* --- what becomes of it --- */

static void grow_requests(struct plant *p)
{
	uint32_t cap = p->requests_cap ? 2 * p->requests_cap : 256;

	p->requests = xreallocarray(p->requests, cap, sizeof(*p->requests));
	for (uint32_t i = cap; i-- > p->requests_cap;) {
		p->requests[i] = (struct request){.next = p->requests_free};
		p->requests_free = i;
	}
	p->requests_cap = cap;
}

/* FLEET_NOBODY when there are PLANT_REQUESTS_MAX already. */
static uint32_t take_place(struct plant *p)
{
	if (p->requests_free == FLEET_NOBODY && p->requests_cap < PLANT_REQUESTS_MAX)
		grow_requests(p);

	uint32_t id = p->requests_free;
	if (id != FLEET_NOBODY)
		p->requests_free = p->requests[id].next;
	return id;
}

static void free_place(struct plant *p, uint32_t id)
{
	p->requests[id].replica = NULL;
	p->requests[id].next = p->requests_free;
	p->requests_free = id;
}

static uint64_t service_clock_ns(const struct plant *p)
{
	return (p->fault.hung ? p->hung_ns : p->now_ns) - p->held_ns;
}

static void begin_work(struct plant *p, uint32_t id)
{
	struct request *q = &p->requests[id];

	q->in_slot = true;
	q->replica->busy++;
	p->busy++;
	agenda_add(&p->agenda, service_clock_ns(p) + q->work_ns, id);
}

static void enqueue(struct plant *p, uint32_t id)
{
	struct request *q = &p->requests[id];
	struct replica *r = q->replica;

	q->next = FLEET_NOBODY;
	if (r->waiting == 0)
		r->first = id;
	else
		p->requests[r->last].next = id;
	r->last = id;
	r->waiting++;
	p->queued += !q->probe;
}

static void leave_slot(struct plant *p, struct request *q)
{
	struct replica *r = q->replica;

	q->in_slot = false;
	r->busy--;
	p->busy--;
	if (r->waiting == 0)
		return;

	uint32_t id = r->first;
	r->first = p->requests[id].next;
	r->waiting--;
	p->queued -= !p->requests[id].probe;
	begin_work(p, id);
}

static void refuse(struct plant *p, bool probe)
{
	if (probe)
		tally_probe_ended(&p->tally, p->now_ns, p->now_ns, false);
	else
		tally_failed(&p->tally);
}

static void answer(struct plant *p, uint32_t id)
{
	const struct request *q = &p->requests[id];
	struct replica *r = q->replica;

	if (q->probe) {
		tally_probe_ended(&p->tally, q->arrived_ns, p->now_ns, true);
	} else {
		tally_completed(&p->tally, sec_of(p->now_ns - q->arrived_ns));
		p->in_flight--;
	}
	free_place(p, id);
	fleet_answered(&p->fleet, r, p->now_ns);
}

static bool takes_more(const struct plant *p, const struct replica *r)
{
	return p->config.queue_max == 0 || r->busy < (uint32_t)p->config.slots ||
	       r->waiting < (uint32_t)p->config.queue_max;
}

static void arrive(struct plant *p, bool probe)
{
	struct request drawn;
	draw_request(p, probe, &drawn);

	bool fails = falls_in(p, p->fault.failed_share);
	struct replica *r = fails ? NULL : fleet_choose(&p->fleet);
	uint32_t id = r && takes_more(p, r) ? take_place(p) : FLEET_NOBODY;
	if (id == FLEET_NOBODY) {
		refuse(p, probe);
		return;
	}

	drawn.replica = r;
	p->requests[id] = drawn;
	p->in_flight += !probe;
	r->requests++;
	if (r->busy < (uint32_t)p->config.slots)
		begin_work(p, id);
	else
		enqueue(p, id);
}

/* The first on the agenda leaves its slot or, where it had left that already, is answered. */
static void proceed(struct plant *p)
{
	uint32_t id = agenda_take(&p->agenda);
	struct request *q = &p->requests[id];

	if (q->in_slot) {
		leave_slot(p, q);
		if (q->extra_ns > 0) {
			agenda_add(&p->agenda, service_clock_ns(p) + q->extra_ns, id);
			return;
		}
	}
	answer(p, id);
}

/* --- time --- */

static uint64_t proceed_due_ns(const struct plant *p)
{
	if (p->fault.hung || p->agenda.n == 0)
		return AGENDA_NEVER;
	return agenda_due(&p->agenda) + p->held_ns;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void pass(struct plant *p, uint64_t to_ns)
{
	double sec = sec_of(to_ns - p->now_ns);

	p->busy_sec += sec * (double)p->busy;
	p->request_sec += sec * (double)p->in_flight;
	p->now_ns = to_ns;
}

/* The next thing that happens before ${end_ns}; false: nothing. */
static bool step(struct plant *p, uint64_t end_ns)
{
	uint64_t proceed_ns = proceed_due_ns(p);
	uint64_t work_ns = earlier(p->fleet.ready_due_ns, proceed_ns);
	uint64_t ask_ns = earlier(p->probe_due_ns, p->arrival_due_ns);
	uint64_t next_ns = earlier(work_ns, ask_ns);

	if (next_ns >= end_ns)
		return false;
	pass(p, next_ns);
	if (next_ns == p->fleet.ready_due_ns) {
		fleet_admit(&p->fleet, next_ns);
	} else if (next_ns == proceed_ns) {
		proceed(p);
	} else if (next_ns == p->probe_due_ns) {
		tally_probe_sent(&p->tally, next_ns);
		arrive(p, true);
		next_probe(p);
	} else {
		tally_arrived(&p->tally);
		arrive(p, false);
		next_arrival(p);
	}
	return true;
}

/* How long those in flight are out, at least one: all that is known of latency where none ended. */
static double age_p95_sec(const struct plant *p)
{
	double *age_sec = xcalloc(p->in_flight, sizeof(*age_sec));
	size_t n = 0;

	for (uint32_t i = 0; i < p->requests_cap; i++) {
		const struct request *q = &p->requests[i];
		if (q->replica && !q->probe)
			age_sec[n++] = sec_of(p->now_ns - q->arrived_ns);
	}

	double p95_sec = select_quantile(age_sec, n, 0.95);
	free(age_sec);
	return p95_sec;
}

static void report(struct plant *p, double sec, struct plant_window *ret)
{
	struct fleet *f = &p->fleet;

	*ret = (struct plant_window){
		.now_ms = BEGIN_MS + p->now_ns / NS_PER_MS,
		.replica_sec = f->replica_sec,
		.ready_sec = f->ready_sec,
		.busy_sec = p->busy_sec,
		.request_sec = p->request_sec,
		.queued = p->queued,
		.input = {.window_sec = sec,
			  .replicas = (int)(f->starting.n + f->rotation.n),
			  .ready = (int)f->rotation.n},
	};
	tally_close(&p->tally, p->now_ns, sec, ret);
	if (ret->completed == 0 && p->in_flight > 0)
		ret->p95_sec = age_p95_sec(p);
	ret->input.traffic.in_flight = (double)p->in_flight;
	if (!p->config.telemetry)
		ret->input.traffic = (struct message_traffic){0};
}

void plant_run(struct plant *p, double sec, double arrivals_rps, double slo_sec,
	       struct plant_window *ret)
{
	uint64_t end_ns = p->now_ns + ns_of(sec);

	tally_begin(&p->tally, slo_sec, (size_t)(sec * p->config.probes_per_s) + 1);
	p->fleet.replica_sec = p->fleet.ready_sec = 0;
	p->busy_sec = p->request_sec = 0;
	change_arrivals(p, arrivals_rps);
	while (step(p, end_ns))
		;
	pass(p, end_ns);
	fleet_admit(&p->fleet, end_ns);
	report(p, sec, ret);
}

struct plant *plant_new(const struct plant_config *config, uint64_t seed, int replicas)
{
	struct plant *p = xcalloc(1, sizeof(*p));
	struct draw start_draws;

	p->config = *config;
	p->log_sd = sqrt(log1p(config->service_cv * config->service_cv));
	p->log_mean = log(config->service_sec) - p->log_sd * p->log_sd / 2;
	p->requests_free = FLEET_NOBODY;
	draw_seed(&p->draws, seed, 0);
	draw_seed(&start_draws, seed, 1);
	fleet_init(&p->fleet, &start_draws, replicas);
	tally_init(&p->tally, config->timeout_sec);
	next_arrival(p);
	p->probe_due_ns = config->probes_per_s > 0 ? 0 : AGENDA_NEVER;
	return p;
}

void plant_free(struct plant *p)
{
	if (!p)
		return;
	fleet_free(&p->fleet);
	tally_free(&p->tally);
	agenda_free(&p->agenda);
	free(p->requests);
	free(p);
}

void plant_want(struct plant *p, int replicas)
{
	fleet_want(&p->fleet, replicas, p->now_ns, ns_of(p->config.startup_sec),
		   p->fault.start_failed_share);
}

void plant_retry(struct plant *p, double older_sec)
{
	fleet_retry(&p->fleet, p->now_ns, ns_of(older_sec), ns_of(p->config.startup_sec),
		    p->fault.start_failed_share);
}

void plant_set_fault(struct plant *p, const struct plant_fault *fault)
{
	if (p->fault.hung && !fault->hung)
		p->held_ns += p->now_ns - p->hung_ns;
	else if (!p->fault.hung && fault->hung)
		p->hung_ns = p->now_ns;
	p->fault = *fault;
}
