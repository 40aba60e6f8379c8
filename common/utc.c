/* Pure. Points in time by calendar arithmetic: the days are Howard Hinnant's civil_from_days
 * (https://howardhinnant.github.io/date_algorithms.html), whose years begin in March. */
#include "common/utc.h"

#include <stdio.h>

#define YEAR_10000 253402300800.0

bool utc_text(double ts, char ret[UTC_TEXT_MAX])
{
	if (!(ts >= 0 && ts < YEAR_10000))
		return false;

	unsigned long sec = (unsigned long)ts;
	unsigned z = (unsigned)(sec / 86400) + 719468;
	unsigned era = z / 146097;
	unsigned doe = z % 146097;
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;
	unsigned month = mp < 10 ? mp + 3 : mp - 9;
	unsigned year = yoe + era * 400 + (month <= 2);
	unsigned day = doy - (153 * mp + 2) / 5 + 1;
	unsigned of_day = (unsigned)(sec % 86400);

	/* The remainders change nothing; they let the compiler see that it fits. */
	snprintf(ret, UTC_TEXT_MAX, "%04u-%02u-%02u %02u:%02u:%02u", year % 10000, month % 100,
		 day % 100, of_day / 3600, of_day / 60 % 60, of_day % 60);
	return true;
}
