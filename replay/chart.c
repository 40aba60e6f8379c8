/* Pure. What charts are made of. */
#include "replay/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- ticks ---- */

size_t chart_ticks(double max, size_t most, struct chart_tick ret[CHART_TICKS_MAX])
{
	static const double MANTISSAS[] = {1, 2, 5, 10};
	double power = pow(10, floor(log10(max / (double)most)));
	double step = 0;
	size_t n;

	for (size_t i = 0; i < 4 && (step == 0 || ceil(max / step - 1e-9) > (double)most); i++)
		step = MANTISSAS[i] * power;
	n = (size_t)ceil(max / step - 1e-9) + 1;
	for (size_t i = 0; i < n; i++) {
		ret[i].value = (double)i * step;
		snprintf(ret[i].text, CHART_TICK_TEXT, "%.6g", ret[i].value);
	}
	return n;
}

size_t chart_time_ticks(double max_sec, size_t most, struct chart_tick ret[CHART_TICKS_MAX])
{
	static const struct {
		double sec, unit_sec;
		const char *unit;
	} STEPS[] = {
		{1, 1, "s"},           {5, 1, "s"},           {10, 1, "s"},
		{30, 1, "s"},          {60, 60, "min"},       {120, 60, "min"},
		{300, 60, "min"},      {600, 60, "min"},      {900, 60, "min"},
		{1800, 3600, "h"},     {3600, 3600, "h"},     {7200, 3600, "h"},
		{10800, 3600, "h"},    {14400, 3600, "h"},    {21600, 3600, "h"},
		{43200, 3600, "h"},    {86400, 86400, "d"},   {172800, 86400, "d"},
		{345600, 86400, "d"},  {604800, 86400, "d"},  {1209600, 86400, "d"},
		{2592000, 86400, "d"}, {5184000, 86400, "d"},
	};
	size_t i = 0, n;

	while (i + 1 < sizeof(STEPS) / sizeof(STEPS[0]) &&
	       floor(max_sec / STEPS[i].sec) + 1 > (double)most)
		i++;
	n = (size_t)fmin(floor(max_sec / STEPS[i].sec) + 1, CHART_TICKS_MAX);
	for (size_t k = 0; k < n; k++) {
		ret[k].value = (double)k * STEPS[i].sec;
		snprintf(ret[k].text, CHART_TICK_TEXT, k == 0 ? "0" : "%g %s",
			 ret[k].value / STEPS[i].unit_sec, STEPS[i].unit);
	}
	return n;
}

/* ---- labels ---- */

static bool overlap(const struct chart_box *a, const struct chart_box *b)
{
	return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

static bool is_free(const struct chart_boxes *boxes, const struct chart_box *box)
{
	const struct chart_box *in = &boxes->within;

	if (box->left < in->left || box->right > in->right || box->top < in->top ||
	    box->bottom > in->bottom)
		return false;
	for (size_t i = 0; i < boxes->n; i++)
		if (overlap(&boxes->at[i], box))
			return false;
	return true;
}

void chart_take(struct chart_boxes *boxes, struct chart_box box)
{
	if (boxes->n < CHART_BOXES_MAX)
		boxes->at[boxes->n++] = box;
}

bool chart_place(struct chart_boxes *boxes, struct svg_at to, double width, double height,
		 struct svg_at *ret)
{
	/* Around the point, the best side first, then farther away. */
	static const struct svg_at SIDES[] = {{1, 0},     {1, -0.8}, {1, 0.8}, {-1, 0},
					      {-1, -0.8}, {-1, 0.8}, {0, -1},  {0, 1}};
	static const int NEAR_PX = 9, FAR_PX = 70, STEP_PX = 6;

	for (int away = NEAR_PX; away <= FAR_PX; away += STEP_PX) {
		for (size_t i = 0; i < sizeof(SIDES) / sizeof(SIDES[0]); i++) {
			double x = to.x + SIDES[i].x * (away + width / 2);
			double y = to.y + SIDES[i].y * (away + height / 4);
			struct chart_box box = {x - width / 2, y - height / 2, x + width / 2,
						y + height / 2};
			if (!is_free(boxes, &box))
				continue;
			chart_take(boxes, box);
			*ret = (struct svg_at){box.left, y + height * 0.3};
			return true;
		}
	}
	return false;
}
