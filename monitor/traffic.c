/* Pure. Counting by line, checking by counter; see traffic.h. */
#include "monitor/traffic.h"

#include "common/histogram.h"
#include "common/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATUS_SWITCHED = 101,
	STATUS_LEFT = 499, /* nginx: the client closed the connection before there was an answer */
	STATUS_ERRORS = 500,

	/* A page of stub_status and the lines that came with it are a moment apart.  So few lines
	 * missing are not missing yet: they count as lost only once more have come together. */
	BEHIND_LINES = 8,
	BEHIND_SHARE = 100, /* and one in so many: 10 ms of a second's lines */

	SLOTS = 2 * MESSAGE_TRAFFIC_MAX, /* of the hash table: never more than half full */
};

/* What lines say of all replicas, or of one. */
struct share {
	uint64_t answers, errors;
	uint64_t upstream_ms, upstream_n; /* sum of the replicas' times for good answers */
	struct histogram good, bad;       /* ms, of answers below 500 and of errors */
};

struct replica {
	char address[ACCESSLOG_ADDRESS_MAX + 1];
	struct share share;
};

struct traffic {
	uint64_t span_max_us;
	bool begun;
	struct traffic_reading base; /* where the span began */
	int64_t behind; /* lines that should have come by the counters, and neither came nor are
			   counted as lost */

	/* of the lines in this span */
	uint64_t lines[ACCESSLOG_KINDS];
	struct share total;
	struct replica *replicas[MESSAGE_TRAFFIC_MAX]; /* the first replicas_n are in use; memory
							  stays from span to span */
	size_t replicas_n;
	uint16_t slots[SLOTS]; /* number of a replica + 1, by hash of its address; 0: free */
};

/* Differences over a span. */
struct span {
	double sec;
	int64_t begun;  /* requests of all kinds */
	int64_t logged; /* of all kinds, that ended and have a line */
	int64_t probes_begun, probes_ended;
	int64_t reads;
	int64_t lines;
};

struct traffic *traffic_new(uint64_t span_max_us)
{
	struct traffic *t = xcalloc(1, sizeof(*t));

	t->span_max_us = span_max_us;
	return t;
}

void traffic_free(struct traffic *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < MESSAGE_TRAFFIC_MAX; i++)
		free(t->replicas[i]);
	free(t);
}

/* ---- lines ---- */

/* ${upstream_ms} < 0: unknown. */
static void share_add(struct share *s, int status, uint64_t ms, int64_t upstream_ms)
{
	bool left = status == STATUS_LEFT;
	bool error = status >= STATUS_ERRORS;
	bool switched = status == STATUS_SWITCHED;

	s->answers += !left;
	s->errors += error;
	if (!switched)
		histogram_add(error ? &s->bad : &s->good, ms);
	if (!left && !error && !switched && upstream_ms >= 0) {
		s->upstream_ms += (uint64_t)upstream_ms;
		s->upstream_n++;
	}
}

/* FNV-1a, which is good enough for addresses that no user chooses. */
static uint32_t hash(const char *bytes, size_t len)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)bytes[i]) * 16777619U;
	return h;
}

static struct share *add_replica(struct traffic *t, const char *address, size_t len)
{
	struct replica **r = &t->replicas[t->replicas_n++];

	if (*r == NULL)
		*r = xcalloc(1, sizeof(**r));
	else
		memset(*r, 0, sizeof(**r));
	memcpy((*r)->address, address, len);
	return &(*r)->share;
}

/* NULL where there are too many replicas. */
static struct share *share_of(struct traffic *t, const char *address, size_t len)
{
	size_t slot = hash(address, len) % SLOTS;

	for (; t->slots[slot] != 0; slot = (slot + 1) % SLOTS) {
		struct replica *r = t->replicas[t->slots[slot] - 1];

		if (strncmp(r->address, address, len) == 0 && r->address[len] == '\0')
			return &r->share;
	}
	if (t->replicas_n == MESSAGE_TRAFFIC_MAX)
		return NULL;
	t->slots[slot] = (uint16_t)(t->replicas_n + 1);
	return add_replica(t, address, len);
}

void traffic_add(struct traffic *t, const struct accesslog_line *line)
{
	struct share *share;

	t->lines[line->kind]++;
	if (line->kind != ACCESSLOG_TRAFFIC)
		return;
	share_add(&t->total, line->status, line->request_ms, line->upstream_ms);
	if (line->address_bytes == 0)
		return;
	share = share_of(t, line->address, line->address_bytes);
	if (share != NULL && line->upstream_ms >= 0)
		share_add(share, line->status, (uint64_t)line->upstream_ms, line->upstream_ms);
}

static void forget_lines(struct traffic *t)
{
	memset(t->lines, 0, sizeof(t->lines));
	memset(&t->total, 0, sizeof(t->total));
	memset(t->slots, 0, sizeof(t->slots));
	t->replicas_n = 0;
}

/* ---- figures ---- */

static double ratio(uint64_t part, uint64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : NAN;
}

static double per_sec(double requests, const struct span *span)
{
	return fmax(requests, 0) / span->sec;
}

static void latencies(const struct share *s, double *p50, double *p95, double *p99)
{
	const struct {
		double p, *ret;
	} rows[] = {{0.50, p50}, {0.95, p95}, {0.99, p99}};
	struct histogram all = s->good;

	histogram_merge(&all, &s->bad);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double good = histogram_quantile(&s->good, rows[i].p);

		*rows[i].ret = isnan(good) ? good : fmax(good, histogram_quantile(&all, rows[i].p));
	}
}

static int busier_first(const void *a, const void *b)
{
	double x = ((const struct message_replica_traffic *)a)->completed_rps;
	double y = ((const struct message_replica_traffic *)b)->completed_rps;

	return (x < y) - (x > y);
}

static void replica_figures(const struct traffic *t, const struct span *span, double scale,
			    struct traffic_figures *ret)
{
	for (size_t i = 0; i < t->replicas_n; i++) {
		const struct share *s = &t->replicas[i]->share;
		struct message_replica_traffic *r = &ret->by_replica[i];

		memset(r, 0, sizeof(*r));
		memcpy(r->address, t->replicas[i]->address, sizeof(t->replicas[i]->address));
		r->completed_rps = per_sec((double)s->answers * scale, span);
		r->error_rate = ratio(s->errors, s->answers);
		r->upstream_ms = ratio(s->upstream_ms, s->upstream_n);
		latencies(s, &r->p50_ms, &r->p95_ms, &r->p99_ms);
	}
	ret->by_replica_n = t->replicas_n;
	qsort(ret->by_replica, ret->by_replica_n, sizeof(ret->by_replica[0]), busier_first);
}

static int64_t under_way(const struct traffic_reading *r)
{
	return (int64_t)(r->status.reading + r->status.writing);
}

static bool follows(const struct traffic *t, const struct traffic_reading *r)
{
	return t->begun && r->at_us > t->base.at_us && r->at_us - t->base.at_us <= t->span_max_us &&
	       r->status.requests >= t->base.status.requests &&
	       r->status.accepts >= t->base.status.accepts;
}

static struct span difference(const struct traffic *t, const struct traffic_reading *r)
{
	const struct traffic_reading *b = &t->base;
	struct span s = {
		.sec = (double)(r->at_us - b->at_us) / 1e6,
		.begun = (int64_t)(r->status.requests - b->status.requests),
		.reads = (int64_t)(r->reads - b->reads),
		.probes_begun = (int64_t)(r->probes - b->probes),
	};

	/* A read is still under way on its own page and has ended by the next: of the reads, as
	 * many ended as began. */
	s.logged = s.begun - (under_way(r) - under_way(b)) - s.reads;
	s.probes_ended = s.probes_begun - ((int64_t)r->probes_out - (int64_t)b->probes_out);
	for (size_t i = 0; i < ACCESSLOG_KINDS; i++)
		s.lines += (int64_t)t->lines[i];
	return s;
}

/* Lines of this span, or of earlier ones, that must now be taken as lost. */
static uint64_t count_lost(struct traffic *t, const struct span *span)
{
	int64_t allowed = span->lines > 0 ? BEHIND_LINES + span->logged / BEHIND_SHARE : 0;
	int64_t lost;

	t->behind += span->logged - span->lines;
	if (t->behind <= allowed)
		return 0;
	lost = t->behind;
	t->behind = 0;
	return (uint64_t)lost;
}

static void total_figures(const struct traffic *t, const struct traffic_reading *r,
			  const struct span *span, bool lossy, struct traffic_figures *ret)
{
	const struct share *s = &t->total;
	struct message_traffic *total = &ret->total;
	uint64_t lines = t->lines[ACCESSLOG_TRAFFIC];
	int64_t status = (int64_t)t->lines[ACCESSLOG_STATUS];
	double ended = (double)(span->logged - span->probes_ended - status);
	double scale = lossy && lines > 0 ? fmax(ended / (double)lines, 1) : 1;

	*total = (struct message_traffic){
		.present = true,
		.rps = per_sec((double)(span->begun - span->reads - span->probes_begun - status),
			       span),
		.completed_rps =
			per_sec(lossy && lines == 0 ? ended : (double)s->answers * scale, span),
		.in_flight = fmax((double)r->status.writing - 1 - (double)r->probes_out, 0),
		.error_rate = ratio(s->errors, s->answers),
		.upstream_ms = ratio(s->upstream_ms, s->upstream_n),
	};
	latencies(s, &total->p50_ms, &total->p95_ms, &total->p99_ms);
	replica_figures(t, span, scale, ret);
}

bool traffic_close(struct traffic *t, const struct traffic_reading *r, struct traffic_figures *ret)
{
	bool measured = follows(t, r);

	if (measured) {
		struct span span = difference(t, r);

		ret->lines_lost = count_lost(t, &span);
		total_figures(t, r, &span, ret->lines_lost > 0, ret);
	} else {
		t->behind = 0;
	}
	t->base = *r;
	t->begun = true;
	forget_lines(t);
	return measured;
}
