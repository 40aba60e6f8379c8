/* Pure. What would have changed a decision.
 *
 * Values are tried on a grid, the numbers of three significant digits, so that a bound and its
 * neighbour are both values that the policy was asked about: nothing is said that was not seen.
 * For each quantity and direction the extreme is asked first; where it changes the decision,
 * bisection finds the step nearest to what was measured. */
#include "planner/whatif.h"

#include "planner/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CELLS              900 /* 1.00 to 9.99: a decade of the grid */
#define UNKNOWN_WINDOW_SEC 4   /* time between windows that do not say how long they are */
#define ANY_ACTION         (-1)

/* --- quantities ------------------------------------------------------------------------------- */

/* NaN: not in this input. */
typedef double quantity_get(const struct policy_input *);
typedef void quantity_set(struct policy_input *, double value);

static double get_p95(const struct policy_input *input)
{
	return input->p95_ms;
}

static void set_p95(struct policy_input *input, double value)
{
	struct message_traffic *t = &input->traffic;

	input->p95_ms = value;
	if (!t->present || isnan(t->p95_ms))
		return;
	t->p95_ms = value;
	if (t->p50_ms > value)
		t->p50_ms = value;
	if (t->p99_ms < value)
		t->p99_ms = value;
	if (t->upstream_ms > value)
		t->upstream_ms = value;
}

static double get_arrivals(const struct policy_input *input)
{
	return input->traffic.present ? input->traffic.rps : NAN;
}

static void set_arrivals(struct policy_input *input, double value)
{
	struct message_traffic *t = &input->traffic;

	if (t->rps > 0) {
		t->completed_rps *= value / t->rps;
		t->in_flight *= value / t->rps;
	} else {
		t->completed_rps = value;
	}
	t->rps = value;
}

static double get_success(const struct policy_input *input)
{
	return input->success_rate;
}

static void set_success(struct policy_input *input, double value)
{
	input->success_rate = value;
	if (input->traffic.present && !isnan(input->traffic.error_rate))
		input->traffic.error_rate = 1 - value;
}

static const struct quantity {
	const char *name;
	quantity_get *get;
	quantity_set *set;
	int from, to; /* powers of ten: the least and the greatest value that is tried */
} quantities[] = {
	{"p95_ms", get_p95, set_p95, -1, 5},
	{"arrivals_rps", get_arrivals, set_arrivals, -2, 6},
	{"success_rate", get_success, set_success, -3, 0},
};

#define QUANTITIES (sizeof(quantities) / sizeof(quantities[0]))

bool whatif_set(struct policy_input *input, const char *quantity, double value)
{
	for (size_t i = 0; i < QUANTITIES; i++) {
		const struct quantity *q = &quantities[i];
		if (strcmp(q->name, quantity) != 0 || isnan(q->get(input)))
			continue;
		q->set(input, value);
		return true;
	}
	return false;
}

/* --- their grid ------------------------------------------------------------------------------- */

static int cell_last(const struct quantity *q)
{
	return (q->to - q->from) * CELLS;
}

static double cell_value(const struct quantity *q, int cell)
{
	int digits = 100 + cell % CELLS;
	int power = q->from + cell / CELLS - 2;

	/* a quotient of integers is the double that its decimals are read as, a product is not */
	return power < 0 ? digits / pow(10, -power) : digits * pow(10, power);
}

/* One next to ${value}, the nearest end beyond the grid. */
static int cell_near(const struct quantity *q, double value)
{
	if (!(value > cell_value(q, 0)))
		return 0;
	if (value >= cell_value(q, cell_last(q)))
		return cell_last(q);

	int power = (int)floor(log10(value));
	int digits = (int)(value / pow(10, power) * 100);
	int cell = (power - q->from) * CELLS + digits - 100;
	return cell < 0 ? 0 : cell > cell_last(q) ? cell_last(q) : cell;
}

/* --- asking ----------------------------------------------------------------------------------- */

struct question {
	const struct policy_state *before;
	const struct policy_config *config;
	uint64_t now_ms;
	const struct policy_input *input;
	enum message_action decided;
	const struct quantity *quantity;
};

struct answer {
	enum message_action action; /* the first that differs from what was decided */
	int windows;                /* that it takes; 0: none differs */
};

static int windows_max(const struct question *q)
{
	return q->decided == ACTION_NOOP ? WHATIF_WINDOWS_MAX : 1;
}

static struct answer ask(const struct question *q, int cell, int windows)
{
	struct policy_state *state = policy_state_copy(q->before);
	struct policy_input input = *q->input;
	struct policy_decision d;
	double window_sec = isnan(input.window_sec) ? UNKNOWN_WINDOW_SEC : input.window_sec;
	struct answer answer = {0};

	q->quantity->set(&input, cell_value(q->quantity, cell));
	for (int w = 0; w < windows && answer.windows == 0; w++) {
		uint64_t now_ms = q->now_ms + (uint64_t)(w * window_sec * 1000);
		policy_step(state, q->config, now_ms, &input, &d);
		if (d.action != q->decided)
			answer = (struct answer){d.action, w + 1};
	}
	policy_state_free(state);
	return answer;
}

static bool differs(struct answer answer, int action)
{
	return answer.windows > 0 && (action == ANY_ACTION || (int)answer.action == action);
}

/* Moves ${yes}, where ${action} comes within ${windows}, next to a cell where it does not, as at
 * ${no}.  Returns the answer there. */
static struct answer bisect(const struct question *q, int no, int *yes, int action, int windows)
{
	struct answer found = ask(q, *yes, windows);

	while (*yes - no > 1 || no - *yes > 1) {
		int middle = no + (*yes - no) / 2;
		struct answer answer = ask(q, middle, windows);
		if (differs(answer, action)) {
			*yes = middle;
			found = answer;
		} else {
			no = middle;
		}
	}
	return found;
}

/* --- finding ---------------------------------------------------------------------------------- */

struct finds {
	struct whatif *all; /* WHATIF_MAX, fewest windows first */
	size_t n;
};

static void add(struct finds *finds, const struct question *q, bool at_least, int cell,
		struct answer answer)
{
	size_t i = finds->n;

	while (i > 0 && finds->all[i - 1].windows > answer.windows)
		i--;
	if (i == WHATIF_MAX)
		return;
	if (finds->n < WHATIF_MAX)
		finds->n++;
	memmove(finds->all + i + 1, finds->all + i, (finds->n - 1 - i) * sizeof(finds->all[0]));
	finds->all[i] = (struct whatif){.action = answer.action,
					.quantity = q->quantity->name,
					.at_least = at_least,
					.bound = cell_value(q->quantity, cell),
					.windows = answer.windows};
}

/* From ${now} on, where it does not happen, towards ${far}, where it comes to ${extreme}. */
static void look_ahead(struct finds *finds, const struct question *q, int now, int far,
		       struct answer extreme)
{
	int yes = far;
	struct answer first = bisect(q, now, &yes, ANY_ACTION, extreme.windows);

	add(finds, q, far > 0, yes, first);
	if (first.action == extreme.action)
		return;
	now = yes;
	yes = far;
	extreme = bisect(q, now, &yes, (int)extreme.action, extreme.windows);
	add(finds, q, far > 0, yes, extreme);
}

/* At ${now} and at ${far} it comes to the same: how far the other way does it still? */
static void look_back(struct finds *finds, const struct question *q, int now, int far,
		      struct answer extreme)
{
	int other = far > 0 ? 0 : cell_last(q->quantity);

	if (differs(ask(q, other, extreme.windows), (int)extreme.action))
		return;
	extreme = bisect(q, other, &now, (int)extreme.action, extreme.windows);
	add(finds, q, far > 0, now, extreme);
}

/* ${far} is one end of the grid, ${now} what was measured, and ${same} what comes of windows that
 * go on like it. */
static void look(struct finds *finds, const struct question *q, int now, struct answer same,
		 int far)
{
	struct answer extreme = far == now ? same : ask(q, far, windows_max(q));

	if (extreme.windows == 0)
		return;
	if (same.windows == 0 || same.windows > extreme.windows)
		look_ahead(finds, q, now, far, extreme);
	else if (same.action == extreme.action)
		look_back(finds, q, now, far, extreme);
}

size_t whatif_find(const struct policy_state *before, const struct policy_config *config,
		   uint64_t now_ms, const struct policy_input *input,
		   const struct policy_decision *decision, struct whatif ret[WHATIF_MAX])
{
	struct finds finds = {.all = ret};

	for (size_t i = 0; i < QUANTITIES; i++) {
		const struct question q = {before, config,           now_ms,
					   input,  decision->action, &quantities[i]};
		double value = quantities[i].get(input);
		if (isnan(value))
			continue;

		int now = cell_near(&quantities[i], value);
		struct answer same = ask(&q, now, windows_max(&q));
		look(&finds, &q, now, same, cell_last(&quantities[i]));
		look(&finds, &q, now, same, 0);
	}
	return finds.n;
}

/* --- telling ---------------------------------------------------------------------------------- */

void whatif_text(const struct whatif *w, char ret[WHATIF_TEXT_MAX])
{
	static const char *const phrases[] = {
		[ACTION_NOOP] = "do nothing",
		[ACTION_RESTART] = "restart",
		[ACTION_SCALE_UP] = "scale up",
		[ACTION_SCALE_DOWN] = "scale down",
	};
	char figure[FIGURE_TEXT_MAX];
	char more[32] = "";

	figure_text(w->quantity, w->at_least ? " >= " : " <= ", w->bound, figure);
	if (w->windows > 1)
		snprintf(more, sizeof(more), " and %d more", w->windows - 1);
	snprintf(ret, WHATIF_TEXT_MAX, "would %s if %s for this window%s", phrases[w->action],
		 figure, more);
}
