/* Pure. A change of the count that is under way; see pending.h. */
#include "planner/pending.h"

#include <math.h>

#define STARTUP_GUESS_SEC 20.0 /* until one start was seen */
#define FORGET            0.3  /* a longer start counts at once, a shorter one by this share */
#define ALLOWANCE         3    /* starts that take so many times as long are not waited for, */
#define WINDOWS           2    /* with so many windows until it is seen */
#define GAP_WINDOWS       2.5  /* without a window for so many: some are missing */
#define ALLOWANCE_MIN_SEC 10.0
#define STARTUP_MAX_SEC   200.0 /* what took longer waited for something else, too */

void pending_init(struct pending *p)
{
	*p = (struct pending){.startup_sec = NAN};
}

void pending_begin(struct pending *p, uint64_t now_ms, int replicas, bool up)
{
	p->open = true;
	p->lost = false;
	p->replicas = replicas;
	p->up = up;
	p->since_ms = p->seen_ms = now_ms;
}

void pending_cancel(struct pending *p)
{
	p->open = p->lost = false;
}

uint64_t pending_allowance_ms(const struct pending *p, double window_sec, double startup_sec)
{
	double start_sec = !isnan(startup_sec)      ? startup_sec
			   : !isnan(p->startup_sec) ? p->startup_sec
						    : STARTUP_GUESS_SEC;
	double sec = ALLOWANCE * start_sec + WINDOWS * window_sec;

	return (uint64_t)(1000 * fmax(sec, ALLOWANCE_MIN_SEC));
}

/* Whether this window follows the one before, or no telling what happened in between. */
static bool follows(const struct pending *p, uint64_t now_ms, double window_sec)
{
	return now_ms >= p->seen_ms &&
	       (double)(now_ms - p->seen_ms) <= 1000 * GAP_WINDOWS * window_sec;
}

static void learn(struct pending *p, double took_sec)
{
	took_sec = fmin(took_sec, STARTUP_MAX_SEC);
	if (isnan(p->startup_sec) || took_sec > p->startup_sec)
		p->startup_sec = took_sec;
	else
		p->startup_sec += FORGET * (took_sec - p->startup_sec);
}

void pending_window(struct pending *p, uint64_t now_ms, double window_sec, int running, int ready,
		    double startup_sec)
{
	bool done = p->up ? ready >= p->replicas : running <= p->replicas;

	if (!p->open && !p->lost)
		return;
	if (now_ms < p->since_ms)
		p->since_ms = now_ms;
	if (done && p->up && follows(p, now_ms, window_sec))
		learn(p, (double)(now_ms - p->since_ms) / 1000);
	p->seen_ms = now_ms;
	if (done)
		p->open = p->lost = false;
	else if (now_ms - p->since_ms >= pending_allowance_ms(p, window_sec, startup_sec)) {
		p->open = false;
		p->lost = true;
	}
}
