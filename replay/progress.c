/* Shell. A progress bar. */
#include "replay/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_COLUMNS 40
#define DRAW_MS     100
#define GUESS_MS    2000 /* what is left is not guessed from less */

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void draw(const struct progress *p, double share)
{
	static const char full[] = "########################################";
	static const char empty[] = "........................................";
	int columns = (int)(share * BAR_COLUMNS);
	uint64_t passed_ms = p->drawn_ms - p->begun_ms;
	double left_sec = (double)passed_ms / 1000 * (1 - share) / share;

	fprintf(stderr, "\r[%.*s%.*s] %3.0f %%", columns, full, BAR_COLUMNS - columns, empty,
		share * 100);
	if (passed_ms >= GUESS_MS && share > 0)
		fprintf(stderr, left_sec < 100 ? "  %.0f s left" : "  %.0f min left",
			left_sec < 100 ? left_sec : left_sec / 60);
	fputs("\033[K", stderr);
}

void progress_begin(struct progress *p, double total)
{
	*p = (struct progress){
		.shown = isatty(STDERR_FILENO), .total = total, .begun_ms = clock_ms()};
	if (p->shown)
		draw(p, 0);
}

void progress_update(struct progress *p, double done)
{
	uint64_t now_ms;

	if (!p->shown)
		return;
	now_ms = clock_ms();
	if (now_ms - p->drawn_ms < DRAW_MS)
		return;
	p->drawn_ms = now_ms;
	draw(p, done < p->total ? done / p->total : 1);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
}
