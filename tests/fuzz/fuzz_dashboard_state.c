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

static const struct {
	enum state_change bit;
	const char *event, *list;
} parts[] = {
	{STATE_WINDOW, "window", "windows"},  {STATE_PLAN, "plan", "plans"},
	{STATE_RESULT, "result", "results"},  {STATE_RECEIPT, "receipt", "receipts"},
	{STATE_UPSTREAMS, "upstreams", NULL},
};
#define PARTS_N (sizeof(parts) / sizeof(parts[0]))

/* A message that was as deep as may be lies deeper in what is rendered. */
static cJSON *parse(const char *text, size_t len)
{
	const char *end;
	cJSON *root = cJSON_ParseWithLengthOpts(text, len, &end, false);

	must(cJSON_IsObject(root) && end == text + len);
	return root;
}

static cJSON *rendered(const struct state *st)
{
	struct buf out;

	buf_init(&out, RENDER_BYTES_MAX);
	render_state(st, &out);
	cJSON *root = parse(buf_text(&out), out.len);
	buf_free(&out);
	return root;
}

/* The newest entry of ${part} as /api/state has it. */
static const cJSON *newest(const cJSON *state, size_t part)
{
	const cJSON *list = parts[part].list ? json_get(state, parts[part].list) : NULL;

	return list ? cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1)
		    : json_get(state, "upstreams");
}

/* The event at ${text}, of ${part}; what is behind it. */
static const char *check_event(const struct state *st, const cJSON *state, const char *text,
			       size_t part)
{
	char head[96];
	int head_len = snprintf(head, sizeof(head),
				"id: %llu\nevent: %s\ndata: ", (unsigned long long)st->seq,
				parts[part].event);

	must(strncmp(text, head, (size_t)head_len) == 0);
	text += head_len;
	size_t len = strcspn(text, "\r\n");
	must(strncmp(text + len, "\n\n", 2) == 0);

	cJSON *data = parse(text, len);
	char *told = json_print(data), *kept = json_print(newest(state, part));
	must(strcmp(told, kept) == 0);
	free(told);
	free(kept);
	cJSON_Delete(data);
	return text + len + 2;
}

static void check_events(const struct state *st, int changed)
{
	cJSON *state = rendered(st);
	struct buf out;

	buf_init(&out, RENDER_BYTES_MAX);
	render_events(st, changed, &out);
	const char *rest = buf_text(&out);
	for (size_t i = 0; i < PARTS_N; i++)
		if (changed & (int)parts[i].bit)
			rest = check_event(st, state, rest, i);
	must(*rest == '\0');
	buf_free(&out);
	cJSON_Delete(state);
}

static void take_line(struct state *st, const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len);
	uint64_t seq = st->seq;
	struct message_error error;

	if (blank == NULL)
		return;
	char *channel = fuzz_copy((const uint8_t *)line, (size_t)(blank - line), true);
	size_t text_len = len - (size_t)(blank + 1 - line);
	char *text = fuzz_copy((const uint8_t *)blank + 1, text_len, false);

	memset(&error, 0xa5, sizeof(error));
	int changed = state_fold(st, channel, text, text_len, NOW_SEC, &error);
	must(changed >= 0 || changed == -EBADMSG);
	must(st->seq == seq + (changed > 0));
	if (changed < 0)
		must(fuzz_is_text(error.text, sizeof(error.text)) && error.text[0] != '\0');
	if (changed > 0 && st->seq <= CHECKED_MAX)
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
	must(json_get(state, "seq")->valuedouble == (double)st->seq);
	must(cJSON_GetArraySize(json_get(state, "windows")) == (int)st->windows_n);
	check_list(state, "plans", st->plans.n);
	check_list(state, "actions", st->actions.n);
	check_list(state, "results", st->results.n);
	check_list(state, "receipts", st->receipts.n);
	cJSON_Delete(state);
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
	struct state *again = state_new("app");

	hear_again(again, CHANNEL_ACTIONS, &st->plans);
	hear_again(again, CHANNEL_RESULTS, &st->results);
	hear_again(again, CHANNEL_RESULTS, &st->receipts);
	check_same(&again->plans, &st->plans);
	check_same(&again->results, &st->results);
	check_same(&again->receipts, &st->receipts);
	state_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state *st;

	mem_init();
	st = state_new("app");
	for (size_t at = 0; at < size;) {
		const uint8_t *feed = memchr(data + at, '\n', size - at);
		size_t len = (size_t)((feed ? feed : data + size) - (data + at));

		take_line(st, (const char *)data + at, len);
		at += len + 1;
	}
	check_state(st);
	check_again(st);
	state_free(st);
	return 0;
}
