/* Shell. What the fuzz targets share.  Each file tests/fuzz/fuzz_<name>.c is one target, run by
 * libFuzzer (make fuzz) and over its corpus, tests/fuzz/corpus/<name>/, by replay.c (make unit). */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <ctype.h>
#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Try one input of any content.  0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that holds for every input. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* ${data} in memory of exactly its size, so that a sanitizer sees any step beyond; with a NUL
 * behind where the contract promises one. */
static inline char *fuzz_copy(const uint8_t *data, size_t size, bool terminated)
{
	char *copy = calloc(1, size + (terminated || !size));

	must(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

/* Whether the array ${text} of ${size} bytes holds one line of text: ended by a NUL, valid UTF-8
 * (the C library says so, not our own code), without control characters. */
static inline bool fuzz_is_text(const char *text, size_t size)
{
	const char *rest = text;
	mbstate_t state = {0};

	if (!memchr(text, '\0', size))
		return false;
	setlocale(LC_CTYPE, "C.UTF-8");
	if (mbsrtowcs(NULL, &rest, 0, &state) == (size_t)-1)
		return false;
	while (*text && !iscntrl((unsigned char)*text))
		text++;
	return !*text;
}

#endif
