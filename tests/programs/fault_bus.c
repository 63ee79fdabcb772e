/* SPDX-License-Identifier: MIT
 *
 * A file is cut while it is mapped.
 */
// signal: 7
// expect: ERROR: malloc-debug: BUS on address 0x* at pc
// expect: READ of size 1 at 0x
// expect: there is no such part of the file behind it
// expect: The process ends by SIGBUS
// expect: in main *fault_bus.c:24
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	FILE *file = tmpfile();
	volatile char *mapped;

	if (!file || ftruncate(fileno(file), 8192))
		return 1;
	mapped = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fileno(file), 0);
	return ftruncate(fileno(file), 0) || mapped[5000];
}
