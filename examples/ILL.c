/* SPDX-License-Identifier: MIT
 *
 * ILL: a case that must not happen, where the programmer told the compiler to trap, does happen.
 *
 *     malloc-debug run --crashes=ill -- build/examples/ILL
 */
// options: crashes=ill
// expect: ERROR: malloc-debug: ILL at pc
// expect: crashed in thread T0
// expect: in name_of *ILL.c:23
// signal: 4
#include <stdio.h>
#include <stdlib.h>

static const char *name_of(int color)
{
	switch (color) {
	case 0:
		return "red";
	case 1:
		return "green";
	}
	__builtin_trap();
}

int main(int count, char **arguments)
{
	(void)arguments;
	free(malloc(10));
	puts(name_of(count + 1));
	return 0;
}
