/* Pure. The page's files, built into the program. */
#ifndef DASHBOARD_ASSETS_H
#define DASHBOARD_ASSETS_H

#include <stddef.h>

#define ASSET_HTML "text/html; charset=utf-8"
#define ASSET_CSS  "text/css; charset=utf-8"
#define ASSET_JS   "text/javascript; charset=utf-8"
#define ASSET_SVG  "image/svg+xml"

/* All of them, X(name, path, file, content type): the only list, which the server's routes are made
 * from as well.  uPlot, which draws the charts, is the file of its npm package. */
#define ASSETS(X)                                                                                  \
	X(index, "/", "www/index.html", ASSET_HTML)                                                \
	X(style, "/style.css", "www/style.css", ASSET_CSS)                                         \
	X(icon, "/icon.svg", "www/icon.svg", ASSET_SVG)                                            \
	X(script, "/app.js", "www/app.js", ASSET_JS)

struct asset {
	const char *path;
	const char *file; /* in dashboard/, where it came from */
	const char *content_type;
	const char *bytes;
	size_t len;
	char etag[20]; /* of the contents, with its quotes */
};

#define ASSET_ENUM(name, path, file, type) ASSET_##name,
enum { ASSETS(ASSET_ENUM) ASSETS_N };
#undef ASSET_ENUM

/* Fill in all of them, by the enum above. */
void assets_load(struct asset ret[ASSETS_N]);

#endif
