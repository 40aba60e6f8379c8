/* Pure. The files of dashboard/www, put into the program by the assembler: .incbin finds them from
 * the top of the source tree, where the compiler runs. */
#include "dashboard/assets.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#define EMBED(name, file)                                                                          \
	__asm__(".pushsection .rodata\n"                                                           \
		"asset_" #name ":\n"                                                               \
		".incbin \"dashboard/www/" file "\"\n"                                             \
		"asset_" #name "_end:\n"                                                           \
		".byte 0\n"                                                                        \
		".popsection\n"                                                                    \
		".globl asset_" #name ", asset_" #name "_end\n"                                    \
		".hidden asset_" #name ", asset_" #name "_end\n");                                 \
	extern const char asset_##name[] __attribute__((visibility("hidden")));                    \
	extern const char asset_##name##_end[] __attribute__((visibility("hidden")))

EMBED(index, "index.html");
EMBED(style, "style.css");
EMBED(script, "app.js");
EMBED(icon, "icon.svg");

/* FNV-1a, 64 bits: tells versions of one file apart. */
static uint64_t hash(const char *bytes, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3;
	return h;
}

void assets_load(struct asset ret[ASSETS_N])
{
	const struct {
		const char *content_type, *bytes, *end;
	} files[ASSETS_N] = {
		[ASSET_INDEX] = {"text/html; charset=utf-8", asset_index, asset_index_end},
		[ASSET_STYLE] = {"text/css; charset=utf-8", asset_style, asset_style_end},
		[ASSET_SCRIPT] = {"text/javascript; charset=utf-8", asset_script, asset_script_end},
		[ASSET_ICON] = {"image/svg+xml", asset_icon, asset_icon_end},
	};

	for (size_t i = 0; i < ASSETS_N; i++) {
		size_t len = (size_t)((uintptr_t)files[i].end - (uintptr_t)files[i].bytes);

		ret[i] = (struct asset){
			.content_type = files[i].content_type,
			.bytes = files[i].bytes,
			.len = len,
		};
		snprintf(ret[i].etag, sizeof(ret[i].etag), "\"%016" PRIx64 "\"",
			 hash(files[i].bytes, len));
	}
}
