/* Shell. Fuzz target: whatever a server answers to a request for stub_status, it is a page of
 * counters in every part, or none. */
#include "monitor/stub_status.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <inttypes.h>

static void check_page(const struct stub_status *page)
{
	const uint64_t counts[] = {page->active,  page->accepts, page->handled, page->requests,
				   page->reading, page->writing, page->waiting};

	/* differences must fit a signed number */
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		must(counts[i] < UINT64_C(1000000000000000000));
}

/* As nginx writes it. */
static void check_again(const struct stub_status *page)
{
	struct stub_status again;
	char text[512] = "";

	int len = snprintf(text, sizeof(text) - 1,
			   "Active connections: %" PRIu64 " \n"
			   "server accepts handled requests\n"
			   " %" PRIu64 " %" PRIu64 " %" PRIu64 " \n"
			   "Reading: %" PRIu64 " Writing: %" PRIu64 " Waiting: %" PRIu64 " \n",
			   page->active, page->accepts, page->handled, page->requests,
			   page->reading, page->writing, page->waiting);
	must(stub_status_parse(text, &again) == 0);
	must(memcmp(&again, page, sizeof(again)) == 0);

	/* One cut off is not one with smaller numbers, unless only blanks are missing. */
	for (int cut = 0; cut < len - 2; cut++) {
		char *part = fuzz_copy((const uint8_t *)text, (size_t)cut, true);
		int err = stub_status_parse(part, &again);

		must(err == -EBADMSG || strtoull(strrchr(part, ' '), NULL, 10) < page->waiting);
		free(part);
	}
	text[len] = '0';
	must(stub_status_parse(text, &again) == -EBADMSG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, true);
	struct stub_status page, untouched;

	memset(&page, 0xa5, sizeof(page));
	untouched = page;
	int err = stub_status_parse(text, &page);
	if (err) {
		must(err == -EBADMSG);
		must(memcmp(&page, &untouched, sizeof(page)) == 0);
	} else {
		check_page(&page);
		check_again(&page);
	}
	free(text);
	return 0;
}
