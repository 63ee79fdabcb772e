/* SPDX-License-Identifier: MIT
 *
 * For the test programs: a check that stays in release builds and says where it failed. The programs print "ok" at their end and nothing
 * that differs from run to run, so that runs with and without the library can be compared.
 */
#ifndef OK_H
#define OK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
			fflush(stdout); \
			_Exit(1); \
		} \
	} while (0)

#endif
