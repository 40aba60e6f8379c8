/* Pure. SVG documents that need nothing else. */
#include "replay/svg.h"

#include <string.h>

#define GLYPH_WIDTH 0.58 /* of the height, on average, of the widest font that readers have */

/* Colours that stay apart for those who see few of them, too: blue, orange, and a red that is also
 * told by its place. */
static const char STYLE[] =
	"<style>\n"
	"text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
	"fill:#1d2330}\n"
	".title{font-size:17px;font-weight:600}\n"
	".head{font-weight:600}\n"
	".quiet{font-size:12px;fill:#5b6475}\n"
	".page{fill:#fff}\n"
	"path,line{fill:none;stroke-width:1}\n"
	".frame{stroke:#9aa4b5}\n"
	".grid{stroke:#e6e9ee}\n"
	"path.rate{fill:#2a78d6;fill-opacity:.18;stroke:#2a78d6;stroke-opacity:.8}\n"
	"path.needed,rect.needed{fill:#d3d9e2}\n"
	".wanted{stroke:#d9660a;stroke-width:1.25;stroke-dasharray:4 2.5}\n"
	".ready{stroke:#1f6fd0;stroke-width:1.75;stroke-linejoin:round}\n"
	".miss{fill:#d0342c}\n"
	".limit{stroke:#d0342c;stroke-dasharray:2 4}\n"
	"path.front{stroke:#1f6fd0;stroke-opacity:.45;stroke-width:1.5;stroke-dasharray:5 4}\n"
	"circle.front{fill:#1f6fd0}\n"
	"circle.behind{fill:#fff;stroke:#5b6475;stroke-width:1.75}\n"
	".reach{stroke:#5b6475;stroke-opacity:.55;stroke-width:1.25}\n"
	".leader{stroke:#9aa4b5;stroke-width:.75}\n"
	"@media (prefers-color-scheme:dark){\n"
	"text{fill:#e4e8ef}\n"
	".quiet{fill:#9aa4b5}\n"
	".page{fill:#13161c}\n"
	".frame{stroke:#5b6475}\n"
	".grid{stroke:#232833}\n"
	"path.rate{fill:#6cabf5;stroke:#6cabf5}\n"
	"path.needed,rect.needed{fill:#39414f}\n"
	".wanted{stroke:#f0a050}\n"
	".ready{stroke:#6cabf5}\n"
	".miss{fill:#f2665c}\n"
	".limit{stroke:#f2665c}\n"
	"path.front{stroke:#6cabf5}\n"
	"circle.front{fill:#6cabf5}\n"
	"circle.behind{fill:#13161c;stroke:#9aa4b5}\n"
	".reach{stroke:#9aa4b5}\n"
	"}\n"
	"</style>\n";

/* Markup and control characters, which XML has no place for, become harmless. */
static void escape(const char *text, struct buf *out)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '&')
			buf_puts(out, "&amp;");
		else if (*p == '<')
			buf_puts(out, "&lt;");
		else if (*p == '>')
			buf_puts(out, "&gt;");
		else
			buf_append(out, (unsigned char)*p < ' ' ? " " : p, 1);
	}
}

void svg_begin(double width, double height, const char *title, struct buf *out)
{
	buf_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" "
		   "viewBox=\"0 0 %g %g\" role=\"img\">\n<title>",
		   width, height, width, height);
	escape(title, out);
	buf_puts(out, "</title>\n");
	buf_puts(out, STYLE);
	buf_puts(out, "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
}

void svg_end(struct buf *out)
{
	buf_puts(out, "</svg>\n");
}

void svg_text(const char *class, struct svg_at at, const char *anchor, const char *text,
	      struct buf *out)
{
	buf_printf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class, at.x,
		   at.y, anchor);
	escape(text, out);
	buf_puts(out, "</text>\n");
}

double svg_text_width(const char *text, double px)
{
	return (double)strlen(text) * px * GLYPH_WIDTH;
}

void svg_line(const char *class, struct svg_at from, struct svg_at to, struct buf *out)
{
	buf_printf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
		   class, from.x, from.y, to.x, to.y);
}

void svg_rect(const char *class, struct svg_at at, double width, double height, double opacity,
	      struct buf *out)
{
	buf_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"",
		   class, at.x, at.y, width, height);
	if (opacity < 1)
		buf_printf(out, " fill-opacity=\"%.2f\"", opacity);
	buf_puts(out, "/>\n");
}

void svg_dot(const char *class, struct svg_at at, double radius, struct buf *out)
{
	buf_printf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%g\"/>\n", class, at.x,
		   at.y, radius);
}

void svg_path_begin(const char *class, struct svg_at at, struct buf *out)
{
	buf_printf(out, "<path class=\"%s\" d=\"M%.1f %.1f", class, at.x, at.y);
}

void svg_path_to(struct svg_at at, struct buf *out)
{
	buf_printf(out, "L%.1f %.1f", at.x, at.y);
}

void svg_path_step(struct svg_at at, struct buf *out)
{
	buf_printf(out, "H%.1fV%.1f", at.x, at.y);
}

void svg_path_end(struct buf *out)
{
	buf_puts(out, "\"/>\n");
}
