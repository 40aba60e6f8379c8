/* Pure. The page's files, put into the program by the assembler: .incbin finds them from the top of
 * the source tree, where the compiler runs. */
#include "dashboard/assets.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#define EMBED(name, path, file, type)                                                              \
	__asm__(".pushsection .rodata\n"                                                           \
		"asset_" #name ":\n"                                                               \
		".incbin \"dashboard/" file "\"\n"                                                 \
		"asset_" #name "_end:\n"                                                           \
		".byte 0\n"                                                                        \
		".popsection\n"                                                                    \
		".globl asset_" #name ", asset_" #name "_end\n"                                    \
		".hidden asset_" #name ", asset_" #name "_end\n");                                 \
	extern const char asset_##name[] __attribute__((visibility("hidden")));                    \
	extern const char asset_##name##_end[] __attribute__((visibility("hidden")));
ASSETS(EMBED)

/* FNV-1a, 64 bits: tells versions of one file apart. */
static uint64_t hash(const char *bytes, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3;
	return h;
}

static void load(struct asset *ret, const char *end)
{
	ret->len = (size_t)((uintptr_t)end - (uintptr_t)ret->bytes);
	snprintf(ret->etag, sizeof(ret->etag), "\"%016" PRIx64 "\"", hash(ret->bytes, ret->len));
}

#define LOAD(name, path, file, type)                                                               \
	ret[ASSET_##name] = (struct asset){path, file, type, asset_##name, 0, ""};                 \
	load(&ret[ASSET_##name], asset_##name##_end);

void assets_load(struct asset ret[ASSETS_N])
{
	ASSETS(LOAD)
}
