/* Pure. What was said already, so that it is said once: what goes wrong at every message would
 * otherwise fill the log. */
#ifndef COMMON_ONCE_H
#define COMMON_ONCE_H

#include <stdbool.h>
#include <stddef.h>

#define ONCE_MAX       64  /* causes that are told apart; any more are not new */
#define ONCE_BYTES_MAX 160 /* of a cause that count, with the NUL */

/* Start with {0}. */
struct once {
	char causes[ONCE_MAX][ONCE_BYTES_MAX];
	size_t n;
};

/* Whether ${cause} is new; it is not from then on. */
bool once_new(struct once *, const char *cause);

#endif
