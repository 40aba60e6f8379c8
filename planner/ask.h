/* Shell. One question to the advisor: an HTTP call that is made, read, and forgotten. */
#ifndef PLANNER_ASK_H
#define PLANNER_ASK_H

#include "planner/advisor.h"

#include <uv.h>

struct asker;

typedef void asker_done(const struct llm_answer *, double latency_ms, void *cookie);

/* ${config} must stay valid.  0, or -errno. */
int asker_open(uv_loop_t *, const struct advisor_config *config, struct asker **ret);

/* A call under way is cancelled.  NULL is fine. */
void asker_close(struct asker *);

/* Ask ${model} (NULL: none is named).  One question at a time: no other is out.  ${done} is called
 * once, on the loop, never from inside this function; not at all when the asker is closed first. */
void asker_ask(struct asker *, const char *model, const struct llm_question *, asker_done *done,
	       void *cookie);

#endif
