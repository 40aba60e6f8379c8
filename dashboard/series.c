/* Pure. Each window goes into all three rings at once.  A bucket is made of what was gathered in it
 * before the newest window, and of that one: so the newest can be completed. */
#include "dashboard/series.h"

#include "common/mem.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define WINDOWS_MAX 1800
#define TENS_MAX    (SERIES_POINTS_MAX) /* 6 hours and a little, so that asking for 6 gets them */
#define MINUTES_MAX (1440 + 2)

enum gather { GATHER_HIGHEST, GATHER_MEAN, GATHER_LAST };

static const struct {
	const char *name;
	enum gather gather;
} columns[SERIES_COLUMNS_N] = {
	[SERIES_P95_MS] = {"p95_ms", GATHER_HIGHEST},
	[SERIES_REQUESTS_P95_MS] = {"requests_p95_ms", GATHER_HIGHEST},
	[SERIES_BASELINE_MS] = {"baseline_ms", GATHER_HIGHEST},
	[SERIES_SIGMA_MS] = {"sigma_ms", GATHER_HIGHEST},
	[SERIES_OBJECTIVE_MS] = {"objective_ms", GATHER_HIGHEST},
	[SERIES_ARRIVALS_RPS] = {"arrivals_rps", GATHER_MEAN},
	[SERIES_CAPACITY_RPS] = {"capacity_rps", GATHER_MEAN},
	[SERIES_UTILISATION] = {"utilisation", GATHER_MEAN},
	[SERIES_WANTED] = {"wanted", GATHER_LAST},
	[SERIES_RUNNING] = {"running", GATHER_LAST},
	[SERIES_READY] = {"ready", GATHER_LAST},
	[SERIES_ERROR_RATE] = {"error_rate", GATHER_HIGHEST},
};

/* What a bucket holds so far. */
struct gathered {
	float values[SERIES_COLUMNS_N];
	unsigned n[SERIES_COLUMNS_N]; /* known ones */
};

struct ring {
	struct series_point *points;
	size_t max, n, next;    /* next: the place that the next one takes */
	unsigned step_sec;      /* 0: single windows */
	bool dropped;           /* it has been longer than it is now */
	struct gathered before; /* of the newest bucket, without the newest window */
};

enum { RINGS_N = 3 };

struct series {
	struct ring rings[RINGS_N];
};

int series_parse_range(const char *text, unsigned *ret_sec)
{
	unsigned long value = SERIES_RANGE;
	char *end;

	if (text != NULL) {
		if (text[0] < '0' || text[0] > '9')
			return -EINVAL;
		value = strtoul(text, &end, 10);
		if (*end != '\0' || value < SERIES_RANGE_MIN || value > SERIES_RANGE_MAX)
			return -EINVAL;
	}
	*ret_sec = (unsigned)value;
	return 0;
}

struct series *series_new(void)
{
	static const struct {
		size_t max;
		unsigned step_sec;
	} sizes[RINGS_N] = {{WINDOWS_MAX, 0}, {TENS_MAX, 10}, {MINUTES_MAX, 60}};
	struct series *s = xcalloc(1, sizeof(*s));

	for (size_t i = 0; i < RINGS_N; i++) {
		s->rings[i].points = xcalloc(sizes[i].max, sizeof(*s->rings[i].points));
		s->rings[i].max = sizes[i].max;
		s->rings[i].step_sec = sizes[i].step_sec;
	}
	return s;
}

void series_free(struct series *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < RINGS_N; i++)
		free(s->rings[i].points);
	free(s);
}

/* Point ${i}, 0 the oldest. */
static struct series_point *at(const struct ring *r, size_t i)
{
	return &r->points[(r->next + r->max - r->n + i) % r->max];
}

static struct series_point *newest(const struct ring *r)
{
	return r->n > 0 ? at(r, r->n - 1) : NULL;
}

static void drop_from(struct ring *r, double ts)
{
	while (r->n > 0 && newest(r)->ts >= ts) {
		r->next = (r->next + r->max - 1) % r->max;
		r->n--;
	}
}

static void append(struct ring *r, double ts)
{
	r->points[r->next].ts = ts;
	r->next = (r->next + 1) % r->max;
	if (r->n < r->max)
		r->n++;
	else
		r->dropped = true;
}

static float gather(enum gather how, float value, unsigned n, float more)
{
	if (n == 0)
		return more;
	if (how == GATHER_HIGHEST)
		return fmaxf(value, more);
	if (how == GATHER_MEAN)
		return value + (more - value) / (float)(n + 1);
	return more;
}

static void add(struct gathered *g, const struct series_point *point)
{
	for (size_t c = 0; c < SERIES_COLUMNS_N; c++)
		if (!isnan(point->values[c])) {
			g->values[c] =
				gather(columns[c].gather, g->values[c], g->n[c], point->values[c]);
			g->n[c]++;
		}
}

static void set_newest(struct ring *r, const struct series_point *point)
{
	struct gathered all = r->before;
	struct series_point *bucket = newest(r);

	add(&all, point);
	for (size_t c = 0; c < SERIES_COLUMNS_N; c++)
		bucket->values[c] = all.n[c] > 0 ? all.values[c] : NAN;
}

/* ${previous}: the newest window so far, or NULL. */
static void push(struct ring *r, const struct series_point *point,
		 const struct series_point *previous)
{
	double ts = r->step_sec > 0 ? floor(point->ts / r->step_sec) * r->step_sec : point->ts;

	if (r->step_sec > 0 && previous != NULL && previous->ts < point->ts && r->n > 0 &&
	    newest(r)->ts == ts) {
		add(&r->before, previous);
	} else {
		drop_from(r, ts);
		append(r, ts);
		r->before = (struct gathered){0};
	}
	set_newest(r, point);
}

void series_push(struct series *s, const struct series_point *point)
{
	const struct series_point *last = series_newest(s);
	struct series_point previous = last != NULL ? *last : (struct series_point){0};

	for (size_t i = 0; i < RINGS_N; i++)
		push(&s->rings[i], point, last != NULL ? &previous : NULL);
}

const struct series_point *series_newest(const struct series *s)
{
	return newest(&s->rings[0]);
}

void series_complete(struct series *s, const struct series_point *point)
{
	for (size_t i = 0; i < RINGS_N; i++)
		set_newest(&s->rings[i], point);
}

static const struct ring *ring_for(const struct series *s, double from_ts)
{
	const struct ring *r = s->rings;

	while (r < s->rings + RINGS_N - 1 && r->dropped && at(r, 0)->ts > from_ts)
		r++;
	return r;
}

static void render_column(const struct ring *r, size_t first, size_t column, struct buf *out)
{
	for (size_t i = first; i < r->n; i++) {
		float value = at(r, i)->values[column];

		buf_puts(out, i > first ? "," : "");
		if (isnan(value))
			buf_puts(out, "null");
		else
			buf_printf(out, "%.6g", (double)value);
	}
}

void series_render(const struct series *s, double from_ts, struct buf *out)
{
	const struct ring *r = ring_for(s, from_ts);
	size_t first = 0;

	while (first < r->n && at(r, first)->ts < from_ts)
		first++;
	buf_printf(out, "\"step_sec\":%u,\"columns\":[\"ts\"", r->step_sec);
	for (size_t c = 0; c < SERIES_COLUMNS_N; c++)
		buf_printf(out, ",\"%s\"", columns[c].name);
	buf_puts(out, "],\"data\":[[");
	for (size_t i = first; i < r->n; i++)
		buf_printf(out, "%s%.3f", i > first ? "," : "", at(r, i)->ts);
	for (size_t c = 0; c < SERIES_COLUMNS_N; c++) {
		buf_puts(out, "],[");
		render_column(r, first, c, out);
	}
	buf_puts(out, "]]");
}

void series_render_point(const struct series_point *p, struct buf *out)
{
	buf_printf(out, "{\"ts\":%.3f", p->ts);
	for (size_t c = 0; c < SERIES_COLUMNS_N; c++)
		if (!isnan(p->values[c]))
			buf_printf(out, ",\"%s\":%.6g", columns[c].name, (double)p->values[c]);
	buf_puts(out, "}");
}
