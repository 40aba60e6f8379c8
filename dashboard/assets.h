/* Pure. The page's files, built into the program. */
#ifndef DASHBOARD_ASSETS_H
#define DASHBOARD_ASSETS_H

#include <stddef.h>

struct asset {
	const char *content_type;
	const char *bytes;
	size_t len;
	char etag[20]; /* of the contents, with its quotes */
};

enum { ASSET_INDEX, ASSET_STYLE, ASSET_SCRIPT, ASSET_ICON, ASSETS_N };

/* Fill in all of them, by the enum above. */
void assets_load(struct asset ret[ASSETS_N]);

#endif
