/* Shell. Memory that is there or ends the process. */
#include "common/mem.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Neither stdio nor malloc may be needed to say that memory is out. */
static _Noreturn void die(void)
{
	static const char line[] = "level=error msg=\"out of memory\"\n";
	ssize_t ignored = write(STDERR_FILENO, line, sizeof(line) - 1);

	(void)ignored;
	abort();
}

void *xcalloc(size_t n, size_t size)
{
	/* calloc may answer NULL to a size of 0. */
	void *p = n && size ? calloc(n, size) : calloc(1, 1);

	if (!p)
		die();
	return p;
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	/* reallocarray to 0 bytes may free ${p} and answer NULL. */
	void *grown = n && size ? reallocarray(p, n, size) : reallocarray(p, 1, 1);

	if (!grown)
		die();
	return grown;
}

char *xstrdup(const char *s)
{
	return s ? xstrndup(s, strlen(s)) : NULL;
}

char *xstrndup(const char *s, size_t len)
{
	size_t n = strnlen(s, len);
	char *copy = xreallocarray(NULL, n + 1, 1);

	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	char *text;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		die();
	va_end(args);
	return text;
}

static void *cjson_malloc(size_t size)
{
	return xreallocarray(NULL, size, 1);
}

void mem_init(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = cjson_malloc, .free_fn = free});
}
