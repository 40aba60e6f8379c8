/* Pure. Who gets an answer from the dashboard: whoever calls it by a name that is its own, is not
 * a page of another site, and knows the password where there is one. */
#ifndef DASHBOARD_GUARD_H
#define DASHBOARD_GUARD_H

#include "common/bucket.h"

#include <stdbool.h>
#include <stdint.h>

#define GUARD_PASSWORD_MIN 8
#define GUARD_PASSWORD_MAX 256
#define GUARD_HOSTS_MAX    1024 /* bytes of the list */

struct guard {
	const char *hosts;                     /* names that are ours beside localhost, or NULL */
	bool asks;                             /* for the password */
	char password[GUARD_PASSWORD_MAX + 1]; /* NULs behind it */
	struct bucket failures;
};

/* What is looked at; NULL for a header that the request has not. */
struct guard_request {
	const char *path;
	const char *host, *origin, *fetch_site, *authorization;
	bool doubled; /* one of these headers came twice */
};

enum guard_verdict {
	GUARD_PASS,
	GUARD_DOUBLED,  /* who would read the other one? */
	GUARD_HOST,     /* another's name: a foreign page that had its name point here, perhaps */
	GUARD_SITE,     /* a page of another site asks */
	GUARD_ASK,      /* no password */
	GUARD_WRONG,    /* another password */
	GUARD_GUESSING, /* too many of those: not even looked at */
	GUARD_VERDICTS_N
};

/* How a verdict other than GUARD_PASS is told. */
struct guard_answer {
	const char *label; /* for metrics */
	unsigned status;
	const char *text;
	const char *header, *value; /* or NULL */
};

/* Whether ${hosts} is a list of host names without ports, with commas between. */
bool guard_hosts_valid(const char *hosts);

/* ${hosts}, NULL or valid, must stay; ${password} is copied, at most GUARD_PASSWORD_MAX bytes.
 * NULL: none is asked for. */
void guard_init(struct guard *, const char *hosts, const char *password);

/* Judge a request.  Numeric addresses and localhost are ours on any port (only a name can be made
 * to point elsewhere), other names where they are in the list.  Where browsers say that another
 * site asks, only the page itself is given, so that it can be linked to.  /healthz needs no
 * password.  The comparison takes as long for any password; after 10 wrong ones, 2 a second are
 * looked at. */
enum guard_verdict guard_judge(struct guard *, const struct guard_request *, uint64_t now_ms);

const struct guard_answer *guard_answer(enum guard_verdict);

#endif
