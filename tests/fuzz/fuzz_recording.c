/* Shell. Fuzz target: whatever the lines of a recording are, both policies decide about every alert
 * among them within their bounds, and a recording of what was read is read and decided alike. */
#include "common/json.h"
#include "common/mem.h"
#include "planner/config.h"
#include "replay/backtest.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <math.h>

#define COPY_BYTES_MAX ((size_t)1 << 20)
#define TOLD_BYTES_MAX ((size_t)1 << 24)
#define WHOLE_MAX      1024 /* bytes of a recording up to which all reasons are asked for */

struct reader {
	struct backtest *backtest;
	struct planner_config config;
	struct buf *copy; /* the recording again; NULL: it is that */
	struct buf told;  /* a line for each decision */
	size_t alerts, windows;
};

static const char *policy_only(const char *name, void *policy)
{
	return strcmp(name, "PLANNER_POLICY") == 0 ? policy : NULL;
}

static void check_window(const struct backtest_window *w, void *cookie)
{
	const struct policy_decision *d = &w->decided->decision;
	struct reader *r = cookie;
	const struct policy_config *c = &r->config.policy;
	struct message_error error;
	struct message_plan again;

	r->windows++;
	must(d->envelope.lo <= d->envelope.hi);
	must(d->envelope.lo >= c->min_replicas && d->envelope.hi <= c->max_replicas);
	if (d->action == ACTION_SCALE_UP || d->action == ACTION_SCALE_DOWN)
		must(d->replicas >= c->min_replicas && d->replicas <= c->max_replicas);
	must((w->live == NULL) == (w->match == BACKTEST_ALONE));
	must((w->match == BACKTEST_SAME) == (w->live && strcmp(w->text, w->live_text) == 0));
	must(message_plan_decode(w->text, strlen(w->text), "else", &again, &error) == 0);
	must(again.action == d->action && again.replicas == d->replicas);
	must(strcmp(again.target, w->alert->target) == 0);
	message_plan_done(&again);
	must(buf_printf(&r->told, "%s\n", w->text) == 0);
}

/* The line that subscriber --json makes of it; an alert without the time it was heard stands
 * alone. */
static void record_again(const struct recorded *recorded, struct buf *out)
{
	if (recorded->heard_ms > 0)
		buf_printf(out, "{\"channel\":\"%s\",\"heard_ts\":%.3f,\"message\":%s}\n",
			   recorded->channel, (double)recorded->heard_ms / 1000, recorded->text);
	else if (strcmp(recorded->channel, CHANNEL_ALERTS) == 0 &&
		 !strstr(recorded->text, "\"channel\""))
		buf_printf(out, "%s\n", recorded->text);
	else
		buf_printf(out, "{\"channel\":\"%s\",\"message\":%s}\n", recorded->channel,
			   recorded->text);
}

static void check_recorded(const struct recorded *recorded)
{
	static const char *const channels[] = {CHANNEL_ALERTS, CHANNEL_ACTIONS, CHANNEL_RESULTS,
					       CHANNEL_ADVICE};
	size_t i = 0;
	cJSON *root;

	while (i < 4 && strcmp(channels[i], recorded->channel) != 0)
		i++;
	must(i < 4);
	must(recorded->len == strlen(recorded->text));
	must(recorded->heard_ms <= UINT64_C(100000000000000));
	must(json_parse(recorded->text, recorded->len, &root) == 0 && cJSON_IsObject(root));
	cJSON_Delete(root);
}

static void read_line(struct reader *r, const char *text, size_t len)
{
	char *line = fuzz_copy((const uint8_t *)text, len, false);
	struct message_error error;
	struct recorded recorded;

	memset(&error, 0xa5, sizeof(error));
	int err = recording_read(line, len, &recorded, &error);
	must(err == 0 || err == -ENOMSG || err == -EBADMSG);
	if (err == -EBADMSG)
		must(fuzz_is_text(error.text, sizeof(error.text)) && error.text[0] != '\0');
	if (r->copy == NULL)
		must(err == 0);
	if (err == 0) {
		check_recorded(&recorded);
		if (r->copy != NULL)
			record_again(&recorded, r->copy);
		bool alert = strcmp(recorded.channel, CHANNEL_ALERTS) == 0;
		err = backtest_take(r->backtest, &recorded, &error);
		must(err == 0 || err == -EBADMSG);
		r->alerts += err == 0 && alert;
		free(recorded.text);
	}
	free(line);
}

/* What was decided about the recording ${text}, which the caller frees. */
static char *decide(const char *text, size_t size, char *policy, bool whole, struct buf *copy)
{
	struct reader r = {.copy = copy};
	struct buf errors;

	buf_init(&errors, 4096);
	must(settings_parse(planner_settings, policy_only, NULL, policy, &r.config, &errors) == 0);
	const struct backtest_options options = {
		.policy = &r.config.policy,
		.target = "app",
		.plans = true,
		.whole = whole,
		.on_window = check_window,
		.cookie = &r,
	};
	buf_init(&r.told, TOLD_BYTES_MAX);
	r.backtest = backtest_new(&options);
	for (const char *at = text, *end = text + size; at < end;) {
		const char *feed = memchr(at, '\n', (size_t)(end - at));
		const char *stop = feed ? feed : end;

		read_line(&r, at, (size_t)(stop - at));
		at = stop + (feed != NULL);
	}
	backtest_end(r.backtest);
	must(r.windows + backtest_refused(r.backtest) == r.alerts);
	backtest_free(r.backtest);
	settings_free(planner_settings, &r.config);
	buf_puts(&r.told, "end\n");
	return buf_steal(&r.told);
}

static void try_policy(const char *text, size_t size, char *policy)
{
	struct buf copy;

	buf_init(&copy, COPY_BYTES_MAX);
	bool whole = size <= WHOLE_MAX;
	char *first = decide(text, size, policy, whole, &copy);
	char *second = decide(buf_text(&copy), copy.len, policy, whole, NULL);
	must(strcmp(first, second) == 0);
	free(first);
	free(second);
	buf_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char adaptive[] = "adaptive", classic[] = "classic";
	char *text = fuzz_copy(data, size, false);

	mem_init();
	try_policy(text, size, adaptive);
	try_policy(text, size, classic);
	free(text);
	return 0;
}
