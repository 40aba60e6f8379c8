/* Shell. Telemetry in, reasons out.  The plans in it are passed over: what was decided then is not
 * what would be decided now. */
#include "planner/explainer.h"

#include "planner/explain.h"
#include "planner/fold.h"
#include "planner/playback.h"

#include <errno.h>
#include <string.h>

#define TEXT_BYTES_MAX 65536 /* of one decision: more than all facts together take */

struct explainer {
	const struct policy_config *config;
	const char *target;
	struct targets *targets;
	FILE *out;
	struct buf text;
	uint64_t heard_ms; /* when the last alert must have been heard */
	size_t decisions;
};

static int decide(struct explainer *e, const struct message_alert *alert, uint64_t heard_ms,
		  struct message_error *ret_error)
{
	struct brain *brain = targets_add(e->targets, alert->target);
	struct brain_decided d;

	if (!brain) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "more targets than the planner can remember");
		return -EBADMSG;
	}
	e->heard_ms = fold_heard_ms(alert, heard_ms, e->heard_ms);
	brain_alert(brain, alert, e->heard_ms, true, &d);
	explain_text(e->config, alert->target, alert->ts, &d.input, &d.decision, d.would, d.would_n,
		     &e->text);
	fwrite(buf_text(&e->text), 1, e->text.len, e->out);
	buf_clear(&e->text);
	e->decisions++;
	return ferror(e->out) ? -EIO : 0; /* nobody reads it any more */
}

static int take(const struct recorded *recorded, void *cookie, struct message_error *ret_error)
{
	struct explainer *e = cookie;
	struct fold_message m;

	if (strcmp(recorded->channel, CHANNEL_ACTIONS) == 0)
		return 0;

	int err = fold_decode(recorded->channel, recorded->text, recorded->len, e->target, &m,
			      ret_error);
	if (err)
		return err;
	if (m.kind == FOLD_ALERT)
		err = decide(e, &m.alert, recorded->heard_ms, ret_error);
	else
		fold_apply(e->targets, e->target, &m);
	fold_done(&m);
	return err;
}

int explainer_run(const struct policy_config *config, const char *target, FILE *in, FILE *out,
		  FILE *err)
{
	struct explainer e = {.config = config, .target = target, .out = out};
	struct playback read;

	e.targets = targets_new(config, target);
	buf_init(&e.text, TEXT_BYTES_MAX);
	int status = playback_run(in, err, 1, take, &e, &read);
	if (status)
		fprintf(err, "%s\n", strerror(-status));
	if (read.malformed)
		fprintf(err, "%zu of %zu lines could not be used\n", read.malformed, read.lines);
	if (!e.decisions)
		fprintf(err, "no alerts in %zu lines\n", read.lines);
	buf_free(&e.text);
	targets_free(e.targets);
	return status || fflush(out) || ferror(out) || !e.decisions ? 1 : 0;
}
