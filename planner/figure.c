/* Pure. Figures as people read them. */
#include "planner/figure.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EXPONENT_FROM 1e12   /* longer numbers are not written out */
#define ROUNDED_FROM  9999.5 /* where four digits leave no fraction */

static const struct {
	const char *suffix, *unit;
} units[] = {
	{"_ms", " ms"}, {"_sec", " s"}, {"_rps", "/s"}, {"", ""}, /* of any name: a plain number */
};

static size_t unit_of(const char *name, size_t *ret_len)
{
	size_t len = strlen(name);

	for (size_t i = 0;; i++) {
		size_t suffix = strlen(units[i].suffix);
		if (suffix > len || strcmp(name + len - suffix, units[i].suffix) != 0)
			continue;
		*ret_len = len - suffix;
		return i;
	}
}

void figure_number(double value, char *ret, size_t size)
{
	bool plain = fabs(value) >= ROUNDED_FROM && fabs(value) < EXPONENT_FROM;

	snprintf(ret, size, plain ? "%.0f" : "%.4g", value);
}

void figure_text(const char *name, const char *between, double value, char ret[FIGURE_TEXT_MAX])
{
	char number[32];
	size_t len;
	size_t unit = unit_of(name, &len);

	figure_number(value, number, sizeof(number));
	snprintf(ret, FIGURE_TEXT_MAX, "%.*s%s%s%s", (int)len, name, between, number,
		 units[unit].unit);
}
