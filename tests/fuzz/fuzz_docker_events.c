/* Shell. Fuzz target: whatever the engine sends as its stream of events, wherever the network cuts
 * it, the same events come out, each of them clean. */
#include "common/docker_codec.h"
#include "common/mem.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <inttypes.h>

#define LINE_BYTES_MAX 1024 /* of a line: short, so that inputs pass it */

struct told {
	struct buf text; /* a line for each event */
	size_t events, events_max;
};

static bool is_name(const char *s, size_t size)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-";

	return memchr(s, '\0', size) && s[strspn(s, first)] == '\0' &&
	       (s[0] == '\0' || isalnum((unsigned char)s[0]));
}

static bool take(const struct docker_event *event, void *cookie)
{
	struct told *told = cookie;

	if (event == NULL) {
		buf_puts(&told->text, "?\n");
	} else {
		must(fuzz_is_text(event->action, sizeof(event->action)));
		must(memchr(event->id, '\0', sizeof(event->id)) && event->id[0] != '\0');
		must(event->id[strspn(event->id, "0123456789abcdef")] == '\0');
		must(is_name(event->name, sizeof(event->name)));
		must(event->time_ns >= 0);
		must(buf_printf(&told->text, "%s %s %s %" PRId64 "\n", event->action, event->id,
				event->name, event->time_ns) == 0);
	}
	return ++told->events < told->events_max;
}

/* How long the next piece is, made of what came before, so that an input finds its own cuts. */
static size_t next_piece(uint32_t *state, size_t left)
{
	*state = *state * 1664525 + 1013904223;
	size_t len = 1 + (*state >> 20) % 97;
	return len < left ? len : left;
}

/* Feed all of it, in pieces of ${piece} bytes; 0: of lengths drawn by ${seed}. */
static int feed(const uint8_t *data, size_t size, size_t piece, uint32_t seed, struct told *told)
{
	struct buf rest;
	int err = 0;

	buf_init(&told->text, (size_t)1 << 22);
	told->events = 0;
	buf_init(&rest, LINE_BYTES_MAX);
	for (size_t at = 0; at < size && err == 0;) {
		size_t len = piece == 0 ? next_piece(&seed, size - at) : piece;

		if (len > size - at)
			len = size - at;
		char *bytes = fuzz_copy(data + at, len, false);
		err = docker_events_decode(&rest, bytes, len, take, told);
		must(rest.len <= LINE_BYTES_MAX);
		free(bytes);
		at += len;
	}
	buf_free(&rest);
	return err;
}

static void check_cuts(const uint8_t *data, size_t size, size_t events_max)
{
	const struct {
		size_t piece;
		uint32_t seed;
	} cuts[] = {{1, 0}, {7, 0}, {0, (uint32_t)size}, {0, 12345}};
	struct told whole = {.events_max = events_max};
	int err = feed(data, size, size, 0, &whole);

	must(err == 0 || err == -EFBIG || (err == -ECANCELED && whole.events == events_max));
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct told cut = {.events_max = events_max};

		must(feed(data, size, cuts[i].piece, cuts[i].seed, &cut) == err);
		must(strcmp(buf_text(&cut.text), buf_text(&whole.text)) == 0);
		buf_free(&cut.text);
	}
	buf_free(&whole.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mem_init();
	check_cuts(data, size, SIZE_MAX);
	check_cuts(data, size, 2); /* the owner has had enough */
	return 0;
}
