/* Pure. The day by which Google counts its daily quotas: that of US Pacific time. */
#ifndef PLANNER_PACIFIC_H
#define PLANNER_PACIFIC_H

#include <stdint.h>

#define PACIFIC_DAY_MAX_MS (25ULL * 3600 * 1000) /* the day in November on which clocks go back */

/* The first midnight in US Pacific time after ${now_ms}, both in milliseconds since 1970.  Daylight
 * saving by the rule of 2007: from 2:00 on the second Sunday of March to 2:00 on the first Sunday
 * of November (15 U.S.C. 260a). */
uint64_t pacific_midnight_ms(uint64_t now_ms);

#endif
