/* Pure. Who needs no measurements: the oracle, who knows the trace and asks for what it will need
 * as long ahead as a start takes; and a count that never changes. */
#include "common/mem.h"
#include "replay/controllers.h"

#include <stdlib.h>

static void *create_oracle(const struct controller_config *config)
{
	(void)config;
	return xcalloc(1, 1); /* it remembers nothing */
}

/* Nobody goes who is needed before a new one could be ready. */
static int step_oracle(void *memory, const struct controller_view *view, int wanted)
{
	int most = view->needed[0];

	(void)memory;
	(void)wanted;
	for (size_t i = 1; i < view->needed_n; i++)
		if (view->needed[i] > most)
			most = view->needed[i];
	return most;
}

static void *create_static(const struct controller_config *config)
{
	int *fixed = xcalloc(1, sizeof(*fixed));

	*fixed = config->fixed;
	return fixed;
}

static int step_static(void *memory, const struct controller_view *view, int wanted)
{
	const int *fixed = memory;

	(void)view;
	(void)wanted;
	return *fixed;
}

const struct controller controller_oracle = {
	.name = "oracle", .create = create_oracle, .step = step_oracle, .destroy = free};
const struct controller controller_static = {
	.name = "static", .create = create_static, .step = step_static, .destroy = free};
