/* Pure. Whose work it is: of several executors, the one that holds the lease acts and answers.  The
 * others follow what it does, so that any of them can go on at once. */
#ifndef EXECUTOR_TENURE_H
#define EXECUTOR_TENURE_H

#include "common/lease_term.h"

struct tenure {
	int64_t token; /* of the lease under which this one began what is under way; 0: nothing */
};

enum tenure_turn {
	TENURE_GOES_ON, /* as it was: acting, suspended, or standing by */
	TENURE_BEGINS,  /* this one acts from now on */
	TENURE_ENDS,    /* somebody else acts, or did meanwhile: what was begun is theirs */
	TENURE_RENEWS,  /* that, and this one begins anew */
};

/* A tenure outlives the loss of Redis, and a lease that ran out, as long as nobody else had it
 * since. */
enum tenure_turn tenure_hear(struct tenure *, const struct lease_news *);

/* Whether a result under the lease ${lease} (0 or less: it names none) was overtaken by somebody
 * who acts under ${token} (0: not known). */
bool tenure_overtaken(int64_t lease, int64_t token);

#endif
