/* Pure. What to do next about nginx, and whether a reload took effect. */
#ifndef WATCHER_ROLLOUT_H
#define WATCHER_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rollout_answer { /* what the running nginx says about the file */
		      ROLLOUT_UNKNOWN,
		      ROLLOUT_CONFIRMED, /* it runs this generation */
		      ROLLOUT_OTHER,     /* it runs another, or a reload came to nothing */
};

struct rollout_facts {
	bool lb_running;
	bool undecided; /* servers of the file are still being asked whether they are ready */
	bool ready;     /* a replica is */
	bool kept;      /* the file holds servers */
	bool in_file;   /* the file holds exactly the ready replicas */
	bool failed;    /* the same was tried in vain, and nothing has changed since */
	enum rollout_answer answer;
};

enum rollout_action {
	ROLLOUT_REST,
	ROLLOUT_WRITE,  /* write the file: there is no nginx to try it */
	ROLLOUT_CHANGE, /* write it, have it tested, reload, confirm */
	ROLLOUT_CHECK,  /* ask nginx what it runs */
	ROLLOUT_RELOAD, /* the file is right: have it tested, reload, confirm */
};

/* The next step.  A file without servers is never asked for: when no replica is ready, the last
 * good one stays. */
enum rollout_action rollout_next(const struct rollout_facts *);

/* Watching a generation take over: answers on fresh connections, which the kernel hands to old and
 * new workers alike while both listen. */
struct rollout_watch {
	int generation;
	bool may_come; /* a reload is under way: other answers are no verdict yet */
	uint64_t start_ms, limit_ms;
	uint64_t stable_ms; /* for so long it must be the only answer */
	bool seen;
	uint64_t seen_ms; /* since then every answer was the right one */
};

#define ROLLOUT_STABLE_MS 200 /* above the 100 ms in which nginx lets old workers accept on */

enum rollout_verdict { ROLLOUT_MORE, ROLLOUT_YES, ROLLOUT_NO, ROLLOUT_TIMEOUT };

/* Take in one answer: the generation it named, or -1 when none came. */
enum rollout_verdict rollout_answered(struct rollout_watch *, uint64_t now_ms, int generation);

/* The generation that the body of an answer names, or -1. */
int rollout_generation(const char *body);

/* The line of nginx's output that says why it refused, without time and process: the same refusal
 * gives the same text. */
void rollout_refusal(const char *output, char *ret, size_t size);

#endif
