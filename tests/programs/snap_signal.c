/* SPDX-License-Identifier: MIT
 *
 * A program that knows nothing of the library: each signal takes a snapshot, and from the second on what rose is reported.
 */
// options: signal_snapshot=12
// expect: Compared: snapshots 1 to 2,
// expect: 1 stack has more bytes in use in the second than in the first
// expect: Growth of 5000 bytes
// expect: in remember *snap_signal.c:29
// expect: Compared: snapshots 1 to 3,
// expect: Growth of 10000 bytes
// expect: Compared: snapshots 1 to 4,
// expect: Compared: snapshots 2 to 5,
// expect: Growth of 15000 bytes
// expect: malloc-debug: no stack's memory grew steadily
// expect: Compared: snapshots 3 to 6,
// expect: SUMMARY: malloc-debug: no growth.
// output: ok
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void *kept[1000];
static int count;

static void remember(void)
{
	for (int i = 0; i < 50; i++)
		kept[count++] = malloc(100);
}

int main(void)
{
	for (int step = 0; step < 5; step++) {
		remember();
		raise(SIGUSR2);
	}
	for (int i = 0; i < 50; i++)
		free(kept[--count]);
	raise(SIGUSR2);
	puts("ok");
	return 0;
}
