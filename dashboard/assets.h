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
	X(dark, "/dark.css", "www/dark.css", ASSET_CSS)                                            \
	X(icon, "/icon.svg", "www/icon.svg", ASSET_SVG)                                            \
	X(boot, "/boot.js", "www/boot.js", ASSET_JS)                                               \
	X(charts, "/charts.js", "www/charts.js", ASSET_JS)                                         \
	X(decisions, "/decisions.js", "www/decisions.js", ASSET_JS)                                \
	X(decisions_table, "/decisions_table.js", "www/decisions_table.js", ASSET_JS)              \
	X(dom, "/dom.js", "www/dom.js", ASSET_JS)                                                  \
	X(explain, "/explain.js", "www/explain.js", ASSET_JS)                                      \
	X(explanation, "/explanation.js", "www/explanation.js", ASSET_JS)                          \
	X(format, "/format.js", "www/format.js", ASSET_JS)                                         \
	X(freshness, "/freshness.js", "www/freshness.js", ASSET_JS)                                \
	X(lines, "/lines.js", "www/lines.js", ASSET_JS)                                            \
	X(main, "/main.js", "www/main.js", ASSET_JS)                                               \
	X(marks, "/marks.js", "www/marks.js", ASSET_JS)                                            \
	X(navigation, "/navigation.js", "www/navigation.js", ASSET_JS)                             \
	X(panels, "/panels.js", "www/panels.js", ASSET_JS)                                         \
	X(range, "/range.js", "www/range.js", ASSET_JS)                                            \
	X(sentence, "/sentence.js", "www/sentence.js", ASSET_JS)                                   \
	X(series, "/series.js", "www/series.js", ASSET_JS)                                         \
	X(state, "/state.js", "www/state.js", ASSET_JS)                                            \
	X(stream, "/stream.js", "www/stream.js", ASSET_JS)                                         \
	X(tables, "/tables.js", "www/tables.js", ASSET_JS)                                         \
	X(theme, "/theme.js", "www/theme.js", ASSET_JS)                                            \
	X(uplot, "/uplot.js", "node_modules/uplot/dist/uPlot.iife.min.js", ASSET_JS)               \
	X(uplot_style, "/uplot.css", "node_modules/uplot/dist/uPlot.min.css", ASSET_CSS)

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
