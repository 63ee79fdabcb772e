/* SPDX-License-Identifier: MIT
 *
 * Pointers with marks in bits that addresses do not need: the upper 16, or the lower 3. Without a mask they are no pointers at all, or point to the inside.
 */
// leaks: upper | | direct=3:93 reachable=1
// leaks: upper | leak_pointer_mask=0x0000ffffffffffff | direct=1:30 reachable=3
// leaks: lower | | possible=2:63 direct=1:30 reachable=1
// leaks: lower | leak_pointer_mask=0xfffffffffffffff8 | direct=1:30 reachable=3
#include <stdint.h>

#include "tests/programs/leak.h"

static uintptr_t table[2];

int main(int argc, char **argv)
{
	uintptr_t mark = strcmp(argv[1], "upper") ? 5 : (uintptr_t)0xabcd << 48;
	static char *plain;

	plain = keep(33);
	table[0] = (uintptr_t)keep(31) | mark;
	table[1] = (uintptr_t)keep(32) | mark;
	lose(30);
	say_ok();
	return 0;
}
