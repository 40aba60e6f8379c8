/* Pure. Compression, and who takes it. */
#include "common/gzip.h"

#include "common/mem.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void test_who_takes_it(void **unused)
{
	static const char *const takes[] = {
		"gzip",  "GZip",        "deflate, gzip", "br,gzip;q=0.5",      " gzip ; q=1",
		"*",     "gzip;x=0",    "gzip;q=0.001",  "identity;q=0, gzip", "x, ,gzip",
		"br, *", "*;q=0, gzip",
	};
	static const char *const refuses[] = {
		"",        "identity", "br",      "gzip;q=0", "gzip; Q=0.000, br", "x-gzip",
		"gzipped", "*;q=0",    "deflate", ",",        "gzip;q=0 , *",      "*, gzip;q=0",
	};

	(void)unused;
	assert_false(gzip_accepted(NULL));
	for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]); i++)
		if (!gzip_accepted(takes[i]))
			fail_msg("\"%s\" takes it", takes[i]);
	for (size_t i = 0; i < sizeof(refuses) / sizeof(refuses[0]); i++)
		if (gzip_accepted(refuses[i]))
			fail_msg("\"%s\" does not take it", refuses[i]);
}

/* What zlib makes of ${packed}; the caller frees it. */
static unsigned char *unpacked(const struct buf *packed, size_t len)
{
	unsigned char *text = xcalloc(1, len + 1);
	z_stream z = {.next_in = (unsigned char *)packed->data, .avail_in = (unsigned)packed->len};

	z.next_out = text;
	z.avail_out = (unsigned)len + 1;
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, len);
	assert_int_equal(z.avail_in, 0);
	inflateEnd(&z);
	return text;
}

static void there_and_back(const unsigned char *bytes, size_t len, int level)
{
	unsigned char *again;
	struct buf out;

	buf_init(&out, 2 * len + 100);
	assert_int_equal(gzip_append(bytes, len, level, &out), 0);
	again = unpacked(&out, len);
	assert_memory_equal(again, bytes, len);
	free(again);
	buf_free(&out);
}

static void test_there_and_back(void **unused)
{
	static const size_t lens[] = {0, 1, 1000, 4096, 300000};

	(void)unused;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		unsigned char *bytes = xcalloc(1, lens[i]);
		unsigned noise = 1;

		there_and_back(bytes, lens[i], GZIP_QUICK);
		for (size_t k = 0; k < lens[i]; k++)
			bytes[k] = (unsigned char)((noise = noise * 1664525 + 1013904223) >> 24);
		there_and_back(bytes, lens[i], GZIP_QUICK);
		there_and_back(bytes, lens[i], GZIP_SMALL);
		free(bytes);
	}
}

static void test_it_goes_behind_what_is_there_or_says_no(void **unused)
{
	char zeros[100000] = {0};
	struct buf out;

	(void)unused;
	buf_init(&out, 200);
	buf_puts(&out, "head");
	assert_int_equal(gzip_append(zeros, sizeof(zeros), GZIP_SMALL, &out), 0);
	assert_memory_equal(buf_text(&out), "head\x1f\x8b", 6);
	buf_free(&out);
	buf_init(&out, 50);
	assert_int_equal(gzip_append(zeros, sizeof(zeros), GZIP_SMALL, &out), -ENOBUFS);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_takes_it),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_it_goes_behind_what_is_there_or_says_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
