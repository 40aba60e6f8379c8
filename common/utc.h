/* Pure. Points in time as people read them, in UTC. */
#ifndef COMMON_UTC_H
#define COMMON_UTC_H

#include <stdbool.h>

#define UTC_TEXT_MAX 20 /* with the NUL */

/* "2026-11-23 23:01:02" for ${ts} seconds since 1970; false, and nothing in ${ret}, for what did
 * not come from a clock: before 1970, after the year 9999, not finite. */
bool utc_text(double ts, char ret[UTC_TEXT_MAX]);

#endif
