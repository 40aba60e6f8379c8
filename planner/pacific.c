/* Pure. US Pacific midnights by calendar arithmetic: a process has one time zone of its own, and
 * pure code none.  Days are counted from 1970-01-01, a Thursday. */
#include "planner/pacific.h"

#include <stdbool.h>

#define HOUR_MS     3600000LL
#define DAY_MS      (24 * HOUR_MS)
#define STANDARD_MS (8 * HOUR_MS) /* behind UTC */
#define DAYLIGHT_MS (7 * HOUR_MS)
#define SWITCH_MS   (2 * HOUR_MS) /* of the day, by the clock that is about to change */

#define DAYS_400_YEARS 146097
#define MARCH_8        66  /* days before it in a common year */
#define NOVEMBER_1     304 /* likewise */

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t leap_years_before(int64_t year)
{
	return (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
}

static int64_t first_day(int64_t year)
{
	return 365 * (year - 1970) + leap_years_before(year) - leap_years_before(1970);
}

static int64_t year_of(int64_t day)
{
	int64_t year = 1970 + day * 400 / DAYS_400_YEARS; /* never off by more than one */

	if (first_day(year) > day)
		return year - 1;
	return first_day(year + 1) > day ? year : year + 1;
}

static int64_t sunday_from(int64_t day)
{
	int64_t weekday = (day + 4) % 7; /* 0 is Sunday */

	return day + (7 - weekday) % 7;
}

static int64_t offset_ms(int64_t utc_ms)
{
	int64_t year = year_of(utc_ms / DAY_MS);
	int64_t march = first_day(year) + MARCH_8 + is_leap(year);
	int64_t november = first_day(year) + NOVEMBER_1 + is_leap(year);
	int64_t begin_ms = sunday_from(march) * DAY_MS + SWITCH_MS + STANDARD_MS;
	int64_t end_ms = sunday_from(november) * DAY_MS + SWITCH_MS + DAYLIGHT_MS;

	return utc_ms >= begin_ms && utc_ms < end_ms ? DAYLIGHT_MS : STANDARD_MS;
}

uint64_t pacific_midnight_ms(uint64_t now_ms)
{
	int64_t utc_ms = (int64_t)now_ms;
	int64_t local_ms = utc_ms - offset_ms(utc_ms) + DAY_MS; /* of tomorrow, as if in UTC */
	int64_t midnight_ms = local_ms - local_ms % DAY_MS;

	return (uint64_t)(midnight_ms + offset_ms(midnight_ms + STANDARD_MS));
}
