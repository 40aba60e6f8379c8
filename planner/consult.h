/* Shell. Asking the advisor about the configured TARGET, after its plan is out, and publishing what
 * came of it on the channel "advice".  The verdict is heard when it comes back from there, by the
 * next window, live and in every later fold alike. */
#ifndef PLANNER_CONSULT_H
#define PLANNER_CONSULT_H

#include "common/metrics.h"
#include "planner/advisor.h"
#include "planner/brain.h"

#include <uv.h>

struct consult;

/* A message for the channel "advice"; the text is the receiver's to free. */
typedef void consult_publish(char *text, void *cookie);

/* ${config} must stay valid.  Adds its metrics to ${metrics}. */
struct consult *consult_open(uv_loop_t *, const struct advisor_config *config, struct metrics *,
			     consult_publish *, void *cookie);
void consult_close(struct consult *);

/* The window ${alert} was decided about and its plan is published: ask, if it is due. */
void consult_about(struct consult *, const struct message_alert *alert, const struct brain *brain,
		   const struct brain_decided *decided);

/* Advice that came by the bus, live or read back. */
void consult_heard(struct consult *, const struct message_advice *, const struct brain *brain,
		   bool replayed);

/* A window was read back, whose verdicts were judged by an earlier process. */
void consult_replayed(struct consult *, const struct brain *brain);

/* What is left of asking now; without asking at all only that it is off. */
void consult_describe(struct consult *, struct message_beat_advisor *ret);

#endif
