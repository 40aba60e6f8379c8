/* Pure. Decisions of a backtest beside the live ones, for people and for programs. */
#ifndef REPLAY_COMPARISON_H
#define REPLAY_COMPARISON_H

#include "common/buf.h"
#include "replay/backtest.h"

#define COMPARISON_ACTIONS (ACTION_SCALE_DOWN + 1)

struct comparison {
	size_t windows;
	size_t matches[BACKTEST_MATCHES];
	size_t decided[COMPARISON_ACTIONS], live[COMPARISON_ACTIONS];
	double from_ts, to_ts; /* first and last window; NaN: none with a time */
	double differs_ts;     /* the first that differs */
	char day[12];          /* of the last line; "": none yet */
};

void comparison_init(struct comparison *);

/* Count a window in. */
void comparison_add(struct comparison *, const struct backtest_window *);

/* Append it as a line, under a head where a new day begins. */
void comparison_line(struct comparison *, const struct backtest_window *, struct buf *out);

/* Append it as {"kind":"decision","match":"same","alert":"…","plan":{…},"live":{…}}. */
void comparison_json(const struct backtest_window *, struct buf *out);

/* What to know besides about a recording. */
struct comparison_source {
	size_t malformed, refused; /* lines; alerts of too many targets */
	bool other_settings;       /* some were named */
};

/* Append what it all comes to. */
void comparison_summary(const struct comparison *, const struct comparison_source *,
			struct buf *out);
void comparison_summary_json(const struct comparison *, const struct comparison_source *,
			     struct buf *out);

#endif
