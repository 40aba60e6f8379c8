/* Pure. SVG documents that need nothing else: no scripts, no fonts, no images; light and dark as
 * the reader's system is.  Coordinates are pixels, y grows downwards. */
#ifndef REPLAY_SVG_H
#define REPLAY_SVG_H

#include "common/buf.h"

/* A class for every element, so that colours are in one place; svg.c has the style sheet. */
#define SVG_TITLE  "title"  /* text: of the document */
#define SVG_HEAD   "head"   /* text: of a panel */
#define SVG_TEXT   "text"   /* text */
#define SVG_QUIET  "quiet"  /* text: ticks, notes */
#define SVG_FRAME  "frame"  /* line: the foot of a panel */
#define SVG_GRID   "grid"   /* line: at a tick */
#define SVG_RATE   "rate"   /* area: requests */
#define SVG_NEEDED "needed" /* area: replicas needed */
#define SVG_WANTED "wanted" /* line: replicas wanted */
#define SVG_READY  "ready"  /* line: replicas ready */
#define SVG_MISS   "miss"   /* area: windows over the objective */
#define SVG_LIMIT  "limit"  /* line: what is not to be passed */
#define SVG_FRONT  "front"  /* line: the Pareto front; dot: a policy on it */
#define SVG_BEHIND "behind" /* dot: another policy */
#define SVG_REACH  "reach"  /* line: from the median to the worst */
#define SVG_LEADER "leader" /* line: from a dot to its label */

struct svg_at {
	double x, y;
};

/* Begin a document of that size in ${out}, which ${title} describes to those who do not see it. */
void svg_begin(double width, double height, const char *title, struct buf *out);
void svg_end(struct buf *out);

/* ${anchor}: "start", "middle" or "end" of the text is at ${at}, on its base line. */
void svg_text(const char *class, struct svg_at at, const char *anchor, const char *text,
	      struct buf *out);

/* About how wide a text is, ${px} high: those of SVG_QUIET are 12, those of SVG_TEXT 13. */
double svg_text_width(const char *text, double px);

void svg_line(const char *class, struct svg_at from, struct svg_at to, struct buf *out);
void svg_rect(const char *class, struct svg_at at, double width, double height, double opacity,
	      struct buf *out);
void svg_dot(const char *class, struct svg_at at, double radius, struct buf *out);

/* A path: begin, then to each point, straight (or along x first, then along y), then end. */
void svg_path_begin(const char *class, struct svg_at at, struct buf *out);
void svg_path_to(struct svg_at, struct buf *out);
void svg_path_step(struct svg_at, struct buf *out);
void svg_path_end(struct buf *out);

#endif
