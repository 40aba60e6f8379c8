/* Pure. The rule of thumb that many a script is: one more when busy, one fewer when idle. */
#include "common/mem.h"
#include "replay/controllers.h"

#include <stdlib.h>

#define PERIOD_SEC 60.0
#define HIGH       0.85
#define LOW        0.25

static void *create(const struct controller_config *config)
{
	(void)config;
	return xcalloc(1, 1); /* it remembers nothing */
}

static int step(void *memory, const struct controller_view *view, int wanted)
{
	(void)memory;
	return wanted + (view->utilisation > HIGH) - (view->utilisation < LOW);
}

const struct controller controller_step = {
	.name = "step", .period_sec = PERIOD_SEC, .create = create, .step = step, .destroy = free};
