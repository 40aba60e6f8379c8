/* Pure. Figures as people read them: names carry their unit, as in "p95_ms", and text has it after
 * the number. */
#ifndef PLANNER_FIGURE_H
#define PLANNER_FIGURE_H

#include <stddef.h>

#define FIGURE_TEXT_MAX 96

/* "p95 >= 412 ms" of "p95_ms", " >= " and 412; four digits. */
void figure_text(const char *name, const char *between, double value, char ret[FIGURE_TEXT_MAX]);

/* The number alone, "412". */
void figure_number(double value, char *ret, size_t size);

#endif
