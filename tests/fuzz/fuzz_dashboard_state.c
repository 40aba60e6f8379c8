/* Shell. Fuzz target: lines "channel message" as they come on the bus.  Whatever they are, what the
 * dashboard makes of them is JSON, in events as well, bounded, and the same when it is heard
 * again. */
#include "common/json.h"
#include "common/mem.h"
#include "dashboard/render.h"
#include "dashboard/state.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define NOW_SEC     1795458155.613
#define CHECKED_MAX 8 /* changes whose events are checked, which takes the whole state each time */

/* By the order of their bits. */
static const struct {
	const char *event, *list; /* the newest of which it tells */
	const char *member;       /* or which it tells as it is */
} parts[] = {
	{"point", NULL, "point"},
	{"replicas", NULL, "replicas"},
	{"plan", "plans", NULL},
	{"result", "results", NULL},
	{"receipt", "receipts", NULL},
	{"upstreams", NULL, "upstreams"},
	{"upstreams", NULL, "upstreams_error"},
	{"advice", "advice", NULL},
	{"judgement", "judgements", NULL},
	{"redis", NULL, "redis"},
};
#define PARTS_N (sizeof(parts) / sizeof(parts[0]))

/* A message that was as deep as may be lies deeper in what is rendered. */
static cJSON *parse(const char *text, size_t len)
{
	const char *end;
	cJSON *root = cJSON_ParseWithLengthOpts(text, len, &end, false);

	must((cJSON_IsObject(root) || cJSON_IsArray(root)) && end == text + len);
	return root;
}

static cJSON *rendered(const struct state *st)
{
	struct buf out;

	buf_init(&out, RENDER_BYTES_MAX);
	render_state(st, "0-0", NOW_SEC, &out);
	cJSON *root = parse(buf_text(&out), out.len);
	buf_free(&out);
	return root;
}

/* What the event for bit ${i} tells, as /api/state has it. */
static const cJSON *told_by(const cJSON *state, size_t i)
{
	const cJSON *list;

	if (i >= PARTS_N)
		return cJSON_GetArrayItem(json_get(state, "daemons"), (int)(i - PARTS_N));
	if (parts[i].list == NULL)
		return json_get(state, parts[i].member);
	list = json_get(state, parts[i].list);
	return cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
}

/* Event ${seq}, for bit ${i}. */
static void check_event(const struct eventlog *log, uint64_t seq, const cJSON *state, size_t i)
{
	char head[96];
	size_t len;
	const char *text = eventlog_at(log, seq, &len);
	int head_len = snprintf(head, sizeof(head),
				"id: 00000001-%llu\nevent: %s\ndata: ", (unsigned long long)seq,
				i < PARTS_N ? parts[i].event : "daemon");

	must(strlen(text) == len && strncmp(text, head, (size_t)head_len) == 0);
	text += head_len;
	len = strcspn(text, "\r\n");
	must(strcmp(text + len, "\n\n") == 0);

	cJSON *data = parse(text, len);
	char *told = json_print(data), *kept = json_print(told_by(state, i));
	must(strcmp(told, kept) == 0);
	free(told);
	free(kept);
	cJSON_Delete(data);
}

static void check_events(const struct state *st, int changed)
{
	struct eventlog *log = eventlog_new(1);
	cJSON *state = rendered(st);
	uint64_t seq = 0;

	render_events(st, changed, log);
	for (size_t i = 0; i < PARTS_N + DAEMONS_MAX; i++)
		if (changed & 1 << i)
			check_event(log, ++seq, state, i);
	must(changed >> (PARTS_N + DAEMONS_MAX) == 0 && eventlog_newest(log) == seq);
	eventlog_free(log);
	cJSON_Delete(state);
}

static void take_line(struct state *st, const char *line, size_t len, unsigned *checked)
{
	const char *blank = memchr(line, ' ', len);
	struct message_error error;

	if (blank == NULL)
		return;
	char *channel = fuzz_copy((const uint8_t *)line, (size_t)(blank - line), true);
	size_t text_len = len - (size_t)(blank + 1 - line);
	char *text = fuzz_copy((const uint8_t *)blank + 1, text_len, false);

	memset(&error, 0xa5, sizeof(error));
	int changed = state_fold(st, channel, text, text_len, NOW_SEC, &error);
	must(changed >= 0 || changed == -EBADMSG);
	if (changed < 0)
		must(fuzz_is_text(error.text, sizeof(error.text)) && error.text[0] != '\0');
	if (changed > 0 && (*checked)++ < CHECKED_MAX)
		check_events(st, changed);
	free(channel);
	free(text);
}

static void check_list(const cJSON *state, const char *name, size_t n)
{
	must(n <= STATE_TEXTS_MAX && cJSON_GetArraySize(json_get(state, name)) == (int)n);
}

static void check_state(const struct state *st)
{
	cJSON *state = rendered(st);

	must(strcmp(json_str(state, "target"), "app") == 0);
	must(cJSON_GetArraySize(json_get(state, "daemons")) <= DAEMONS_MAX);
	check_list(state, "plans", st->plans.n);
	check_list(state, "actions", st->actions.n);
	check_list(state, "results", st->results.n);
	check_list(state, "receipts", st->receipts.n);
	check_list(state, "advice", st->advice.n);
	check_list(state, "judgements", st->judgements.n);
	cJSON_Delete(state);
}

/* As many columns as names, all of one length. */
static void check_history(const struct state *st)
{
	struct buf out;
	const cJSON *column;

	buf_init(&out, RENDER_BYTES_MAX);
	render_history(st, "0-0", SERIES_RANGE_MAX, NOW_SEC, &out);
	cJSON *history = parse(buf_text(&out), out.len);
	const cJSON *data = json_get(history, "data");
	int points = cJSON_GetArraySize(data->child);

	must(points <= SERIES_POINTS_MAX);
	must(cJSON_GetArraySize(data) == cJSON_GetArraySize(json_get(history, "columns")));
	cJSON_ArrayForEach (column, data)
		must(cJSON_GetArraySize(column) == points);
	buf_free(&out);
	cJSON_Delete(history);
}

static void hear_again(struct state *again, const char *channel, const struct state_texts *texts)
{
	struct message_error error;

	for (size_t i = 0; i < texts->n; i++) {
		const char *text = state_text_at(texts, i);

		must(state_fold(again, channel, text, strlen(text), 0, &error) > 0);
	}
}

static void check_same(const struct state_texts *a, const struct state_texts *b)
{
	must(a->n == b->n);
	for (size_t i = 0; i < a->n; i++)
		must(strcmp(state_text_at(a, i), state_text_at(b, i)) == 0);
}

static void check_again(const struct state *st)
{
	struct state *again = state_new("app", NOW_SEC);

	hear_again(again, CHANNEL_ACTIONS, &st->plans);
	hear_again(again, CHANNEL_RESULTS, &st->results);
	hear_again(again, CHANNEL_RESULTS, &st->receipts);
	hear_again(again, CHANNEL_ADVICE, &st->advice);
	hear_again(again, CHANNEL_ADVICE, &st->judgements);
	check_same(&again->plans, &st->plans);
	check_same(&again->results, &st->results);
	check_same(&again->receipts, &st->receipts);
	check_same(&again->advice, &st->advice);
	check_same(&again->judgements, &st->judgements);
	state_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned checked = 0;
	struct state *st;

	mem_init();
	st = state_new("app", NOW_SEC);
	for (size_t at = 0; at < size;) {
		const uint8_t *feed = memchr(data + at, '\n', size - at);
		size_t len = (size_t)((feed ? feed : data + size) - (data + at));

		take_line(st, (const char *)data + at, len, &checked);
		at += len + 1;
	}
	must((state_look(st, NOW_SEC + 1e4) & (STATE_DAEMON - 1)) == 0);
	check_state(st);
	check_history(st);
	check_again(st);
	state_free(st);
	return 0;
}
