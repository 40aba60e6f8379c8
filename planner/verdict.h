/* Pure. What a language model answered, taken at its word or not at all. */
#ifndef PLANNER_VERDICT_H
#define PLANNER_VERDICT_H

#include "common/message.h"

struct verdict {
	enum message_action action;
	char reason[MESSAGE_TEXT_MAX]; /* cut and cleaned, never blank */
	double alpha_up, beta_down;    /* NaN: none proposed */
};

/* Read the model's ${text} (${len} bytes, of any content): the first balanced JSON object in it,
 * fenced or followed by junk, with the members of the schema (action, reason; alpha_up, beta_down
 * where not null) and no others, each once, of their types.  Thresholds must be within the ranges
 * of planner/envelope.h, and beta_down below alpha_up where both are given.  0, or -EBADMSG with
 * ${ret} untouched and a phrase in ${ret_error} that quotes nothing of the text ("an unknown
 * action"). */
int verdict_parse(const char *text, size_t len, struct verdict *ret, char *ret_error, size_t size);

#endif
