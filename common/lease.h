/* Shell. A lease in Redis: of all processes that want it, one has it.  It has a connection of its
 * own, and holds only while that stands: a Redis that comes back may have forgotten it.
 *
 * Keys: agentic:lease:NAME, the owner's id or, handed over, "", with a TTL; and
 * agentic:lease:NAME:token, the tokens given out so far.  The process must ignore SIGPIPE. */
#ifndef COMMON_LEASE_H
#define COMMON_LEASE_H

#include "common/lease_term.h"

#include <stdint.h>
#include <uv.h>

struct lease;

/* Told of every change, and of the first answer. */
typedef void lease_changed(const struct lease_news *, void *cookie);

struct lease_options { /* the strings must stay valid until it has closed */
	const char *host;
	int port;
	const char *username; /* NULL: none */
	const char *password; /* NULL: none */
	const char *name;     /* of what is leased: "executor:app"; copied */
	lease_changed *on_change;
	void *cookie;
};

/* Ask for it, and go on asking. */
struct lease *lease_open(uv_loop_t *, const struct lease_options *);

/* Hand it over, if Redis answers soon (LEASE_CLOSE_MS), and close: no callback is called any more.
 * Whatever it guarded must have ended.  Gone when its libuv handles have closed. */
#define LEASE_CLOSE_MS 500
void lease_close(struct lease *);

/* NULL: this process may act, right now.  Else why not.  Asks the clock and the kernel anew: the
 * process may have been stopped since its loop last did. */
const char *lease_objection(const struct lease *);

/* The token in force as far as is known, this process's or another's; 0: not known. */
int64_t lease_token(const struct lease *);

#endif
