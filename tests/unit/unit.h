/* Shell. What every unit test includes: cmocka with the headers it wants before it. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Equal but for rounding in the last digits. */
#define assert_double_near(a, b)                                                                   \
	assert_true(fabs((double)(a) - (b)) <= 1e-9 * fmax(1.0, fabs((double)(b))))

#endif
