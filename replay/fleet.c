/* Pure. The replicas of the simulated service; see fleet.h. */
#include "replay/fleet.h"

#include "common/mem.h"
#include "common/message.h"

#include <stdlib.h>

static void list_add(struct replica_list *l, struct replica *r)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->at = xreallocarray(l->at, l->cap, sizeof(struct replica *));
	}
	l->at[l->n++] = r;
}

static void list_remove(struct replica_list *l, const struct replica *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->at[i] != r)
			l->at[kept++] = l->at[i];
	l->n = kept;
}

static void list_free(struct replica_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i]);
	free(l->at);
}

void fleet_init(struct fleet *f, const struct draw *start_draws, int replicas)
{
	*f = (struct fleet){.start_draws = *start_draws, .ready_due_ns = FLEET_NEVER};
	fleet_want(f, replicas, 0, 0, 0);
}

void fleet_free(struct fleet *f)
{
	list_free(&f->starting);
	list_free(&f->rotation);
	list_free(&f->leaving);
	*f = (struct fleet){0};
}

void fleet_count_time(struct fleet *f, uint64_t now_ns)
{
	double sec = (double)(now_ns - f->counted_ns) / 1e9;

	f->replica_sec += sec * (double)(f->starting.n + f->rotation.n + f->leaving.n);
	f->ready_sec += sec * (double)f->rotation.n;
	f->counted_ns = now_ns;
}

void fleet_admit(struct fleet *f, uint64_t now_ns)
{
	size_t left = 0;

	fleet_count_time(f, now_ns);
	f->ready_due_ns = FLEET_NEVER;
	for (size_t i = 0; i < f->starting.n; i++) {
		struct replica *r = f->starting.at[i];
		if (r->ready_ns <= now_ns) {
			list_add(&f->rotation, r);
			f->least = 0;
			continue;
		}
		f->starting.at[left++] = r;
		if (r->ready_ns < f->ready_due_ns)
			f->ready_due_ns = r->ready_ns;
	}
	f->starting.n = left;
}

static void start_one(struct fleet *f, uint64_t now_ns, uint64_t startup_ns, double failed_share)
{
	struct replica *r = xcalloc(1, sizeof(*r));
	bool fails = failed_share > 0 && draw_uniform(&f->start_draws) <= failed_share;

	r->first = r->last = FLEET_NOBODY;
	r->number = ++f->started;
	r->started_ns = now_ns;
	r->ready_ns = fails ? FLEET_NEVER : now_ns + startup_ns;
	list_add(&f->starting, r);
}

static uint64_t newest(const struct replica_list *l)
{
	return l->n > 0 ? l->at[l->n - 1]->number : 0;
}

static void take_newest(struct fleet *f)
{
	bool unready = newest(&f->starting) > newest(&f->rotation);
	struct replica_list *l = unready ? &f->starting : &f->rotation;
	struct replica *r = l->at[--l->n];

	if (r->requests == 0) {
		free(r);
		return;
	}
	r->leaving = true;
	list_add(&f->leaving, r);
}

void fleet_want(struct fleet *f, int replicas, uint64_t now_ns, uint64_t startup_ns,
		double failed_share)
{
	int bounded = replicas < MESSAGE_COUNT_MAX ? replicas : MESSAGE_COUNT_MAX;
	size_t wanted = bounded > 0 ? (size_t)bounded : 0;

	fleet_count_time(f, now_ns);
	while (f->starting.n + f->rotation.n < wanted)
		start_one(f, now_ns, startup_ns, failed_share);
	while (f->starting.n + f->rotation.n > wanted)
		take_newest(f);
	fleet_admit(f, now_ns);
}

void fleet_retry(struct fleet *f, uint64_t now_ns, uint64_t older_ns, uint64_t startup_ns,
		 double failed_share)
{
	struct replica_list *starting = &f->starting;
	size_t count = starting->n + f->rotation.n;

	fleet_count_time(f, now_ns);
	for (size_t i = starting->n; i-- > 0;) {
		if (now_ns - starting->at[i]->started_ns < older_ns)
			continue;
		free(starting->at[i]); /* it never had a request */
		starting->n--;
		for (size_t next = i; next < starting->n; next++)
			starting->at[next] = starting->at[next + 1];
	}
	if (starting->n + f->rotation.n == count)
		return;
	fleet_want(f, (int)count, now_ns, startup_ns, failed_share);
}

struct replica *fleet_choose(struct fleet *f)
{
	const struct replica_list *l = &f->rotation;
	struct replica *best = NULL;
	size_t at = f->turn;

	for (size_t i = 0; i < l->n; i++, at++) {
		if (at >= l->n)
			at = 0;
		if (best && l->at[at]->requests >= best->requests)
			continue;
		best = l->at[at];
		f->turn = at + 1;
		if (best->requests <= f->least)
			break;
	}
	if (best)
		f->least = best->requests;
	return best;
}

void fleet_answered(struct fleet *f, struct replica *r, uint64_t now_ns)
{
	r->requests--;
	if (!r->leaving) {
		if (r->requests < f->least)
			f->least = r->requests;
		return;
	}
	if (r->requests > 0)
		return;
	fleet_count_time(f, now_ns);
	list_remove(&f->leaving, r);
	free(r);
}
