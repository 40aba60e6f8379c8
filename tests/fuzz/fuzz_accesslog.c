/* Shell. Fuzz target: of whatever datagram arrives at the access log's socket, accesslog_parse
 * believes exactly what nginx would have written for what it says. */
#include "monitor/accesslog.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <inttypes.h>

static const char *const kinds[ACCESSLOG_KINDS] = {
	[ACCESSLOG_TRAFFIC] = "traffic",
	[ACCESSLOG_STATUS] = "status",
	[ACCESSLOG_PROBE] = "probe",
};

static void check_line(const struct accesslog_line *line, const char *text, size_t size)
{
	must(line->kind < ACCESSLOG_KINDS);
	must(line->status >= 0 && line->status <= 999);
	must(line->request_ms < UINT64_C(1000000000000));
	must(line->upstream_ms >= -1 && line->upstream_ms < INT64_C(1000000000000));
	must(line->address_bytes <= ACCESSLOG_ADDRESS_MAX);
	must(line->address >= text && line->address + line->address_bytes <= text + size);
	if (line->address_bytes == 0)
		must(line->upstream_ms == -1);
	for (size_t i = 0; i < line->address_bytes; i++)
		must(line->address[i] > ' ' && line->address[i] < 0x7f);
}

static bool same(const struct accesslog_line *a, const struct accesslog_line *b)
{
	return a->kind == b->kind && a->status == b->status && a->request_ms == b->request_ms &&
	       a->upstream_ms == b->upstream_ms && a->address_bytes == b->address_bytes &&
	       memcmp(a->address, b->address, a->address_bytes) == 0;
}

/* As nginx writes it after a single try. */
static void check_again(const struct accesslog_line *line)
{
	char text[ACCESSLOG_BYTES_MAX], upstream[32] = "-";
	struct accesslog_line again;

	if (line->upstream_ms >= 0)
		snprintf(upstream, sizeof(upstream), "%" PRId64 ".%03" PRId64,
			 line->upstream_ms / 1000, line->upstream_ms % 1000);
	int len = snprintf(text, sizeof(text),
			   "<190>Nov 23 23:09:06 lb: %s %03d %" PRIu64 ".%03" PRIu64 " %s %.*s",
			   kinds[line->kind], line->status, line->request_ms / 1000,
			   line->request_ms % 1000, upstream,
			   line->address_bytes ? (int)line->address_bytes : 1,
			   line->address_bytes ? line->address : "-");
	must(accesslog_parse(text, (size_t)len, &again) == 0);
	must(same(&again, line));
}

/* Nothing may stand behind the line, and two lines are none. */
static void check_strict(const char *text, size_t size)
{
	char *more = calloc(2, size + 1);
	struct accesslog_line line;

	must(more != NULL);
	memcpy(more, text, size);
	for (const char *behind = "\n ,"; *behind; behind++) {
		more[size] = *behind;
		must(accesslog_parse(more, size + 1, &line) == -EBADMSG);
	}
	more[size] = '\0';
	must(accesslog_parse(more, size + 1, &line) == -EBADMSG);
	memcpy(more + size, text, size);
	must(accesslog_parse(more, 2 * size, &line) == -EBADMSG);
	free(more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, false);
	struct accesslog_line line, untouched;

	memset(&line, 0xa5, sizeof(line));
	untouched = line;
	int err = accesslog_parse(text, size, &line);
	if (err) {
		must(err == -EBADMSG);
		must(memcmp(&line, &untouched, sizeof(line)) == 0);
	} else {
		check_line(&line, text, size);
		check_again(&line);
		check_strict(text, size);
	}
	free(text);
	return 0;
}
