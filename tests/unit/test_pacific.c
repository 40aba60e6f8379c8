/* Shell. Unit tests of planner/pacific, against Python's zoneinfo ("America/Los_Angeles"). */
#include "tests/unit/unit.h"

#include "planner/pacific.h"

#define HOUR_MS 3600000ULL

static const struct {
	const char *when;
	uint64_t now_ms, midnight_ms;
} vectors[] = {
	{"winter noon", 1795464000000, 1795507200000},
	{"a moment before midnight", 1795507199999, 1795507200000},
	{"midnight itself", 1795507200000, 1795593600000},
	{"summer", 1783191600000, 1783234800000},
	{"summer, before midnight", 1783234799999, 1783234800000},
	{"summer, midnight itself", 1783234800000, 1783321200000},
	{"the day before spring", 1772956799999, 1772956800000},
	{"spring: the midnight before", 1772956800000, 1773039600000},
	{"spring: before 2:00", 1772963999999, 1773039600000},
	{"spring: 3:00", 1772964000000, 1773039600000},
	{"spring: the night", 1773039599999, 1773039600000},
	{"autumn: before", 1793516399999, 1793516400000},
	{"autumn: the midnight before", 1793516400000, 1793606400000},
	{"autumn: first 1:30", 1793521800000, 1793606400000},
	{"autumn: second 1:30", 1793525400000, 1793606400000},
	{"autumn: the night", 1793606399999, 1793606400000},
	{"spring on the 14th", 1805014800000, 1805094000000},
	{"autumn on the 7th", 1825574400000, 1825660800000},
	{"spring on the 8th", 1583668800000, 1583737200000},
	{"autumn on the 1st", 1604217600000, 1604304000000},
	{"year end", 1798758000000, 1798790400000},
	{"year end, already January in UTC", 1798772400000, 1798790400000},
	{"year end, before midnight", 1798790399999, 1798790400000},
	{"new year", 1798790400000, 1798876800000},
	{"leap day", 1835438400000, 1835510400000},
	{"the eve of leap day", 1835423940000, 1835424000000},
	{"leap year spring", 1836467940000, 1836543600000},
	{"leap year end", 1861876800000, 1861948800000},
	{"a century that is no leap year", 4107528000000, 4107571200000},
	{"its spring", 4108698000000, 4108777200000},
	{"one that is", 951782400000, 951811200000},
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint64_t midnight_ms = pacific_midnight_ms(vectors[i].now_ms);

		if (midnight_ms != vectors[i].midnight_ms)
			print_error("%s\n", vectors[i].when);
		assert_int_equal(midnight_ms, vectors[i].midnight_ms);
	}
}

/* FNV-1a over the eight bytes, the lowest first, of each midnight. */
#define FIRST_MIDNIGHT 1167638400000ULL /* 2007-01-01 */
#define END_MIDNIGHT   2114409600000ULL /* 2037-01-01 */
#define MIDNIGHTS_HASH 0xf5254eb06cc23524ULL

static void test_every_midnight_of_thirty_years(void **state)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	(void)state;
	for (uint64_t t = FIRST_MIDNIGHT; t != END_MIDNIGHT; t = pacific_midnight_ms(t)) {
		assert_true(t < END_MIDNIGHT);
		for (int i = 0; i < 8; i++)
			hash = (hash ^ (t >> (8 * i) & 255)) * 0x100000001b3ULL;
	}
	assert_true(hash == MIDNIGHTS_HASH);
}

static void test_a_day_has_23_to_25_hours(void **state)
{
	(void)state;
	for (uint64_t t = 0; t < 4500000000000ULL; t += 7 * HOUR_MS + 1234567) {
		uint64_t midnight_ms = pacific_midnight_ms(t);
		uint64_t next_ms = pacific_midnight_ms(midnight_ms);

		assert_true(midnight_ms > t && midnight_ms - t <= PACIFIC_DAY_MAX_MS);
		assert_true(next_ms - midnight_ms >= 23 * HOUR_MS);
		assert_true(next_ms - midnight_ms <= PACIFIC_DAY_MAX_MS);
		assert_int_equal(pacific_midnight_ms(midnight_ms - 1), midnight_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_every_midnight_of_thirty_years),
		cmocka_unit_test(test_a_day_has_23_to_25_hours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
