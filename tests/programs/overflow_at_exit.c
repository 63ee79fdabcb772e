/* SPDX-License-Identifier: MIT
 *
 * A damaged block that is never freed: found when the program ends.
 */
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: directly after the 8-byte block
// expect: Found when the process ended
// expect: in main *overflow_at_exit.c:16
// status: 3
#include <stdlib.h>

static char *kept;

int main(void)
{
	kept = calloc(2, 4);
	kept[8] = 1;
	return 3;
}
